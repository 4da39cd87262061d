import { expect, test } from "vitest";

import { Listing } from "./listing";

function shelf(total: number) {
  const asked: number[] = [];
  const listing = new Listing<number>(
    async (offset, limit) => {
      asked.push(offset);
      await Promise.resolve();
      return { total, items: Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, i) => offset + i) };
    },
    () => undefined,
    10,
    3,
  );
  return { listing, asked };
}

test("only the pages that are seen are fetched, each once", async () => {
  const { listing, asked } = shelf(1000);
  await Promise.all([listing.need(0, 25), listing.need(5, 15)]);
  expect(asked.toSorted((a, b) => a - b)).toEqual([0, 10, 20]);
  expect(listing.total).toBe(1000);
  expect(listing.at(24)).toBe(24);
  expect(listing.at(30)).toBeUndefined();
});

test("the pages longest unseen go first", async () => {
  const { listing, asked } = shelf(1000);
  await listing.need(0, 30);
  await listing.need(0, 10); // seen again
  await listing.need(30, 40);
  expect(listing.at(0)).toBe(0);
  expect(listing.at(10)).toBeUndefined();
  await listing.need(10, 20);
  expect(asked.filter((o) => o === 10)).toHaveLength(2);
});

test("an answer to a question that ended counts no more", async () => {
  let answer: (() => void) | undefined;
  let changes = 0;
  const listing = new Listing<number>(
    () => new Promise((done) => (answer = () => done({ total: 1, items: [7] }))),
    () => changes++,
  );
  const asked = listing.need(0, 1);
  listing.end();
  answer?.();
  await asked;
  expect(changes).toBe(0);
  expect(listing.at(0)).toBeUndefined();
});

test("a failure is told, and the page may be asked for again", async () => {
  let broken = true;
  const listing = new Listing<number>(
    async () => {
      if (broken) throw new Error("no");
      return { total: 1, items: [7] };
    },
    () => undefined,
  );
  await expect(listing.need(0, 1)).rejects.toThrow("no");
  broken = false;
  await listing.need(0, 1);
  expect(listing.at(0)).toBe(7);
});
