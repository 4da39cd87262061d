/** Which pictures of a listing are selected, by their place in it. A selection is a value: each act gives a new one. */
export interface Selection {
  /** The picture that keys act on when nothing else is selected; -1 when the listing is empty. */
  readonly active: number;
  /** Where a range began. */
  readonly anchor: number;
  /** Half-open ranges, apart from each other and in order. */
  readonly ranges: readonly (readonly [number, number])[];
}

export const nothing: Selection = { active: -1, anchor: -1, ranges: [] };

/** One picture and no other. */
export const only = (at: number): Selection => ({ active: at, anchor: at, ranges: [[at, at + 1]] });

/** From where the last range began to a picture. */
export function through(s: Selection, to: number): Selection {
  const anchor = s.anchor < 0 ? to : s.anchor;
  return { active: to, anchor, ranges: [[Math.min(anchor, to), Math.max(anchor, to) + 1]] };
}

/** Adds a picture, or takes it out. */
export function toggle(s: Selection, at: number): Selection {
  if (!has(s, at)) return { active: at, anchor: at, ranges: joined([...s.ranges, [at, at + 1]]) };
  const ranges = s.ranges.flatMap(([from, to]): [number, number][] =>
    at < from || at >= to
      ? [[from, to]]
      : (
          [
            [from, at],
            [at + 1, to],
          ] as [number, number][]
        ).filter(([a, b]) => a < b),
  );
  return { active: at, anchor: at, ranges };
}

export const everything = (count: number): Selection => (count > 0 ? { active: 0, anchor: 0, ranges: [[0, count]] } : nothing);

export const has = (s: Selection, at: number): boolean => s.ranges.some(([from, to]) => at >= from && at < to);

export const size = (s: Selection): number => s.ranges.reduce((n, [from, to]) => n + to - from, 0);

/** Every selected place, in order. */
export function* places(s: Selection): Generator<number> {
  for (const [from, to] of s.ranges) for (let at = from; at < to; at++) yield at;
}

/**
 * The same pictures in a listing that has changed: `was` names what stood at a place, `now` says where a name stands
 * today. What is gone is no longer selected, and nothing that was not selected ever is.
 */
export function moved(s: Selection, was: (place: number) => string | undefined, now: (name: string) => number | undefined): Selection {
  const to = (place: number) => {
    const name = was(place);
    return name === undefined ? undefined : now(name);
  };
  const ranges = [...places(s)].flatMap((place): [number, number][] => {
    const at = to(place);
    return at === undefined ? [] : [[at, at + 1]];
  });
  const active = to(s.active) ?? ranges[0]?.[0] ?? -1;
  return { active, anchor: to(s.anchor) ?? active, ranges: joined(ranges) };
}

function joined(ranges: (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}
