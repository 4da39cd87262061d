/** A listing too long to hold at once: pages are fetched when they are seen, the newest question wins. */
export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

export type Fetch<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<Page<T>>;

export class Listing<T> {
  total = 0;
  #pages = new Map<number, readonly T[]>();
  #waiting = new Map<number, Promise<void>>();
  #ended = new AbortController();

  constructor(
    private readonly fetch: Fetch<T>,
    private readonly changed: () => void,
    readonly pageSize = 200,
    /** How many pages are held; those longest unseen go first. */
    private readonly held = 40,
  ) {}

  /** What is at a place; undefined while it is not there yet. */
  at(place: number): T | undefined {
    return this.#pages.get(Math.floor(place / this.pageSize))?.[place % this.pageSize];
  }

  /** Fetches what is missing of a half-open range. The first failure is the caller's. */
  async need(from: number, to: number): Promise<void> {
    const asked: Promise<void>[] = [];
    const first = Math.floor(from / this.pageSize);
    const last = Math.floor(Math.max(from, to - 1) / this.pageSize);
    for (let n = first; n <= last; n++) asked.push(this.#page(n));
    await Promise.all(asked);
  }

  #page(n: number): Promise<void> {
    const there = this.#pages.get(n);
    if (there) {
      this.#pages.delete(n);
      this.#pages.set(n, there); // seen last
      return Promise.resolve();
    }
    const waiting = this.#waiting.get(n);
    if (waiting) return waiting;
    const mine = this.#load(n).finally(() => this.#waiting.delete(n));
    this.#waiting.set(n, mine);
    return mine;
  }

  async #load(n: number): Promise<void> {
    const page = await this.fetch(n * this.pageSize, this.pageSize, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    this.total = page.total;
    this.#pages.set(n, page.items);
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= this.held) break;
      this.#pages.delete(old);
    }
    this.changed();
  }

  /** Every place that is held, in no order. */
  *entries(): Generator<readonly [number, T]> {
    for (const [n, items] of this.#pages) for (const [i, item] of items.entries()) yield [n * this.pageSize + i, item];
  }

  /** Puts another value in a place that is held, such as a picture that was described anew. */
  replace(same: (item: T) => boolean, by: (item: T) => T): void {
    for (const [n, items] of this.#pages) {
      if (!items.some(same)) continue;
      this.#pages.set(
        n,
        items.map((i) => (same(i) ? by(i) : i)),
      );
    }
    this.changed();
  }

  /** No answer that is still under way counts any more. */
  end(): void {
    this.#ended.abort();
  }
}
