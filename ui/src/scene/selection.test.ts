import fc from "fast-check";
import { expect, test } from "vitest";

import { everything, has, moved, nothing, only, places, size, through, toggle, type Selection } from "./selection";

test("a selection is what a set of places would be, whatever is done to it", () => {
  const act = fc.record({ kind: fc.constantFrom("only", "toggle", "through"), at: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      let s: Selection = nothing;
      let model = new Set<number>();
      let anchor = -1;
      for (const { kind, at } of acts) {
        if (kind === "only") [s, model, anchor] = [only(at), new Set([at]), at];
        else if (kind === "toggle") {
          s = toggle(s, at);
          if (!model.delete(at)) model.add(at);
          anchor = at;
        } else {
          s = through(s, at);
          if (anchor < 0) anchor = at;
          model = new Set(Array.from({ length: Math.abs(at - anchor) + 1 }, (_, i) => Math.min(at, anchor) + i));
        }
        expect([...places(s)]).toEqual([...model].toSorted((a, b) => a - b));
        expect(size(s)).toBe(model.size);
        expect(has(s, at)).toBe(model.has(at));
        expect(s.active).toBe(at);
      }
    }),
  );
});

test("everything is one range, however long", () => {
  expect(size(everything(100_000))).toBe(100_000);
  expect(everything(0)).toEqual(nothing);
});

test("a selection goes with its pictures when others come and go before them", () => {
  const listing = fc.uniqueArray(fc.integer({ min: 0, max: 99 }).map(String), { maxLength: 60 });
  fc.assert(
    fc.property(listing, listing, fc.array(fc.nat(59), { maxLength: 20 }), (before, after, picked) => {
      let s: Selection = nothing;
      for (const at of new Set(picked)) if (at < before.length) s = toggle(s, at);
      const names = [...places(s)].map((at) => before[at]!);
      const t = moved(
        s,
        (at) => before[at],
        (name) => (after.includes(name) ? after.indexOf(name) : undefined),
      );
      expect([...places(t)].map((at) => after[at]).toSorted()).toEqual(names.filter((n) => after.includes(n)).toSorted());
      if (s.active >= 0 && after.includes(before[s.active]!)) expect(after[t.active]).toBe(before[s.active]);
      if (size(t) === 0 && !after.includes(before[s.active] ?? "")) expect(t.active).toBe(-1);
    }),
  );
});
