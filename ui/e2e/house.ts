import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

/** A real server with the demo's hospital, and a real browser in front of it. */
export interface House {
  readonly url: string;
  /** A folder of its own, gone when it closes. */
  readonly folder: string;
  readonly browser: Browser;
  password(login: string): string;
  /** A browser of its own, as one more person would have it. `faults` fills with what the page complained about. */
  visit(size?: { width: number; height: number }): Promise<{ page: Page; context: BrowserContext; faults: string[] }>;
  close(): Promise<void>;
}

const program = path.resolve(import.meta.dirname, "../../bin/fovea");

export async function open(): Promise<House> {
  const folder = await mkdtemp(path.join(tmpdir(), "fovea-e2e-"));
  const server = spawn(program, ["serve", "--demo", "--data", path.join(folder, "data"), "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: folder,
  });
  const url = await ready(server);
  const { logins } = await demo(folder);
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  return {
    url,
    folder,
    browser,
    password(login) {
      const password = logins.get(login);
      if (!password) throw new Error(`the demo has nobody called ${login}`);
      return password;
    },
    async visit(viewport = { width: 1440, height: 900 }) {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport, locale: "en-GB", baseURL: url });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("pageerror", (e) => faults.push(e.message));
      page.on("console", (m) => {
        if (/Content Security Policy|Trusted Type/i.test(m.text())) faults.push(m.text());
      });
      page.on("request", (r) => {
        if (!r.url().startsWith(url) && !r.url().startsWith("data:")) faults.push(`asked ${new URL(r.url()).host}`);
      });
      return { page, context, faults };
    },
    async close() {
      await browser.close();
      const gone = new Promise((done) => server.once("exit", done));
      server.kill("SIGTERM");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for the line that says where the server listens. */
function ready(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    createInterface({ input: server.stdout! }).on("line", (line) => {
      const url = /^ready (https:\S+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
  });
}

async function demo(folder: string): Promise<{ logins: Map<string, string> }> {
  const written = JSON.parse(await readFile(path.join(folder, "demo.json"), "utf8")) as { people: { login: string; password: string }[] };
  return { logins: new Map(written.people.map((p) => [p.login, p.password])) };
}

/** Signs somebody in on a page and waits for their pictures. */
export async function signIn(house: House, page: Page, login: string): Promise<void> {
  await page.goto("/app/");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password").fill(house.password(login));
  await page.keyboard.press("Enter");
  await page.getByRole("listbox").waitFor();
  await cells(page).first().locator("img").waitFor();
}

/** The pictures of the grid that are on the page. */
export const cells = (page: Page) => page.getByRole("listbox").getByRole("option");
