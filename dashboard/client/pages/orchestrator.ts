import type { Escalation } from '../attention.ts'
import type { Day } from '../days.ts'
import { orchestratorDeeds, type AgentRow, type BacklogRow, type CapacityRow, type OrchestratorRow, type ScheduleRow } from '../fleet.ts'
import { hrefOf } from '../places.ts'
import { useEvery, useQuery, type Positioned } from '../queries.ts'
import { html } from '../view.ts'
import { number, percent, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Did } from '../parts/did.ts'
import { Known } from '../parts/known.ts'
import { Agent } from '../parts/name.ts'
import { Failed, Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'
import { Timeline, useTimeline } from '../parts/timeline.ts'

interface TaskLine { readonly task: string; readonly title: string; readonly status: string; readonly priority: string; readonly progress: number; readonly started_at: string | null }
interface Whole extends Positioned {
  readonly orchestrator: OrchestratorRow
  readonly capacity: CapacityRow | null
  readonly backlog_summary: BacklogRow | null
  readonly hours: ScheduleRow | null
  readonly charter: { readonly version: number; readonly hash: string; readonly activated_at: string | null } | null
  readonly performance: readonly Day[]
  readonly slots: readonly { readonly command: string; readonly task?: string | null; readonly since: string; readonly [name: string]: unknown }[]
  readonly agents: readonly AgentRow[]
  readonly running: readonly TaskLine[]
  readonly blocked: readonly TaskLine[]
  readonly escalations: readonly Escalation[]
  readonly waiting_votes: readonly { readonly decision: string; readonly title: string; readonly deadline: string | null }[]
  readonly posts: readonly { readonly post: string; readonly kind: string; readonly message: string; readonly at: string }[]
}
interface Window { readonly window: string; readonly unit: string; readonly limit: number | null; readonly used: number; readonly reserved?: number; readonly level?: string | null }
interface Budget extends Positioned { readonly limits: unknown; readonly windows: readonly Window[] }
interface Charter extends Positioned { readonly active: { readonly version: number; readonly document: unknown; readonly activated_at: string | null } | null; readonly drift: { readonly score: number; readonly critical: boolean; readonly reported_at: string } | null; readonly interventions: readonly unknown[] }

export default function OrchestratorPage({ id }: { readonly id: string }) {
  const whole = useQuery<Whole>(`/orchestrators/${id}/dashboard`)
  useEvery(whole, 60_000)
  const timeline = useTimeline(`orchestrator-${id}`)
  const { answer, failure } = whole
  if (!answer && failure) return html`<h1 tabindex="-1">Orchestrator</h1><${Failed} failure=${failure} again=${whole.again} />`
  const row = answer?.orchestrator
  const shown = timeline.revision === undefined ? undefined : { stream: `orchestrator-${id}`, revision: timeline.revision }
  return html`<p class="trail"><a href=${hrefOf('/fleet')}>Fleet</a></p>
    <div class="head"><h1 tabindex="-1">${row?.name ?? 'Orchestrator'}</h1>
      ${row && html`<p class="verdict"><${Badge} word=${row.status} /> ${answer.hours?.open === false && html`<${Badge} word="closed" tone="quiet" />`}</p>
        <div class="deeds buttons">${orchestratorDeeds(row, shown).map((deed) => html`<${Do} key=${deed.label} deed=${deed} />`)}</div>`}</div>
    <div class="columns">
      <div class="stack">
        <${Stands} of=${whole} />
        <${Tile} title="What runs and what is blocked" of=${whole} isEmpty=${({ running, blocked }: Whole) => running.length + blocked.length === 0} empty=${html`<p>Nothing runs, nothing is blocked. <a href=${hrefOf('/work', `owner=${id}`)}>All tasks</a></p>`}>
          ${({ running, blocked }: Whole) => html`<${Lines} tasks=${[...running, ...blocked]} /><p class="beside"><a href=${hrefOf('/work', `owner=${id}`)}>All tasks</a></p>`}<//>
        <${Tile} title="How it did in 7 days" of=${whole}>${({ performance }: Whole) => html`<${Did} rows=${performance} count=${7} />`}<//>
        <${Tile} title="Agents" of=${whole} isEmpty=${({ agents }: Whole) => agents.length === 0} empty=${html`<p>No agent works under it.</p>`}>
          ${({ agents }: Whole) => html`<ul class="plain lines">${agents.map(({ agent, status, breaker, reliability, current, max_concurrent }) => html`<li key=${agent}><${Agent} id=${agent} /> <${Badge} word=${status} />
            ${breaker !== 'CLOSED' && html` <${Badge} word=${breaker} text=${`circuit ${spaced(breaker)}`} />`} <span class="beside">${current} of ${max_concurrent} slots, ${percent(reliability)} reliable</span></li>`)}</ul>`}<//>
      </div>
      <div class="stack">
        <${Tile} title="Waits for it" of=${whole} isEmpty=${(one: Whole) => one.escalations.length + one.waiting_votes.length === 0} empty=${html`<p>No escalation, no vote.</p>`}>
          ${(one: Whole) => html`<ul class="plain lines">${one.escalations.map(({ task, severity, reason, at }) => html`<li key=${task}><${Badge} word=${severity} text="escalation" /> <a href=${hrefOf(`/tasks/${task}`)}>${reason}</a> <span class="beside"><${Ago} at=${at} /></span></li>`)}
            ${one.waiting_votes.map(({ decision, title, deadline }) => html`<li key=${decision}><${Badge} word="pending" text="vote" /> <a href=${hrefOf(`/decisions/${decision}`)}>${title}</a> <span class="beside"><${Ago} at=${deadline} /></span></li>`)}</ul>`}<//>
        <${Spends} id=${id} />
        <${Bound} id=${id} />
        <${Tile} title="What it told" of=${whole} isEmpty=${({ posts }: Whole) => posts.length === 0} empty=${html`<p>Nothing yet.</p>`}>
          ${({ posts }: Whole) => html`<ul class="plain lines">${posts.map(({ post, kind, message, at }) => html`<li key=${post}><span class="beside">${kind}, <${Ago} at=${at} />:</span> ${message}</li>`)}</ul>`}<//>
        <${Timeline} of=${timeline} />
      </div>
    </div>`
}

function Stands({ of }: { readonly of: ReturnType<typeof useQuery<Whole>> }) {
  return html`<${Tile} title="How it stands" of=${of}>${({ orchestrator: row, capacity, hours, backlog_summary: tasks }: Whole) => html`<${Known} rows=${[
    ['Status', html`<${Badge} word=${row.status} /> <span class="beside"><${Ago} at=${row.since} /></span>`], ['Why', row.status_reason],
    ['Slots', capacity && html`${capacity.free} of ${capacity.max} free <span class="beside">${capacity.active} work, ${capacity.reserved} reserved</span>`],
    ['Energy', capacity?.energy_budget ? `${number(capacity.energy_remaining ?? 0)} of ${number(capacity.energy_budget)}` : null],
    ['Hours', hours && hours.open !== null ? html`${hours.open ? 'open' : 'closed'}${(hours.until ?? hours.next_open_at) && html` <span class="beside">${hours.open ? 'closes' : 'opens'} <${Ago} at=${hours.open ? hours.until : hours.next_open_at} /></span>`}` : 'always open'],
    ['Zone', hours?.zone ?? row.timezone], ['Tasks', tasks && `${number(tasks.todo)} wait, ${number(tasks.in_progress)} run, ${number(tasks.blocked)} blocked, ${number(tasks.done)} done`],
    ['Promises broken', tasks && number(tasks.sla_violated)], ['Discipline', row.discipline], ['Capabilities', row.capabilities.join(', ')], ['Role', row.role],
    ['Registered', html`<${At} at=${row.registered_at} />`], ['Id', html`<span class="id">${row.orchestrator}</span>`],
  ]} />`}<//>`
}

const Lines = ({ tasks }: { readonly tasks: readonly TaskLine[] }) => html`<ul class="plain lines">${tasks.map(({ task, title, status, priority, progress }) => html`<li key=${task}>
  <${Badge} word=${status} /> <a href=${hrefOf(`/tasks/${task}`)}>${title}</a> <span class="beside">${priority.toLowerCase()}${status === 'IN_PROGRESS' ? `, ${progress} %` : ''}</span></li>`)}</ul>`

function Spends({ id }: { readonly id: string }) {
  const budget = useQuery<Budget>(`/orchestrators/${id}/budget`)
  useEvery(budget, 60_000)
  return html`<${Tile} title="Budget" of=${budget} isEmpty=${({ limits }: Budget) => limits === null} empty=${html`<p>It may use as much as it wants. <code>PUT /api/v1/orchestrators/:id/budget</code> says how much.</p>`}>
    ${({ windows }: Budget) => html`<table class="small-table"><thead><tr><th scope="col">Window</th><th scope="col">Of</th><th scope="col" class="number">Used</th><th scope="col" class="number">May use</th></tr></thead>
      <tbody>${windows.filter(({ limit }) => limit !== null).map(({ window, unit, used, limit }) => html`<tr key=${`${window} ${unit}`}><td>${window}</td><td>${unit}</td><td class="number">${number(used)}</td><td class="number">${number(limit!)} <span class="beside">${limit! > 0 ? percent(used / limit!) : ''}</span></td></tr>`)}</tbody></table>`}<//>`
}

function Bound({ id }: { readonly id: string }) {
  const charter = useQuery<Charter>(`/orchestrators/${id}/charter`)
  return html`<${Tile} title="Charter" of=${charter} isEmpty=${({ active }: Charter) => active === null} empty=${html`<p>No charter holds: it may do whatever its keys may.</p>`}>
    ${({ active, drift, interventions }: Charter) => html`<${Known} rows=${[
        ['Version', active && html`${active.version}, since <${At} at=${active.activated_at} />`], ['Drift', drift && html`${number(drift.score)} of 100${drift.critical && html` <${Badge} word="critical" tone="bad" />`}, <${Ago} at=${drift.reported_at} />`],
        ['In force against it', interventions.length > 0 ? interventions.map((one) => (typeof one === 'string' ? spaced(one) : JSON.stringify(one))).join(', ') : null],
      ]} />
      <details><summary>What it says</summary><pre tabindex="0">${JSON.stringify(active?.document, undefined, 2)}</pre></details>`}<//>`
}

