import { lastDays } from '../days.ts'
import { clock, useHeld } from '../held.ts'
import { pathWith } from '../http.ts'
import { chainsOf, matrixOf, outcomes, type Move, type Outcome, type PairDay } from '../moves.ts'
import { hrefOf, say, usePlace } from '../places.ts'
import { useQuery, useWhole, type Page } from '../queries.ts'
import { html } from '../view.ts'
import { number, plural, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Orchestrator, TaskTitle } from '../parts/name.ts'
import { Tile } from '../parts/tile.ts'
import { Ago } from '../parts/time.ts'

const spans = { 7: '7 days', 30: '30 days', 365: 'a year' } as const
const pages_max = 20

export default function Delegations() {
  const { words } = usePlace()
  const span = Number(words.get('days') ?? 30)
  const outcome = outcomes.find((one) => one === words.get('outcome')) ?? 'all'
  const today = useHeld(clock)
  const from = lastDays(span, today)[0]!
  return html`<div class="head"><h1 tabindex="-1">Delegations</h1>
      <div class="buttons" role="group" aria-label="How far back">${Object.entries(spans).map(([days, title]) => html`<button key=${days} type="button" aria-pressed=${Number(days) === span} onClick=${() => say('days', days)}>${title}</button>`)}</div>
      <label class="deeds">Outcome <select onChange=${(event: Event) => say('outcome', (event.target as HTMLSelectElement).value)}>${outcomes.map((one) => html`<option key=${one} value=${one} selected=${one === outcome}>${spaced(one)}</option>`)}</select></label></div>
    <div class="stack"><${Pairs} from=${from} outcome=${outcome} />
      <div class="pair"><${Open} /><${Back} /></div>
      <${Moves} from=${words.get('from')} to=${words.get('to')} /></div>`
}

function Pairs({ from, outcome }: { readonly from: string; readonly outcome: Outcome }) {
  const { items, first, isCut } = useWhole<PairDay>(`/delegation-pairs-daily?dayFrom=${from}&limit=200`, pages_max)
  const matrix = matrixOf(items, outcome)
  return html`<${Tile} title="Who hands work to whom" of=${first} isEmpty=${() => items.length === 0} empty=${html`<p>Nobody handed anything to anybody in this time. <code>POST /api/v1/tasks/:id/delegate</code> {to}</p>`}
    actions=${html`<span class="beside">${plural(matrix.total, 'move')}</span>`}>
    <div class="matrix" tabindex="0" role="region" aria-label="Who hands work to whom, table"><table><thead><tr><th scope="col">from ↓ to →</th>${matrix.who.map((to) => html`<th key=${to} scope="col"><${Orchestrator} id=${to} /></th>`)}</tr></thead>
      <tbody>${matrix.who.map((one) => html`<tr key=${one}><th scope="row"><${Orchestrator} id=${one} /></th>${matrix.who.map((to) => {
        const count = matrix.at(one, to)
        if (one === to) return html`<td key=${to} class="self"></td>`
        return html`<td key=${to} style=${count > 0 ? { background: `color-mix(in srgb, var(--accent) ${Math.round(8 + 30 * count / matrix.most)}%, var(--surface))` } : {}}>${count > 0 && html`<a href=${hrefOf('/delegations', new URLSearchParams({ from: one, to }))}>${number(count)}</a>`}</td>`
      })}</tr>`)}</tbody></table></div>
    ${(matrix.isCut || isCut) && html`<p class="hint">${isCut ? 'The first 4,000 days of pairs' : 'The 50 who moved most'}; there are more. A shorter time shows all.</p>`}<//>`
}

const Title = ({ task }: { readonly task: string }) => html`<a href=${hrefOf(`/tasks/${task}`)}><${TaskTitle} id=${task} /></a>`

const path = '/delegations?limit=200'

function Open() {
  const open = useQuery<Page<Move>>(`${path}&state=OFFERED&state=ACCEPTED&state=STARTED`)
  return html`<${Tile} title="Open chains" of=${open} isEmpty=${({ items }: Page<Move>) => items.length === 0} empty=${html`<p>Nothing that was passed on is open.</p>`}>
    ${({ items, next }: Page<Move>) => html`<ul class="plain lines">${chainsOf(items).slice(0, 30).map((chain) => html`<li key=${chain[0].task}><${Title} task=${chain[0].task} />: <${Orchestrator} id=${chain[0].from} />${chain.map(({ to, revision }) => html` <span key=${revision}>→ <${Orchestrator} id=${to} /></span>`)}
      <span class="beside"> <${Badge} word=${chain.at(-1)!.state} /> <${Ago} at=${chain.at(-1)!.at} /></span>
      <${Do} className="small" deed=${{ label: 'Recall', path: `/tasks/${chain[0].task}/recall`, owner: chain[0].from, fields: [{ name: 'reason', label: 'Why' }], warning: 'The task goes back to who passed it on last.' }} /></li>`)}</ul>
      ${next && html`<p class="hint">Of the last 200 that are open.</p>`}`}<//>`
}

function Back() {
  const last = useQuery<Page<Move>>(path)
  const back = (items: readonly Move[]) => items.filter((move) => move.back >= 2)
  return html`<${Tile} title="Came back twice or more" of=${last} isEmpty=${({ items }: Page<Move>) => back(items).length === 0} empty=${html`<p>Of the last 200 moves none went back and forth.</p>`}>
    ${({ items }: Page<Move>) => html`<ul class="plain lines">${back(items).map((move) => html`<li key=${`${move.task} ${move.revision}`}><${Title} task=${move.task} />: <${Orchestrator} id=${move.from} /> → <${Orchestrator} id=${move.to} /> <span class="beside">${plural(move.back, 'time')} back, <${Ago} at=${move.at} /></span></li>`)}</ul>`}<//>`
}

function Moves({ from, to }: { readonly from: string | null; readonly to: string | null }) {
  const moves = useQuery<Page<Move>>(pathWith('/delegations', { from: from ?? undefined, to: to ?? undefined, limit: '50' }))
  return html`<${Tile} title="Moves" of=${moves} isEmpty=${({ items }: Page<Move>) => items.length === 0} empty=${html`<p>None.</p>`}
    actions=${(from || to) && html`<span class="beside">${from && html`from <${Orchestrator} id=${from} />`} ${to && html`to <${Orchestrator} id=${to} />`} <a href=${hrefOf('/delegations')}>all</a></span>`}>
    ${({ items }: Page<Move>) => html`<div class="sideways" tabindex="0" role="region" aria-label="Moves, table"><table class="small-table"><thead><tr><th scope="col">When</th><th scope="col">Task</th><th scope="col">From</th><th scope="col">To</th><th scope="col">How</th><th scope="col">State</th><th scope="col">Why</th></tr></thead>
      <tbody>${items.map((move) => html`<tr key=${`${move.task} ${move.revision}`}><td><${Ago} at=${move.at} /></td><td><${Title} task=${move.task} /></td><td><${Orchestrator} id=${move.from} /></td><td><${Orchestrator} id=${move.to} /></td><td>${move.kind}</td><td><${Badge} word=${move.state} /></td><td>${move.reason}</td></tr>`)}</tbody></table></div>`}<//>`
}
