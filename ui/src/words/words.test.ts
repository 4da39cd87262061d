import { expect, test } from "vitest";

import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";
import { match } from "./words.svelte";

/** Every word of a catalogue, by its path; functions are asked with samples. */
function flat(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const at = path ? `${path}.${key}` : key;
    if (typeof value === "function") return [[at, (value as (...a: unknown[]) => string)("3", "5", false)]];
    return typeof value === "string" ? [[at, value]] : flat(value as object, at);
  });
}

const same = new Set(["product", "library.loupe", "library.picture", "library.facet.studio", "meta.title", "nav.patients"]);

test.each([
  ["French", fr],
  ["Spanish", es],
])("%s says everything, and says it in its own words", (_, words) => {
  const english = new Map(flat(en));
  const theirs = flat(words);
  expect(theirs.map(([key]) => key)).toEqual([...english.keys()]);
  const copied = theirs.filter(([key, text]) => text === english.get(key) && !same.has(key) && /\p{L}{4}/u.test(text));
  expect(copied).toEqual([]);
});

test("no sentence shouts or begs", () => {
  for (const words of [en, fr, es])
    for (const [key, text] of flat(words)) expect.soft(text, key).not.toMatch(/!|please wait|veuillez patienter/i);
});

test("a person's language is met by its first two letters", () => {
  expect(match(["fr-CA", "en"])).toBe("fr");
  expect(match([undefined, "de", "es-MX"])).toBe("es");
  expect(match([])).toBe("en");
});
