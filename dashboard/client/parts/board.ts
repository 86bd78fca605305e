import { useState } from 'preact/hooks'
import { begin, isOffered } from '../deeds.ts'
import { pathWith } from '../http.ts'
import { hrefOf } from '../places.ts'
import { useQuery, type Page } from '../queries.ts'
import { moveTo, statuses, type TaskRow } from '../tasks.ts'
import { html } from '../view.ts'
import { number, spaced } from '../words.ts'
import { Badge } from './badge.ts'
import { Orchestrator } from './name.ts'
import { Tile } from './tile.ts'
import { Ago } from './time.ts'

type Wanted = Readonly<Record<string, string | readonly string[]>>
const cards_max = 50

/** Tasks by status. A card is moved by dragging it or by its menu; where only work leads, it cannot be put. */
export function Board({ wanted }: { readonly wanted: Wanted }) {
  const chosen = wanted['status'] as readonly string[] | undefined
  const [dragged, setDragged] = useState<TaskRow>()
  return html`<div class="board">${statuses.filter((status) => chosen?.includes(status) ?? status !== 'CANCELLED').map((status) => html`<${Column} key=${status} status=${status} wanted=${wanted} dragged=${dragged} setDragged=${setDragged} />`)}</div>`
}

interface ColumnWish { readonly status: TaskRow['status']; readonly wanted: Wanted; readonly dragged: TaskRow | undefined; readonly setDragged: (task: TaskRow | undefined) => void }

function Column({ status, wanted, dragged, setDragged }: ColumnWish) {
  const isOver = status === 'DONE' || status === 'CANCELLED'
  const query = useQuery<Page<TaskRow>>(pathWith('/tasks', { ...wanted, status, sort: isOver ? '-updated_at' : 'rank', limit: String(cards_max) }))
  const deed = dragged && dragged.status !== status ? moveTo(dragged, status) : undefined
  const isOpen = deed !== undefined && isOffered(deed)
  return html`<div class="lane ${isOpen ? 'takes' : ''}" onDragOver=${(event: DragEvent) => { if (isOpen) event.preventDefault() }}
      onDrop=${(event: DragEvent) => { event.preventDefault(); if (deed && isOpen) begin(deed); setDragged(undefined) }}>
    <${Tile} title=${spaced(status)} of=${query} isEmpty=${({ items }: Page<TaskRow>) => items.length === 0} empty=${html`<p>None.</p>`}
      actions=${query.answer && html`<span class="beside">${number(query.answer.items.length)}${query.answer.next ? '+' : ''}</span>`}>
      ${({ items, next }: Page<TaskRow>) => html`<ul class="lane-cards">${items.map((task) => html`<${Card} key=${task.task} task=${task} setDragged=${setDragged} />`)}</ul>
        ${next && html`<p class="hint">The first ${cards_max}. The table has all.</p>`}`}<//>
  </div>`
}

function Card({ task, setDragged }: { readonly task: TaskRow; readonly setDragged: ColumnWish['setDragged'] }) {
  const { task: id, title, priority, owner, status, block_reason, block_kind, progress, updated_at } = task
  const moves = statuses.flatMap((to) => {
    const deed = to === status ? undefined : moveTo(task, to)
    return deed && isOffered(deed) ? [{ to, deed }] : []
  })
  return html`<li draggable=${moves.length > 0} onDragStart=${() => setDragged(task)} onDragEnd=${() => setDragged(undefined)}>
    <a href=${hrefOf(`/tasks/${id}`)}>${title}</a>
    <p class="beside"><${Badge} word=${priority} /> <${Orchestrator} id=${owner} />, ${status === 'IN_PROGRESS' ? `${progress} %` : html`<${Ago} at=${updated_at} />`}</p>
    ${block_kind && html`<p class="detail">${block_kind}${block_reason ? `: ${block_reason}` : ''}</p>`}
    ${moves.length > 0 && html`<label><span class="unseen">Move ${title}</span><select value="" onChange=${(event: Event) => {
      const select = event.target as HTMLSelectElement
      const move = moves.find(({ to }) => to === select.value)
      select.value = ''
      if (move) begin(move.deed)
    }}><option value="">Move…</option>${moves.map(({ to, deed }) => html`<option key=${to} value=${to}>${spaced(to)}: ${deed.label.toLowerCase()}</option>`)}</select></label>`}
  </li>`
}
