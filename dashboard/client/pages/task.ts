import type { Deed } from '../deeds.ts'
import { lazily } from '../lazily.ts'
import { hrefOf } from '../places.ts'
import { useEvery, useQuery, type Page, type Positioned } from '../queries.ts'
import { taskDeeds, type TaskRow } from '../tasks.ts'
import { html, type Children } from '../view.ts'
import { duration, number, sentence, shortId, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Known } from '../parts/known.ts'
import { Agent, Orchestrator, TaskTitle } from '../parts/name.ts'
import { Failed, Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'
import { Timeline, useTimeline } from '../parts/timeline.ts'

interface Reason { readonly code: string; readonly detail: Readonly<Record<string, unknown>> }
interface Choice { readonly revision: number; readonly kind: string; readonly policy: string; readonly chosen: string | null; readonly candidates: readonly unknown[]; readonly rejected: readonly { readonly code?: string }[]; readonly reason: string | null; readonly at: string }
interface Why extends Positioned { readonly now: readonly Reason[]; readonly choices: readonly Choice[] }
interface Attempt { readonly token: string; readonly holder: string; readonly agent: string | null; readonly attempt: number; readonly started_at: string; readonly ended_at: string | null; readonly outcome: string | null; readonly error: string | null }
interface Node { readonly task: string; readonly title: string; readonly status: string }
interface Hanging extends Positioned { readonly tasks: readonly Node[]; readonly waits: readonly { readonly task: string; readonly depends_on: string }[]; readonly cut: boolean }
interface Note { readonly revision: number; readonly text: string; readonly by: string; readonly role: string; readonly at: string }

const Graph = lazily(() => import('../parts/graph.ts').then((module) => module.Graph))

export default function TaskPage({ id }: { readonly id: string }) {
  const task = useQuery<TaskRow & Positioned>(`/tasks/${id}`)
  const timeline = useTimeline(`task-${id}`)
  const { answer: row, failure } = task
  if (!row && failure) return html`<h1 tabindex="-1">Task</h1><${Failed} failure=${failure} again=${task.again} />`
  const shown = timeline.revision === undefined ? undefined : { stream: `task-${id}`, revision: timeline.revision }
  return html`<p class="trail"><a href=${hrefOf('/work')}>Work</a></p>
    <div class="head"><h1 tabindex="-1">${row?.title ?? 'Task'}</h1>
      ${row && html`<p class="verdict"><${Badge} word=${row.status} text=${row.block_kind ? `blocked: ${row.block_kind}` : undefined} /> <${Badge} word=${row.priority} />
        ${row.sla_state !== 'none' && html` <${Badge} word=${row.sla_state} text=${`promise ${row.sla_state}`} />`}</p>
      <div class="deeds buttons">${Object.entries(taskDeeds(row, shown)).map(([name, deed]) => html`<${Do} key=${name} deed=${deed} />`)}</div>`}</div>
    <div class="columns">
      <div class="stack"><${What} of=${task} /><${WhyNot} id=${id} row=${row} /><${Leases} id=${id} row=${row} /><${Hangs} id=${id} /><${Sessions} id=${id} /><${Notes} id=${id} /><${Whole} id=${id} /></div>
      <div class="stack"><${Timeline} of=${timeline} /></div>
    </div>`
}

function What({ of }: { readonly of: ReturnType<typeof useQuery<TaskRow & Positioned>> }) {
  return html`<${Tile} title="Task" of=${of}>${(row: TaskRow) => html`
    ${row.description && html`<p class="prose">${row.description}</p>`}
    <div class="bar" role="img" aria-label=${`${row.progress} % done`}><span style=${{ width: `${row.progress}%` }}></span></div>
    <p class="beside">${row.progress} %${row.progress_message ? `: ${row.progress_message}` : ''}</p>
    <${Known} rows=${[
      ['Owner', html`<${Orchestrator} id=${row.owner} />`], ['Assigned to', row.agent ? html`<${Agent} id=${row.agent} />` : row.assignee],
      ['Blocked', row.block_reason && html`${row.block_reason}, <${Ago} at=${row.since} />`],
      ['Waits until', (row.deferred_until ?? row.next_retry_at) && html`<${At} at=${row.deferred_until ?? row.next_retry_at} />`],
      ['Deadline', row.deadline && html`<${At} at=${row.deadline} />, <${Ago} at=${row.deadline} />`],
      ['Estimated', row.estimated_hours !== null && `${number(row.estimated_hours)} h${row.remaining_hours !== null ? `, ${number(row.remaining_hours)} h are left` : ''}`, row.estimated_hours !== null],
      ['Attempt', `${row.attempt + 1} of ${row.max_retries + 1}`], ['Needs', row.required_capabilities.join(', ')], ['Tags', row.tags.join(', ')],
      ['Workspace', row.workspace], ['Channel', row.channel], ['Came from', row.delegated_by && html`<${Orchestrator} id=${row.delegated_by} />`],
      ['Made', html`<${At} at=${row.created_at} />`], ['Started', row.started_at && html`<${At} at=${row.started_at} />`], ['Completed', row.completed_at && html`<${At} at=${row.completed_at} />`],
      ['Id', html`<span class="id">${row.task}</span>`],
    ]} />`}<//>`
}

/** Details are values of all kinds: names where they are known as such, instants as such, the rest as it is. */
function Detail({ detail }: Pick<Reason, 'detail'>) {
  return html`<${Known} rows=${Object.entries(detail).map(([name, value]) => [spaced(name.replace(/([A-Z])/g, '_$1')), valueOf(name, value)])} />`
}

function valueOf(name: string, value: unknown): Children {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return html`<${At} at=${value} />`
  if (typeof value === 'string' && ['orchestrator', 'holder', 'owner', 'to'].includes(name)) return html`<${Orchestrator} id=${value} />`
  if (typeof value === 'string' && name === 'agent') return html`<${Agent} id=${value} />`
  if (name.endsWith('_ms') && typeof value === 'number') return duration(value)
  if (Array.isArray(value) && (name === 'open' || name === 'first')) return value.map((id: string, n) => html`${n > 0 && ', '}<a key=${id} href=${hrefOf(`/tasks/${id}`)}><${TaskTitle} id=${id} /></a>`)
  if (Array.isArray(value) && name === 'decisions') return value.map((id: string) => html`<a key=${id} href=${hrefOf(`/decisions/${id}`)}>the question</a> `)
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? shortId(one) : JSON.stringify(one))).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const instead: Readonly<Record<string, string>> = { DONE: 'It is done.', CANCELLED: 'It is not wanted any more.', IN_PROGRESS: 'It runs.' }

function WhyNot({ id, row }: { readonly id: string; readonly row: TaskRow | undefined }) {
  const why = useQuery<Why>(`/tasks/${id}/why`)
  useEvery(why, 60_000)
  return html`<${Tile} title="Why it waits" of=${why}>${({ now, choices }: Why) => html`
    ${row && instead[row.status] ? html`<p class="beside">${instead[row.status]}</p>` : now.length === 0 ? html`<p class="beside">Nothing stands in its way.</p>` : html`<ul class="reasons">${now.map(({ code, detail }, n) => html`<li key=${n}><strong>${sentence(code.toLowerCase()).replaceAll('_', ' ')}</strong> <span class="id">${code}</span><${Detail} detail=${detail} /></li>`)}</ul>`}
    ${choices.length > 0 && html`<h3>Choices about it</h3><ul class="plain">${choices.slice(0, 10).map(({ revision, kind, policy, chosen, rejected, reason, at }) => html`<li key=${revision}>
      <${Ago} at=${at} />: ${kind} by <code>${policy}</code>${chosen ? html`, chosen <span class="id">${shortId(chosen)}</span>` : `, nobody${reason ? `: ${reason}` : ''}`}${rejected.length > 0 && html` <span class="beside">passed over ${rejected.length}</span>`}</li>`)}</ul>`}`}<//>`
}

function Leases({ id, row }: { readonly id: string; readonly row: TaskRow | undefined }) {
  const attempts = useQuery<Page<Attempt>>(`/attempts?task=${id}&limit=50`)
  return html`<${Tile} title="Lease and attempts" of=${attempts} isEmpty=${({ items }: Page<Attempt>) => items.length === 0} empty=${html`<p>Nobody has worked on it yet.</p>`}>
    ${({ items }: Page<Attempt>) => html`${row?.lease_holder && html`<p>Held by <${Orchestrator} id=${row.lease_holder} />${row.lease_agent && html`, worked on by <${Agent} id=${row.lease_agent} />`}, token <span class="id">${row.lease_token}</span>.</p>`}
      <div class="sideways" tabindex="0" role="region" aria-label="Attempts, table"><table class="small-table"><thead><tr><th scope="col">Attempt</th><th scope="col">Who</th><th scope="col">Began</th><th scope="col">Took</th><th scope="col">Outcome</th></tr></thead>
      <tbody>${items.map(({ token, attempt, holder, agent, started_at, ended_at, outcome, error }) => html`<tr key=${token}><td>${attempt + 1}</td><td><${Orchestrator} id=${holder} />${agent && html`, <${Agent} id=${agent} />`}</td>
        <td><${At} at=${started_at} only="local" /></td><td>${ended_at ? duration(Date.parse(ended_at) - Date.parse(started_at)) : html`<${Badge} word="running" />`}</td>
        <td>${outcome ? html`<${Badge} word=${outcome} />` : ''} <span class="detail">${error}</span></td></tr>`)}</tbody></table></div>`}<//>`
}

interface Session { readonly session: string; readonly orchestrator: string; readonly agent: string | null; readonly program: string; readonly status: string; readonly kind: string | null; readonly error: string | null; readonly tokens: number; readonly errors: number; readonly duration_ms: number; readonly output_tail: string | null; readonly spawned_at: string; readonly ended_at: string | null }

const sessionDeeds = ({ session, status, program }: Session): readonly Deed[] => (['SPAWNED', 'RUNNING', 'PAUSED'].includes(status) ? [
  ...(status === 'RUNNING' ? [{ label: 'Pause program', path: `/work-sessions/${session}/pause`, about: program }] : []), ...(status === 'PAUSED' ? [{ label: 'Let it go on', path: `/work-sessions/${session}/resume`, about: program }] : []),
  { label: 'Terminate', path: `/work-sessions/${session}/terminate`, about: program, fields: [{ name: 'reason', label: 'Why' }], warning: 'Its daemon kills the program within five seconds.' },
] : [])

/** Programs that daemons ran for it. */
function Sessions({ id }: { readonly id: string }) {
  const sessions = useQuery<Page<Session>>(`/work-sessions?task=${id}&limit=20`)
  if (sessions.answer?.items.length === 0) return null
  return html`<${Tile} title="Work sessions" of=${sessions}>
    ${({ items }: Page<Session>) => html`<ul class="plain lines">${items.map((one) => html`<li key=${one.session}><${Badge} word=${one.status} tone=${one.status === 'TERMINATED' ? 'warn' : undefined} text=${one.kind ? `${spaced(one.status)}: ${one.kind}` : undefined} /> <code>${one.program}</code>
      <span class="beside"> <${Orchestrator} id=${one.orchestrator} />, <${Ago} at=${one.spawned_at} />, ran ${duration(one.duration_ms)}${one.tokens > 0 && `, ${number(one.tokens)} tokens`}</span>${one.error && html` <span class="detail">${one.error}</span>`}
      ${sessionDeeds(one).map((deed) => html` <${Do} key=${deed.label} deed=${deed} className="small" />`)}
      ${one.output_tail && html`<details><summary>Last words</summary><pre tabindex="0">${one.output_tail}</pre></details>`}</li>`)}</ul>`}<//>`
}

function Hangs({ id }: { readonly id: string }) {
  const graph = useQuery<Hanging>(`/tasks/${id}/graph`)
  return html`<${Tile} title="Dependencies" of=${graph} isEmpty=${({ waits }: Hanging) => waits.length === 0} empty=${html`<p>It waits for no other task, and none waits for it.</p>`}>
    ${({ tasks, waits, cut }: Hanging) => html`<${Graph} label="Dependencies" current=${id} says=${['Task', 'waits for']}
        nodes=${tasks.map(({ task, title, status }) => ({ id: task, text: title, word: status, href: hrefOf(`/tasks/${task}`) }))} edges=${waits.map(({ task, depends_on }) => ({ from: depends_on, to: task }))} />
      ${cut && html`<p class="hint">These are the nearest ${tasks.length}; there are more.</p>`}`}<//>`
}

function Notes({ id }: { readonly id: string }) {
  const notes = useQuery<Page<Note>>(`/notes?task=${id}&limit=50`)
  return html`<${Tile} title="Notes" of=${notes} isEmpty=${({ items }: Page<Note>) => items.length === 0} empty=${html`<p>None.</p>`}
    actions=${html`<${Do} className="small" deed=${{ label: 'Add a note', path: `/tasks/${id}/notes`, scope: 'execute', fields: [{ name: 'text', label: 'Note', kind: 'long' }] }} />`}>
    ${({ items }: Page<Note>) => html`<ul class="plain">${items.map(({ revision, text, by, role, at }) => html`<li key=${revision}><p class="prose">${text}</p><p class="beside">${role} ${shortId(by.replace(/^\w+:/, ''))}, <${Ago} at=${at} /></p></li>`)}</ul>`}<//>`
}

/** What whoever takes it up is told: only for whoever asks, since it may be long. */
function Whole({ id }: { readonly id: string }) {
  return html`<${Opened} title="Context" about="What whoever takes it up is told." path=${`/tasks/${id}/context`} />`
}

const Opened = lazily(() => import('../parts/opened.ts').then((module) => module.Opened))
