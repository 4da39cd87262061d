import { en, type Words } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export type { Words };

const catalogues = { en, fr, es };
export type Language = keyof typeof catalogues;
export const languages = Object.keys(catalogues) as Language[];

/** The language of a person, "fr-CA" say, or of the browser; English where it has none of ours. */
export function match(wanted: readonly (string | undefined)[]): Language {
  for (const tag of wanted) {
    const two = tag?.slice(0, 2).toLowerCase();
    if (two && two in catalogues) return two as Language;
  }
  return "en";
}

/** What is said, in the language that is chosen. */
class Speech {
  language = $state<Language>(match(typeof navigator === "undefined" ? [] : navigator.languages));
  readonly words: Words = $derived(catalogues[this.language]);
  readonly #numbers = $derived(new Intl.NumberFormat(this.language));
  readonly #days = $derived(new Intl.DateTimeFormat(this.language, { dateStyle: "medium", timeStyle: "short" }));

  number(n: number): string {
    return this.#numbers.format(n);
  }
  instant(iso: string | undefined): string {
    return iso ? this.#days.format(new Date(iso)) : this.words.meta.untold;
  }
}

export const speech = new Speech();
