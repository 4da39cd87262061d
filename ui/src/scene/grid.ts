/** Geometry of a windowed grid of equal cells. Lengths are CSS pixels; nothing here knows of a document. */

declare const px: unique symbol;
/** A length in CSS pixels. */
export type Px = number & { readonly [px]: true };
export const toPx = (n: number): Px => n as Px;

/** What a grid is laid out from. */
export interface Room {
  readonly count: number;
  readonly width: Px;
  /** The least width of a cell. */
  readonly cell: Px;
  readonly gap: Px;
  /** What a cell needs below its picture. */
  readonly caption: Px;
}

/** Where cells lie. Row r begins at r × pitch. */
export interface Grid {
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
  readonly cellWidth: Px;
  readonly cellHeight: Px;
  /** From the top of one row to the top of the next. */
  readonly pitch: Px;
  readonly height: Px;
}

/** Lays cells with pictures of 3:2 out in as many columns as fit. */
export function layOut({ count, width, cell, gap, caption }: Room): Grid {
  const columns = Math.max(1, Math.floor((width + gap) / (cell + gap)));
  const cellWidth = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  const cellHeight = Math.round((cellWidth * 2) / 3) + caption;
  const rows = Math.ceil(count / columns);
  const pitch = cellHeight + gap;
  return {
    count,
    columns,
    rows,
    cellWidth: toPx(cellWidth),
    cellHeight: toPx(cellHeight),
    pitch: toPx(pitch),
    height: toPx(Math.max(0, rows * pitch - gap)),
  };
}

/** A half-open range of cells. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The cells of the rows that a viewport touches, with some rows before and after. */
export function visible(grid: Grid, top: number, viewport: number, rowsAround = 2): Range {
  const first = Math.max(0, Math.floor(top / grid.pitch) - rowsAround);
  const last = Math.min(grid.rows, Math.ceil((top + viewport) / grid.pitch) + rowsAround);
  return { from: Math.min(first * grid.columns, grid.count), to: Math.min(Math.max(first, last) * grid.columns, grid.count) };
}

/** The upper left corner of a cell. */
export function place(grid: Grid, cell: number): { readonly x: Px; readonly y: Px } {
  const row = Math.floor(cell / grid.columns);
  const gap = grid.pitch - grid.cellHeight;
  return { x: toPx((cell - row * grid.columns) * (grid.cellWidth + gap)), y: toPx(row * grid.pitch) };
}

/** Where to scroll so that a whole cell is seen, moving no further than needed. */
export function reveal(grid: Grid, cell: number, top: number, viewport: number): number {
  const y = Math.floor(cell / grid.columns) * grid.pitch;
  if (y < top || grid.cellHeight > viewport) return y;
  return Math.max(top, y + grid.cellHeight - viewport);
}

export type Step = "left" | "right" | "up" | "down" | "home" | "end" | "pageUp" | "pageDown";

/** The cell that a key leads to; it stays inside, and keeps its column when it goes up or down as far as there is one. */
export function step(grid: Grid, from: number, by: Step, rowsPerPage = 1): number {
  const last = grid.count - 1;
  if (last < 0) return -1;
  const rows = (n: number) => {
    const to = from + n * grid.columns;
    if (to < 0) return from % grid.columns;
    if (to <= last) return to;
    const below = Math.floor(last / grid.columns) > Math.floor(from / grid.columns);
    return below ? last : from;
  };
  switch (by) {
    case "left":
      return Math.max(0, from - 1);
    case "right":
      return Math.min(last, from + 1);
    case "home":
      return 0;
    case "end":
      return last;
    case "up":
      return from < grid.columns ? from : rows(-1);
    case "down":
      return rows(1);
    case "pageUp":
      return rows(-rowsPerPage);
    case "pageDown":
      return rows(rowsPerPage);
  }
}
