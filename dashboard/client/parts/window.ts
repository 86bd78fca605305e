/** Rows of a long list that are rendered: those in sight and some around, so that a step of the wheel finds them there. */
export interface Window { readonly from: number; readonly to: number }

const around = 12

export function windowOf(scrolled_px: number, height_px: number, row_px: number, count: number): Window {
  const first = Math.floor(Math.max(0, scrolled_px) / row_px)
  const from = Math.max(0, Math.min(first, count - 1) - around)
  return { from, to: Math.min(count, first + Math.ceil(height_px / row_px) + around) }
}

/** Where a list must be scrolled to, to have a row in sight that need not be. */
export function scrolledTo(row: number, scrolled_px: number, height_px: number, row_px: number): number {
  if (row * row_px < scrolled_px) return row * row_px
  return Math.max(scrolled_px, (row + 1) * row_px - height_px)
}

export const rows_max = 10_000
export const page_rows = 200

export interface Loaded<Row> { readonly items: readonly Row[]; readonly next: string | null; readonly position: string }

/** Pages in their order after one of them came anew; those behind it stay as long as they begin where it ends. */
export function withPage<Row>(pages: readonly Loaded<Row>[], n: number, page: Loaded<Row>): readonly Loaded<Row>[] {
  const before = pages[n]
  if (before === page) return pages
  const behind = before && before.next === page.next ? pages.slice(n + 1) : []
  return [...pages.slice(0, n), page, ...behind]
}

/** All rows, each once: while pages are of different moments one may stand on two of them. */
export function rowsIn<Row>(pages: readonly Loaded<Row>[], keyOf: (row: Row) => string): readonly Row[] {
  return [...new Map(pages.flatMap(({ items }) => items).map((row) => [keyOf(row), row])).values()]
}
