import { useEffect, useRef, useState } from 'preact/hooks'
import { announce } from '../announcer.ts'
import { concernsOf, verdict, type Agent, type Approval, type Concern, type Conflict, type Escalation, type Task } from '../attention.ts'
import type { Deed } from '../deeds.ts'
import { stale_ms } from '../due.ts'
import { clock, useHeld } from '../held.ts'
import { go, hrefOf } from '../places.ts'
import { useEvery, useQuery, type Page, type Positioned, type Shown } from '../queries.ts'
import { behind, heardLately } from '../recent.ts'
import { connection } from '../stream.ts'
import { html, type Children } from '../view.ts'
import { duration, number } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Facts } from '../parts/facts.ts'
import { Orchestrator, TaskTitle } from '../parts/name.ts'
import { useRows } from '../parts/rows.ts'
import { Computed, Failed } from '../parts/tile.ts'
import { Ago } from '../parts/time.ts'

interface Metrics extends Positioned { readonly total: number; readonly completed: number; readonly failed: number; readonly activeAgents: number }

const late = '/tasks?sla_state=violated&status=TODO&status=IN_PROGRESS&status=BLOCKED&limit=200'
const paths = {
  metrics: '/tasks/metrics', late, escalations: '/escalations?state=OPEN&state=ACKNOWLEDGED&limit=200', failed: '/tasks?status=BLOCKED&block_kind=failure&limit=200',
  approvals: '/approvals?status=PENDING&limit=200', conflicts: '/conflicts?state=OPEN&limit=200', broken: '/agents?breaker=OPEN&limit=200', votes: '/waiting-votes?limit=200',
  touched: '/tasks?sort=-updated_at&limit=50',
} as const

/** Of a list whose end is not on its first page only how many there are at least is known. */
const counted = (page: Page<unknown>) => `${number(page.items.length)}${page.next ? '+' : ''}`

export default function Now() {
  const metrics = useQuery<Metrics>(paths.metrics)
  const late = useQuery<Page<Task>>(paths.late)
  const escalations = useQuery<Page<Escalation>>(paths.escalations)
  const failed = useQuery<Page<Task>>(paths.failed)
  const approvals = useQuery<Page<Approval>>(paths.approvals)
  const conflicts = useQuery<Page<Conflict>>(paths.conflicts)
  const broken = useQuery<Page<Agent>>(paths.broken)
  const votes = useQuery<Page<unknown>>(paths.votes)
  const touched = useQuery<Page<Task>>(paths.touched)
  const asked = [escalations, late, failed, approvals, conflicts, broken]
  const titles = new Map([touched, late, failed].flatMap(({ answer }) => answer?.items ?? []).map(({ task, title }) => [task, title]))
  const titleOf = (task: string) => titles.get(task) ?? ''
  const rowsOf = <Row>({ answer }: Shown<Page<Row>>) => answer?.items ?? []
  const isKnown = asked.every(({ answer }) => answer)
  const concerns = concernsOf({
    escalations: rowsOf(escalations), failed: rowsOf(failed), late: rowsOf(late), approvals: rowsOf(approvals), conflicts: rowsOf(conflicts), broken: rowsOf(broken), titleOf,
  })
  return html`<${Headline} concerns=${concerns} isKnown=${isKnown} />
    <div class="cards">
      <${Card} label="Tasks" of=${metrics}>${({ total }: Metrics) => number(total)}<//>
      <${Card} label="Completed" of=${metrics}>${({ completed }: Metrics) => number(completed)}<//>
      <${Card} label="Failed for good" of=${metrics} tone="bad">${(one: Metrics) => number(one.failed)}<//>
      <${Card} label="Agents at work" of=${metrics}>${({ activeAgents }: Metrics) => number(activeAgents)}<//>
      <${Card} label="Late" of=${late} tone="bad">${counted}<//>
      <${Card} label="Escalated" of=${escalations} tone="warn">${counted}<//>
      <${Card} label="Votes waited for" of=${votes}>${counted}<//>
      <${Lag} />
    </div>
    <div class="columns">
      <${Attention} concerns=${concerns} of=${escalations} and=${asked} isKnown=${isKnown} isNew=${metrics.answer?.total === 0} />
      <${Facts} titleOf=${(task: string) => titles.get(task)} />
    </div>`
}

function Headline({ concerns, isKnown }: { readonly concerns: readonly Concern[]; readonly isKnown: boolean }) {
  const { state, since_ms } = useHeld(connection)
  const isStale = state === 'lost' && useHeld(clock) - since_ms > stale_ms
  const { tone, text } = verdict(concerns, isStale)
  const count = useRef<number>(undefined)
  useEffect(() => {
    if (!isKnown) return
    if (count.current !== undefined && concerns.length > count.current) announce(text)
    count.current = concerns.length
  }, [concerns.length, isKnown])
  return html`<div class="head"><h1 tabindex="-1">Now</h1>
    <p class="verdict">${isKnown && html`<${Badge} word="" tone=${tone} text=${text} />`}</p>
    <${Do} deed=${next} /></div>`
}

const next: Deed = {
  label: 'Assign the next task', path: '/tasks/queue/next', scope: 'write',
  done: (answer) => { if (typeof answer['id'] === 'string') go(hrefOf(`/tasks/${answer['id']}`)) },
}

interface CardWish { readonly label: string; readonly of: Shown<any>; readonly tone?: string; readonly children: (answer: any) => Children }

function Card({ label, of, tone = '', children }: CardWish) {
  const value = of.answer === undefined ? undefined : children(of.answer)
  return html`<section class="card" aria-label=${label}>
    <h2>${label}</h2>
    <p class="figure ${value === '0' ? '' : tone}">${value ?? html`<span class="none">${of.failure ? '?' : ' '}</span>`}</p>
    ${of.failure && of.answer === undefined ? html`<button type="button" class="small" onClick=${of.again}>${of.failure.problem.code}: try again</button>` : html`<${Computed} of=${of} what=${label} />`}
  </section>`
}

interface Checkpoints extends Positioned { readonly items: readonly { readonly model: string; readonly position: string }[] }

/** By how much the read model that is least far is behind the log. */
function Lag() {
  const checkpoints = useQuery<Checkpoints>('/position')
  useEvery(checkpoints, 5_000)
  // As of the answer: what has happened since then says nothing of it.
  const measured = useRef<{ answer: Checkpoints | undefined; lag_ms: number }>({ answer: undefined, lag_ms: 0 })
  const { answer } = checkpoints
  if (answer && measured.current.answer !== answer) measured.current = { answer, lag_ms: behind(answer.position, heardLately(), Date.now()) }
  return html`<${Card} label="Lag" of=${checkpoints}>${() => duration(measured.current.lag_ms)}<//>`
}

interface AttentionWish { readonly concerns: readonly Concern[]; readonly of: Shown<any>; readonly and: readonly Shown<any>[]; readonly isKnown: boolean; readonly isNew: boolean }

function Attention({ concerns, of, and, isKnown, isNew }: AttentionWish) {
  const [most, setMost] = useState(20)
  const shown = concerns.slice(0, most)
  const rows = useRows(shown.length, (n) => { const one = shown[n]; if (one) go(hrefOf(one.href)) })
  const failed = and.find(({ failure, answer }) => failure && !answer)
  return html`<section class="tile attention" aria-label="Waits for somebody">
    <header><h2>Waits for somebody</h2><${Computed} of=${of} what="Waits for somebody" /></header>
    ${failed && html`<${Failed} failure=${failed.failure} again=${failed.again} />`}
    ${isKnown && concerns.length === 0 && html`<div class="empty">${isNew
      ? html`<p>There are no tasks yet. The first one:</p><pre>npm run demo</pre><p>plays a fleet, or make one: <code>POST /api/v1/tasks</code>.</p>`
      : html`<p>No escalations, nothing late, nothing failed for good, no approvals, no conflicts.</p>`}</div>`}
    <ul class="concerns" ref=${rows.ref}>${shown.map((one, n) => html`<li key=${one.id} ...${rows.row(n)}>
      <span class="kind"><${Badge} word=${one.severity} tone=${one.isAcknowledged ? 'quiet' : undefined} text=${one.kind} /> <span class="beside">${one.severity.toLowerCase()}</span></span>
      <span class="what"><a href=${hrefOf(one.href)}>${one.title === '' ? html`<${TaskTitle} id=${one.about.task} />` : one.title}</a>
        <span class="detail">${one.isAcknowledged && 'Looked at. '}${one.detail}</span>
        <span class="beside">${one.owner && html`<${Orchestrator} id=${one.owner} />, `}<${Ago} at=${one.since} /></span></span>
      <span class="deeds">${deedsFor(one).map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="small" />`)}</span>
    </li>`)}</ul>
    ${concerns.length > most && html`<button type="button" onClick=${() => setMost(most + 50)}>Show more: ${number(concerns.length - most)} are left</button>`}
  </section>`
}

function deedsFor({ kind, about: { task, approval }, owner, isAcknowledged, title }: Concern): readonly Deed[] {
  if (kind === 'escalation') return [
    ...(isAcknowledged ? [] : [{ label: 'Acknowledge', path: `/tasks/${task}/acknowledge-escalation`, about: title }]),
    { label: 'Resolve', path: `/tasks/${task}/resolve-escalation`, about: title, fields: [{ name: 'resolution', label: 'What is decided', kind: 'long' as const }] },
  ]
  if (kind === 'failed') return [{ label: 'Retry', path: `/tasks/${task}/retry`, owner, about: title }]
  if (kind === 'approval') return [{ label: 'Reject', path: `/approvals/${approval}/reject`, scope: 'admin', about: title, fields: [{ name: 'comment', label: 'Why not', kind: 'long' as const }] }]
  return []
}
