import { api, Refusal, type Asset, type Describe } from "../../api/client";
import { person } from "../../person.svelte";
import { Listing } from "../../scene/listing";
import { has, moved, nothing, only, places, size, type Selection } from "../../scene/selection";
import { History } from "../../scene/undo";

/** The facets that are offered, in the order in which they are shown. */
export const facetNames = ["specialty", "view", "keyword", "year"] as const;
export type FacetName = (typeof facetNames)[number];
export type Order = "newest" | "oldest" | "relevance";
export interface Bin {
  readonly value: string;
  readonly count: number;
}

/** What to write into entries of the catalogue. */
export interface Rewrite {
  /** Whether this person writes for the first time: the listing says which revision they looked at. */
  readonly first: boolean;
  readonly entries: readonly { readonly id: string; readonly rev: number; readonly to: Describe }[];
}

/** A selection that spans more than this many places is not followed through a change of the listing: it is let go. */
const tooMany = 4000;

/** How many pictures are described at once, so that nobody else waits for it. */
const atOnce = 4;

const describe = (a: Asset): Describe => ({
  ...(a.caption !== undefined && { caption: a.caption }),
  ...(a.keywords && { keywords: a.keywords }),
  ...(a.lesion !== undefined && { lesion: a.lesion }),
  ...(a.view && { view: a.view }),
});

/** What is looked at in the library: a question, its answer as far as it was seen, and what is selected in it. */
export class Library {
  text = $state("");
  order = $state<Order>("newest");
  terms = $state<Partial<Record<FacetName, readonly string[]>>>({});
  #selection = $state.raw<Selection>(nothing);
  /** Counts what the person selected; the same pictures elsewhere in the listing are no new selection. */
  picked = $state(0);
  facets = $state.raw<Partial<Record<FacetName, readonly Bin[]>>>({});
  total = $state(0);
  /** Whether the first answer is there. */
  ready = $state(false);
  failure = $state.raw<unknown>();
  /** Counts answers; whoever reads pictures from the listing depends on it. */
  seen = $state(0);
  written = $state<{ done: number; of: number }>();
  /** How many of the last act's pictures somebody else had changed meanwhile: their words were kept. */
  conflicts = $state(0);

  #listing: Listing<Asset> = this.#ask().listing;
  /** The answer that is under way; the one before is shown until it is there. */
  #next: Listing<Asset> | undefined;
  #shown = { from: 0, to: 1 };
  /** The selected pictures as they were when the person began to write. */
  #held: readonly Asset[] | undefined;
  /** The revision that this person's own last write left behind. Only that may be written over to take it back. */
  readonly #wrote = new Map<string, number>();
  readonly history = new History<Rewrite>((delta) => this.#write(delta));

  at(place: number): Asset | undefined {
    void this.seen;
    return this.#listing.at(place);
  }

  get selection(): Selection {
    return this.#selection;
  }
  set selection(s: Selection) {
    this.#selection = s;
    this.#held = undefined;
    this.picked++;
  }

  get active(): Asset | undefined {
    return this.at(this.selection.active);
  }

  /** The selected pictures that are there already. */
  get selected(): Asset[] {
    return [...places(this.selection)].slice(0, 2000).flatMap((p) => this.at(p) ?? []);
  }

  get narrowed(): boolean {
    return this.text !== "" || Object.values(this.terms).some((t) => t.length > 0);
  }

  need(from: number, to: number): void {
    this.#shown = { from, to };
    this.#listing.need(from, to).catch((e: unknown) => this.#fails(e));
  }

  /**
   * Asks anew. What was there is shown until the answer is, and with `keep` the same pictures stay selected, wherever
   * they stand now.
   */
  ask(keep = false): void {
    this.#next?.end();
    const { listing, facets } = this.#ask();
    this.#next = listing;
    const { from, to } = keep ? this.#shown : { from: 0, to: 1 };
    const far = keep && this.#selection.ranges.length > 0 ? this.#selection.ranges.at(-1)![1] : 0;
    const near = keep ? (this.#selection.ranges[0]?.[0] ?? 0) : 0;
    Promise.all([listing.need(0, 1), listing.need(from, to), ...(far - near < tooMany ? [listing.need(near, far)] : [])]).then(
      () => {
        if (listing !== this.#next) return;
        const was = this.#listing;
        const now = new Map([...listing.entries()].map(([place, a]) => [a.id, place]));
        if (keep) {
          this.#selection = moved(
            this.#selection,
            (place) => was.at(place)?.id,
            (id) => now.get(id),
          );
        }
        was.end();
        this.#listing = listing;
        this.#next = undefined;
        this.facets = facets();
        this.total = listing.total;
        this.ready = true;
        this.failure = undefined;
        this.seen++;
        if (!keep || (this.#selection.active < 0 && this.total > 0)) this.selection = this.total > 0 ? only(0) : nothing;
      },
      (e: unknown) => listing === this.#next && this.#fails(e),
    );
  }

  /** The person begins to write: what others write from now on is theirs, and is not written over. */
  hold(): void {
    this.#held ??= this.#chosen(this.#listing);
  }

  narrow(name: FacetName, value: string): void {
    const had = this.terms[name] ?? [];
    this.terms = { ...this.terms, [name]: had.includes(value) ? had.filter((v) => v !== value) : [...had, value] };
    this.ask();
  }

  widen(): void {
    this.text = "";
    this.terms = {};
    this.ask();
  }

  /** Writes fields to every selected picture, as one act that can be taken back. */
  async describe(fill: (was: Describe) => Describe, label: string): Promise<void> {
    const listing = this.#listing;
    const { ranges } = this.#selection;
    if (!this.#held) await listing.need(ranges[0]?.[0] ?? 0, ranges.at(-1)?.[1] ?? 0);
    const before = this.#held ?? this.#chosen(listing);
    if (!before) throw new Error("a selected picture is not there");
    this.#held = undefined;
    await this.history.do({
      label,
      delta: { first: true, entries: before.map((a) => ({ id: a.id, rev: a.rev, to: fill(describe(a)) })) },
      inverse: { first: false, entries: before.map((a) => ({ id: a.id, rev: a.rev, to: describe(a) })) },
    });
  }

  isSelected(place: number): boolean {
    return has(this.selection, place);
  }

  /** The selected pictures; undefined while one of them is not there. */
  #chosen(listing: Listing<Asset>): readonly Asset[] | undefined {
    const all = [...places(this.#selection)].flatMap((p) => listing.at(p) ?? []);
    return all.length === size(this.#selection) ? all : undefined;
  }

  #ask(): { listing: Listing<Asset>; facets: () => Library["facets"] } {
    const { text, order, terms } = this;
    let facets: Library["facets"] = {};
    const listing: Listing<Asset> = new Listing<Asset>(
      async (offset, limit, signal) => {
        const { data } = await api.POST("/api/v1/search", {
          params: {
            query: {
              cursor: String(offset),
              limit,
              ...(offset === 0 && { facets: [...facetNames] }),
              ...(order !== "relevance" && { sort: order }),
              ...(terms.keyword && { keyword: [...terms.keyword] }),
              ...(terms.view && { view: [...terms.view] }),
              ...(terms.specialty && { specialty: [...terms.specialty] }),
              ...(terms.year && { year: [...terms.year] }),
            },
          },
          body: { q: text },
          signal,
        });
        if (offset === 0) facets = (data?.facets ?? {}) as Library["facets"];
        return { total: data?.total ?? 0, items: data?.items ?? [] };
      },
      () => {
        if (listing !== this.#listing) return;
        this.total = listing.total;
        this.seen++;
      },
    );
    return { listing, facets: () => facets };
  }

  async #write({ first, entries }: Rewrite): Promise<void> {
    this.conflicts = 0;
    this.written = { done: 0, of: entries.length };
    const left = [...entries];
    const worker = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const rev = first ? next.rev : this.#wrote.get(next.id);
        if (rev !== undefined) await this.#writeOne(next.id, rev, next.to);
        this.written = { done: (this.written?.done ?? 0) + 1, of: entries.length };
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(atOnce, entries.length) }, worker));
    } finally {
      this.written = undefined;
    }
  }

  async #writeOne(id: string, rev: number, to: Describe): Promise<void> {
    const path = { id };
    this.#wrote.delete(id);
    let kept = false;
    try {
      await api.PATCH("/api/v1/assets/{id}", { params: { path, header: { "If-Match": `"${rev}"` } }, body: to });
    } catch (e) {
      if (!(e instanceof Refusal && e.code === "changed-meanwhile")) throw e;
      this.conflicts++;
      kept = true;
    }
    const { data: after } = await api.GET("/api/v1/assets/{id}", { params: { path } });
    if (!after) return;
    if (!kept) this.#wrote.set(id, after.rev);
    this.#listing.replace(
      (a) => a.id === id,
      () => after,
    );
  }

  #fails(e: unknown): void {
    if (e instanceof DOMException && e.name === "AbortError") return;
    try {
      person.failed(e);
    } catch (other) {
      this.failure = other;
    }
  }
}
