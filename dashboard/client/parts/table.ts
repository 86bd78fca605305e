import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { register } from '../shortcuts.ts'
import { html, type Children } from '../view.ts'
import { number } from '../words.ts'
import type { Paged } from './pages.ts'
import { Computed, Failed, useIsLate } from './tile.ts'
import { rows_max, scrolledTo, windowOf } from './window.ts'

export interface Column<Row> {
  readonly name: string
  readonly title: string
  readonly shows: (row: Row) => Children
  /** Sorts by it, in the words of the API. */
  readonly sort?: string
  readonly isNumber?: boolean
  readonly width?: string
}

interface Wishes<Row> {
  readonly title: string
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
  /** Asks for the rows, given which of them is in sight. */
  readonly paged: (inSight: number) => Paged<Row>
  readonly open?: (row: Row) => void
  readonly sort?: string
  readonly onSort?: (sort: string) => void
  readonly chosen?: ReadonlySet<string>
  readonly onChoose?: (keys: ReadonlySet<string>) => void
  readonly nameOf?: (row: Row) => string
  readonly empty: Children
}

const row_px = 34

/** A long table of which only what is in sight is rendered; walked through by keys, its place kept while rows change. */
export function Table<Row>({ title, columns, keyOf, paged, open, sort, onSort, chosen, onChoose, nameOf = keyOf, empty }: Wishes<Row>) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ scrolled: 0, height: 600 })
  const { from, to } = windowOf(view.scrolled, view.height, row_px, Number.MAX_SAFE_INTEGER)
  const { rows, hasMore, isFull, first, current } = paged(Math.floor(view.scrolled / row_px))
  const [atKey, setAtKey] = useState<string>()
  const found = rows.findIndex((row) => keyOf(row) === atKey)
  const at = found < 0 ? 0 : found
  const isLate = useIsLate(first.answer === undefined && !first.failure)

  const measure = () => {
    const element = scroller.current
    if (element) setView((before) => (before.scrolled === element.scrollTop && before.height === element.clientHeight ? before : { scrolled: element.scrollTop, height: element.clientHeight }))
  }
  useLayoutEffect(measure, [rows.length])
  useEffect(() => {
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])

  const toggle = (key: string) => onChoose?.(chosen?.has(key) ? new Set([...chosen].filter((one) => one !== key)) : new Set([...chosen ?? [], key]))
  const now = useRef({ rows, at, open, toggle, view })
  now.current = { rows, at, open, toggle, view }
  const isMoved = useRef(false)
  useEffect(() => register({
    element: () => scroller.current,
    move(by) {
      const { rows, at, view } = now.current
      const isWithin = scroller.current?.querySelector('tbody')?.contains(document.activeElement) ?? false
      const next = Math.min(Math.max(isWithin ? at + by : at, 0), rows.length - 1)
      if (!rows[next]) return
      scroller.current!.scrollTop = scrolledTo(next, view.scrolled, view.height - row_px, row_px)
      now.current.at = next
      setAtKey(keyOf(rows[next]))
      // A row far off is there only when it has been rendered.
      const row = scroller.current!.querySelector<HTMLElement>(`tr[aria-rowindex="${next + 2}"]`)
      if (row) row.focus({ preventScroll: true })
      else isMoved.current = true
    },
    open() {
      const row = now.current.rows[now.current.at]
      if (row) now.current.open?.(row)
    },
    toggle() {
      const row = now.current.rows[now.current.at]
      if (row) now.current.toggle(keyOf(row))
    },
  }), [])
  useEffect(() => {
    if (!isMoved.current) return
    const row = scroller.current?.querySelector<HTMLElement>('tr[data-current]')
    if (!row) return
    isMoved.current = false
    row.focus({ preventScroll: true })
  })

  const shown = rows.slice(from, to)
  const below = Math.max(0, rows.length - to)
  return html`<section class="tile list" aria-label=${title} aria-busy=${isLate}>
    <header><h2>${title}</h2><span class="beside">${first.answer && `${number(rows.length)}${hasMore ? '+' : ''}`}</span><${Computed} of=${current.answer ? current : first} what=${title} /></header>
    ${(first.failure ?? current.failure) && html`<${Failed} failure=${first.failure ?? current.failure} again=${first.again} />`}
    ${first.answer && rows.length === 0 ? html`<div class="empty">${empty}</div>` : html`<div class="scroller" ref=${scroller} onScroll=${measure} tabindex="0" role="region" aria-label=${`${title}, rows`}>
      <table aria-rowcount=${hasMore ? -1 : rows.length + 1}>
        <thead><tr aria-rowindex="1">${onChoose && html`<th class="choose"><span class="unseen">Chosen</span></th>`}
          ${columns.map(({ name, title, sort: by, isNumber }) => html`<th key=${name} scope="col" class=${isNumber ? 'number' : ''} aria-sort=${sortedBy(by, sort)}>
            ${by && onSort ? html`<button type="button" class="plain" onClick=${() => onSort(sort === by ? `-${by}` : by)}>${title}<span aria-hidden="true">${{ ascending: ' ↑', descending: ' ↓', none: '' }[sortedBy(by, sort)!]}</span></button>` : title}</th>`)}</tr></thead>
        <tbody>
          ${from > 0 && html`<tr key="above" aria-hidden="true" class="gap"><td style=${{ height: `${Math.min(from, rows.length) * row_px}px` }}></td></tr>`}
          ${shown.map((row, n) => {
            const key = keyOf(row)
            const isCurrent = from + n === at
            return html`<tr key=${key} aria-rowindex=${from + n + 2} data-current=${isCurrent ? '' : undefined} tabindex=${isCurrent ? 0 : -1} class=${chosen?.has(key) ? 'chosen' : ''}
              onFocusIn=${() => setAtKey(key)}>
              ${onChoose && html`<td class="choose"><input type="checkbox" tabindex="-1" checked=${chosen?.has(key)} aria-label=${`Choose ${nameOf(row)}`} onChange=${() => toggle(key)} /></td>`}
              ${columns.map(({ name, shows, isNumber, width }) => html`<td key=${name} class=${`${isNumber ? 'number' : ''} ${width ?? ''}`}>${shows(row)}</td>`)}</tr>`
          })}
          ${below > 0 && html`<tr key="below" aria-hidden="true" class="gap"><td style=${{ height: `${below * row_px}px` }}></td></tr>`}
        </tbody>
      </table>
      ${!first.answer && html`<p class="waiting">${isLate ? 'Loading…' : ' '}</p>`}
      ${isFull && html`<p class="hint">These are the first ${number(rows_max)} rows. Use a filter to see others.</p>`}
    </div>`}
  </section>`
}

const sortedBy = (by: string | undefined, sort: string | undefined): 'ascending' | 'descending' | 'none' | undefined =>
  (by === undefined ? undefined : sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : 'none')
