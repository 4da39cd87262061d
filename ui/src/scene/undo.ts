/** Undo by deltas: each act is kept as what does it and what takes it back. */
export interface Act<T> {
  /** What it is called, in the person's language. */
  readonly label: string;
  readonly delta: T;
  readonly inverse: T;
}

/** A bounded history. `apply` carries a delta out; when it fails nothing is kept and the failure is the caller's. */
export class History<T> {
  #done: Act<T>[] = [];
  #undone: Act<T>[] = [];
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly apply: (delta: T) => Promise<void>,
    private readonly limit = 200,
  ) {}

  get undoable(): Act<T> | undefined {
    return this.#done.at(-1);
  }
  get redoable(): Act<T> | undefined {
    return this.#undone.at(-1);
  }

  do(act: Act<T>): Promise<void> {
    return this.#inTurn(async () => {
      await this.apply(act.delta);
      this.#done.push(act);
      this.#done.splice(0, this.#done.length - this.limit);
      this.#undone = [];
    });
  }

  /** Takes the last act back and says which it was; undefined when there is none. */
  undo(): Promise<Act<T> | undefined> {
    return this.#inTurn(async () => {
      const act = this.#done.at(-1);
      if (!act) return undefined;
      await this.apply(act.inverse);
      this.#undone.push(this.#done.pop()!);
      return act;
    });
  }

  redo(): Promise<Act<T> | undefined> {
    return this.#inTurn(async () => {
      const act = this.#undone.at(-1);
      if (!act) return undefined;
      await this.apply(act.delta);
      this.#done.push(this.#undone.pop()!);
      return act;
    });
  }

  /** One at a time, in the order in which they were asked for. */
  #inTurn<R>(run: () => Promise<R>): Promise<R> {
    const mine = this.#tail.then(run, run);
    this.#tail = mine.catch(() => undefined);
    return mine;
  }
}
