import { useEffect, useState } from 'preact/hooks'
import { pathWith } from '../http.ts'
import { useQuery, type Page } from '../queries.ts'
import { html } from '../view.ts'
import { sentence } from '../words.ts'
import { Actor } from './name.ts'
import { Tile } from './tile.ts'
import { At } from './time.ts'

export interface Happened {
  readonly stream: string
  readonly revision: number
  readonly log_position: string
  readonly type: string
  readonly at: string
  readonly by_kind: string
  readonly by_id: string
  readonly imported: boolean
  readonly summary: string
}

const pages_max = 10

/** Everything that happened to a thing: page by page to its end, which facts move on. */
export function useTimeline(stream: string) {
  const [before, setBefore] = useState<{ readonly items: readonly Happened[]; readonly next: string | null }>({ items: [], next: null })
  const path = pathWith('/timeline', { stream, limit: '200', ...(before.next ? { cursor: before.next } : {}) })
  const last = useQuery<Page<Happened>>(path)
  const isCut = before.items.length >= pages_max * 200
  useEffect(() => {
    // What is full stays as it is: facts are only ever added behind.
    if (last.answer?.next && !isCut) setBefore({ items: [...before.items, ...last.answer.items], next: last.answer.next })
  }, [last.answer?.next])
  const items = [...before.items, ...last.answer?.items ?? []]
  return { items, last, revision: items.at(-1)?.revision, isCut: isCut && Boolean(last.answer?.next) }
}

/** Of a summary what a reader would not see elsewhere: ids of who owns it say nothing. */
const shown = (summary: string) => summary.split(', ').filter((part) => !/^(owner|slot|agentSlot|work|token|slaGiven|concerns): /.test(part)).join(', ')
  .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}([0-9a-f]{8})\b/g, '…$1')

export function Timeline({ of, title = 'What happened' }: { readonly of: ReturnType<typeof useTimeline>; readonly title?: string }) {
  const { items, last, isCut } = of
  const [isWhole, setWhole] = useState(false)
  const some = isWhole ? items : items.slice(-30)
  return html`<${Tile} title=${title} of=${last} isEmpty=${() => items.length === 0} empty=${html`<p>Nothing yet.</p>`}>
    <ol class="timeline">${some.toReversed().map(({ revision, type, at, by_kind, by_id, summary, imported, log_position }) => html`<li key=${revision}>
      <${At} at=${at} /><span class="what"><strong>${sentence(type)}</strong> by <${Actor} kind=${by_kind} id=${by_id} />${imported && html` <span class="beside">imported</span>`}
        <span class="detail">${shown(summary)}</span></span>
      <span class="id" title=${`log position ${log_position}`}>${revision}</span></li>`)}</ol>
    ${!isWhole && items.length > some.length && html`<button type="button" onClick=${() => setWhole(true)}>Show the ${items.length - some.length} before these</button>`}
    ${isCut && html`<p class="hint">There is more than these. <code>GET /api/v1/timeline</code> has all.</p>`}<//>`
}
