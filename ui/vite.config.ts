import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The server sends no inline script or style and allows none: assets are files, however small.
export default defineConfig({
  base: "/app/",
  plugins: [svelte()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: {
    fs: { allow: [".."] }, // the tokens are those of the pages
    proxy: { "/api": { target: "https://127.0.0.1:8443", secure: false }, "/img": { target: "https://127.0.0.1:8443", secure: false } },
  },
  test: {
    projects: [
      { extends: true, test: { name: "scene", include: ["src/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          environment: "node",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
