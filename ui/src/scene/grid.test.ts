import fc from "fast-check";
import { expect, test } from "vitest";

import { layOut, place, reveal, step, toPx, visible, type Step } from "./grid";

const rooms = fc
  .record({
    count: fc.integer({ min: 0, max: 100_000 }),
    width: fc.integer({ min: 0, max: 4000 }),
    cell: fc.integer({ min: 40, max: 400 }),
    gap: fc.integer({ min: 0, max: 40 }),
  })
  .map((r) => layOut({ count: r.count, width: toPx(r.width), cell: toPx(r.cell), gap: toPx(r.gap), caption: toPx(48) }));

test("every cell lies inside the room, apart from all others", () => {
  fc.assert(
    fc.property(rooms, fc.nat(), (grid, seed) => {
      if (grid.count < 2) return;
      const a = seed % grid.count;
      const b = (a + 1) % grid.count;
      const [p, q] = [place(grid, a), place(grid, b)];
      expect(p.y + grid.cellHeight).toBeLessThanOrEqual(grid.height);
      const apart = Math.abs(p.x - q.x) >= grid.cellWidth || Math.abs(p.y - q.y) >= grid.cellHeight;
      expect(apart).toBe(true);
    }),
  );
});

test("what is visible covers the viewport and little more", () => {
  fc.assert(
    fc.property(rooms, fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 1, max: 2000 }), (grid, top, viewport) => {
      const seen = visible(grid, top, viewport, 2);
      expect(seen.to - seen.from).toBeLessThanOrEqual((Math.ceil(viewport / grid.pitch) + 6) * grid.columns);
      for (let at = 0; at < Math.min(grid.count, 5000); at++) {
        const { y } = place(grid, at);
        if (y < top + viewport && y + grid.cellHeight > top) expect(at >= seen.from && at < seen.to).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test("steps stay inside, and one way is undone by the other where there is room", () => {
  const steps: Step[] = ["left", "right", "up", "down", "home", "end", "pageUp", "pageDown"];
  fc.assert(
    fc.property(rooms, fc.nat(), fc.constantFrom(...steps), (grid, seed, by) => {
      if (grid.count === 0) {
        expect(step(grid, 0, by)).toBe(-1);
        return;
      }
      const from = seed % grid.count;
      const to = step(grid, from, by, 3);
      expect(to).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThan(grid.count);
      if (by === "down" && to === from + grid.columns) expect(step(grid, to, "up")).toBe(from);
      if (by === "right" && to !== from) expect(step(grid, to, "left")).toBe(from);
    }),
  );
});

test("a cell is brought into sight whole, and nothing moves when it is", () => {
  fc.assert(
    fc.property(rooms, fc.nat(), fc.integer({ min: 0, max: 500_000 }), fc.integer({ min: 400, max: 2000 }), (grid, seed, top, viewport) => {
      if (grid.count === 0 || grid.cellHeight > viewport) return;
      const at = seed % grid.count;
      const to = reveal(grid, at, top, viewport);
      const { y } = place(grid, at);
      expect(y).toBeGreaterThanOrEqual(to);
      expect(y + grid.cellHeight).toBeLessThanOrEqual(to + viewport);
      expect(reveal(grid, at, to, viewport)).toBe(to);
    }),
  );
});
