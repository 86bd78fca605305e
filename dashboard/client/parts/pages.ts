import { useRef } from 'preact/hooks'
import { pathWith } from '../http.ts'
import { useQuery, type Page, type Shown } from '../queries.ts'
import { page_rows, rows_max, rowsIn, withPage, type Loaded } from './window.ts'

export interface Paged<Row> {
  readonly rows: readonly Row[]
  /** Whether there are more than are here, and whether they may still come. */
  readonly hasMore: boolean
  readonly isFull: boolean
  readonly first: Shown<Page<Row>>
  readonly current: Shown<Page<Row>>
}

/**
 * A list page by page, by its cursors. Only the page in sight, and the next one when it is near, are kept level with the log: others are
 * as they were, and asked again when they come into sight.
 */
export function usePages<Row>(path: string | undefined, keyOf: (row: Row) => string, inSight: number): Paged<Row> {
  const kept = useRef<{ path: string | undefined; pages: readonly Loaded<Row>[]; rows: readonly Row[] }>({ path: undefined, pages: [], rows: [] })
  if (kept.current.path !== path) kept.current = { path, pages: [], rows: [] }
  const { pages } = kept.current
  const pathOf = (n: number): string | undefined => {
    if (path === undefined || n * page_rows >= rows_max) return undefined
    const whole = pathWith(path, { limit: String(page_rows) })
    if (n === 0) return whole
    const cursor = kept.current.pages[n - 1]?.next
    return cursor ? pathWith(whole, { cursor }) : undefined
  }
  const at = Math.min(Math.floor(inSight / page_rows), pages.length)
  const current = useQuery<Page<Row>>(pathOf(at))
  const isNearEnd = inSight % page_rows > page_rows / 2 || at < pages.length - 1
  const next = useQuery<Page<Row>>(isNearEnd && current.answer?.next ? pathOf(at + 1) : undefined)
  const first = useQuery<Page<Row>>(pathOf(0))
  let now = pages
  for (const [n, { answer }] of [[0, first], [at, current], [at + 1, next]] as const) if (answer && n <= now.length) now = withPage(now, n, answer)
  if (now !== pages) kept.current = { path, pages: now, rows: rowsIn(now, keyOf) }
  const { rows } = kept.current
  const hasMore = Boolean(now.at(-1)?.next)
  return { rows, hasMore, isFull: hasMore && rows.length >= rows_max, first, current }
}
