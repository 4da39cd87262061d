import fc from "fast-check";
import { expect, test } from "vitest";

import { History } from "./undo";

type Delta = { readonly key: string; readonly value: number | undefined };

function board() {
  const now = new Map<string, number>();
  const history = new History<Delta>(async ({ key, value }) => {
    if (value === undefined) now.delete(key);
    else now.set(key, value);
  });
  const set = (key: string, value: number) => history.do({ label: key, delta: { key, value }, inverse: { key, value: now.get(key) } });
  return { now, history, set };
}

const acts = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), value: fc.nat(9) }), { maxLength: 30 });

test("undo after do is where one was, and redo after undo too", async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (all) => {
      const { now, history, set } = board();
      const before: [string, number][][] = [];
      for (const { key, value } of all) {
        before.push([...now].toSorted());
        await set(key, value);
      }
      const end = [...now].toSorted();
      for (const was of before.toReversed()) {
        await history.undo();
        expect([...now].toSorted()).toEqual(was);
      }
      expect(await history.undo()).toBeUndefined();
      while (await history.redo());
      expect([...now].toSorted()).toEqual(end);
    }),
  );
});

test("what failed is not kept, and the next act is not held up by it", async () => {
  let broken = true;
  const done: number[] = [];
  const history = new History<number>(async (n) => {
    if (broken) throw new Error("no");
    done.push(n);
  });
  await expect(history.do({ label: "one", delta: 1, inverse: -1 })).rejects.toThrow("no");
  expect(history.undoable).toBeUndefined();
  broken = false;
  await history.do({ label: "two", delta: 2, inverse: -2 });
  expect(history.undoable?.label).toBe("two");
  expect(done).toEqual([2]);
});

test("acts are carried out one after the other, and only so many are kept", async () => {
  let running = 0;
  const history = new History<number>(async () => {
    expect(++running).toBe(1);
    await Promise.resolve();
    running--;
  }, 3);
  await Promise.all(Array.from({ length: 10 }, (_, i) => history.do({ label: String(i), delta: i, inverse: -i })));
  const back = [];
  for (let act = await history.undo(); act; act = await history.undo()) back.push(act.label);
  expect(back).toEqual(["9", "8", "7"]);
});
