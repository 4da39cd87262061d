/** Pictures on their way to the loupe: decoded ahead, in memory only, the few that were wanted last. */
const held = 9;

export class Pictures {
  readonly #ready = new Map<string, Promise<HTMLImageElement>>();

  /** The decoded picture at an address. The same element is given again, so that it is not fetched twice. */
  get(src: string): Promise<HTMLImageElement> {
    const there = this.#ready.get(src);
    if (there) {
      this.#ready.delete(src);
      this.#ready.set(src, there);
      return there;
    }
    const picture = new Image();
    picture.src = src;
    picture.draggable = false;
    const ready = picture.decode().then(() => picture);
    ready.catch(() => this.#ready.delete(src));
    this.#ready.set(src, ready);
    for (const old of this.#ready.keys()) {
      if (this.#ready.size <= held) break;
      this.#ready.delete(old);
    }
    return ready;
  }

  clear(): void {
    this.#ready.clear();
  }
}
