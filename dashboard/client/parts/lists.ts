import type { Deed } from '../deeds.ts'
import { filtered, type Filter } from '../filtered.ts'
import { pathWith } from '../http.ts'
import { go, hrefOf, say, usePlace } from '../places.ts'
import { html, type Children } from '../view.ts'
import { Do } from './deed.ts'
import { Filters } from './filters.ts'
import { usePages } from './pages.ts'
import { Table, type Column } from './table.ts'

/** A list of the API as a part of a page: what its rows show, by what they are asked for, where one leads. */
export interface Listed {
  readonly word: string
  readonly title: string
  readonly path: string
  /** Said unless somebody says otherwise. */
  readonly usual?: Readonly<Record<string, string | readonly string[]>>
  readonly filters: readonly Filter[]
  readonly columns: readonly Column<any>[]
  readonly keyOf: (row: any) => string
  readonly nameOf?: (row: any) => string
  readonly open?: (row: any) => string | undefined
  readonly empty: Children
}

/** Several lists of which one is shown; which, and how it is filtered and sorted, stands in the address. */
export function Lists({ title, at, lists, deeds = [], children }: { title: string; at: string; lists: readonly Listed[]; deeds?: readonly Deed[]; children?: Children }) {
  const { words } = usePlace()
  const list = lists.find(({ word }) => word === words.get('of')) ?? lists[0]!
  return html`<div class="head"><h1 tabindex="-1">${title}</h1>
      ${lists.length > 1 && html`<div class="buttons" role="group" aria-label="Shown">${lists.map(({ word, title }) => html`<button key=${word} type="button" aria-pressed=${word === list.word}
        onClick=${() => go(hrefOf(at, word === lists[0]!.word ? '' : `of=${word}`))}>${title}</button>`)}</div>`}
      <div class="deeds buttons">${deeds.map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="primary" />`)}</div></div>
    ${children}
    <${Rows} key=${list.word} list=${list} />`
}

function Rows({ list }: { readonly list: Listed }) {
  const { path: at, filters, usual = {}, columns, keyOf, nameOf, open, title, empty } = list
  const { words } = usePlace()
  const wanted = filtered(words, filters)
  const sort = words.get('sort') ?? undefined
  const path = pathWith(at, { ...usual, ...wanted, sort })
  return html`<${Filters} filters=${filters} />
    <${Table} key=${path} title=${title} columns=${columns} keyOf=${keyOf} nameOf=${nameOf} paged=${(inSight: number) => usePages(path, keyOf, inSight)} sort=${sort} onSort=${(by: string) => say('sort', by)}
      open=${(row: unknown) => {
        const href = open?.(row)
        if (href) go(hrefOf(href))
      }} empty=${Object.keys(wanted).length > 0 ? html`<p>Nothing is like this. Fewer filters show more.</p>` : empty} />`
}
