import type { Deed } from '../deeds.ts'
import { daemonDeeds, type AgentRow, type BacklogRow, type CapacityRow, type DaemonRow, type OrchestratorRow, type ScheduleRow } from '../fleet.ts'
import { useJoined } from '../joined.ts'
import { go, hrefOf } from '../places.ts'
import { html } from '../view.ts'
import { number, percent } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Lists, type Listed } from '../parts/lists.ts'
import { Agent, Orchestrator } from '../parts/name.ts'
import type { Column } from '../parts/table.ts'
import { Ago } from '../parts/time.ts'

const none = html`<span class="none">–</span>`

function Slots({ id }: { readonly id: string }) {
  const row = useJoined<CapacityRow>('/capacity', 'orchestrator', id)
  return row ? html`<span class="meter" aria-hidden="true"><span style=${{ width: `${Math.min(100, 100 * row.utilisation)}%` }}></span></span> ${row.free} of ${row.max} free` : none
}

function Tasks({ id }: { readonly id: string }) {
  const row = useJoined<BacklogRow>('/backlogs', 'owner', id)
  return row ? html`<a class="inline" href=${hrefOf('/work', `owner=${id}`)}>${number(row.todo + row.in_progress + row.blocked)} open</a>${row.blocked > 0 && html`, ${number(row.blocked)} blocked`}` : none
}

/** Whether it is within its hours: open until, or closed until. */
export function Hours({ row }: { readonly row: ScheduleRow | undefined | null }) {
  if (!row || (row.open === null)) return html`<span class="beside">always</span>`
  return row.open ? html`<${Badge} word="open" />${row.until && html` <span class="beside">closes <${Ago} at=${row.until} /></span>`}`
    : html`<${Badge} word="closed" />${row.next_open_at && html` <span class="beside">opens <${Ago} at=${row.next_open_at} /></span>`}`
}

const Schedule = ({ id }: { readonly id: string }) => html`<${Hours} row=${useJoined<ScheduleRow>('/schedules', 'orchestrator', id)} />`

const orchestratorColumns: readonly Column<OrchestratorRow>[] = [
  { name: 'name', title: 'Orchestrator', sort: 'name', width: 'wide', shows: ({ orchestrator, name }) => html`<a href=${hrefOf(`/orchestrators/${orchestrator}`)}>${name}</a>` },
  { name: 'status', title: 'Status', shows: ({ status, since }) => html`<${Badge} word=${status} /> <span class="beside"><${Ago} at=${since} /></span>` },
  { name: 'slots', title: 'Slots', shows: ({ orchestrator }) => html`<${Slots} id=${orchestrator} />` },
  { name: 'tasks', title: 'Tasks', shows: ({ orchestrator }) => html`<${Tasks} id=${orchestrator} />` },
  { name: 'hours', title: 'Hours', shows: ({ orchestrator }) => html`<${Schedule} id=${orchestrator} />` },
  { name: 'discipline', title: 'Discipline', shows: ({ discipline }) => discipline },
]

const agentColumns: readonly Column<AgentRow>[] = [
  { name: 'name', title: 'Agent', sort: 'name', width: 'wide', shows: ({ agent }) => html`<${Agent} id=${agent} />` },
  { name: 'status', title: 'Status', shows: ({ status }) => html`<${Badge} word=${status} />` },
  { name: 'breaker', title: 'Circuit', shows: ({ breaker, breaker_until }) => html`<${Badge} word=${breaker} text=${breaker === 'OPEN' ? 'open, takes nothing' : undefined} />${breaker_until && html` <span class="beside"><${Ago} at=${breaker_until} /></span>`}` },
  { name: 'reliability', title: 'Reliability', sort: 'reliability', isNumber: true, shows: ({ reliability }) => percent(reliability) },
  { name: 'load', title: 'Load', sort: 'load', isNumber: true, shows: ({ current, max_concurrent }) => `${current} of ${max_concurrent}` },
  { name: 'record', title: 'Did well', isNumber: true, shows: ({ good, bad }) => `${number(good)} of ${number(good + bad)}` },
  { name: 'orchestrator', title: 'Under', shows: ({ orchestrator }) => html`<${Orchestrator} id=${orchestrator} />` },
  { name: 'skills', title: 'Skills', shows: ({ skills }) => skills.join(', ') },
]

const daemonColumns: readonly Column<DaemonRow>[] = [
  { name: 'name', title: 'Daemon', width: 'wide', shows: ({ name }) => name },
  { name: 'status', title: 'Status', shows: ({ status }) => html`<${Badge} word=${status} />` },
  { name: 'orchestrator', title: 'Works for', shows: ({ orchestrator }) => html`<${Orchestrator} id=${orchestrator} />` },
  { name: 'last_seen', title: 'Seen', shows: ({ last_seen }) => html`<${Ago} at=${last_seen} />` },
  { name: 'sessions', title: 'Sessions at most', isNumber: true, shows: ({ max_sessions }) => max_sessions },
  { name: 'host', title: 'Host', shows: ({ host, version }) => html`${host ?? '–'} <span class="beside">${version}</span>` },
  { name: 'deeds', title: 'Do', shows: (daemon) => html`<span class="buttons tight">${daemonDeeds(daemon).map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="small" />`)}</span>` },
]

const lists: readonly Listed[] = [
  {
    word: 'orchestrators', title: 'Orchestrators', path: '/orchestrators', columns: orchestratorColumns, keyOf: ({ orchestrator }) => orchestrator, nameOf: ({ name }) => name,
    open: ({ orchestrator }) => `/orchestrators/${orchestrator}`, empty: html`<p>No orchestrator is registered yet: POST /api/v1/orchestrators {"name": "Ada"}</p>`,
    filters: [{ name: 'search', label: 'Search', kind: 'search' }, { name: 'status', label: 'Status', kind: 'several', options: ['ONLINE', 'BUSY', 'AWAY', 'OFFLINE', 'ARCHIVED'] }, { name: 'capability', label: 'Capability', kind: 'words' }],
  },
  {
    word: 'agents', title: 'Agents', path: '/agents', columns: agentColumns, keyOf: ({ agent }) => agent, nameOf: ({ name }) => name, open: ({ agent }) => `/agents/${agent}`, empty: html`<p>No agent is registered yet: POST /api/v1/agents {"name": "Iris"}</p>`,
    filters: [
      { name: 'search', label: 'Search', kind: 'search' }, { name: 'status', label: 'Status', kind: 'several', options: ['IDLE', 'ACTIVE', 'OVERLOADED', 'OFFLINE', 'SUSPENDED'] },
      { name: 'breaker', label: 'Circuit', kind: 'choice', options: ['CLOSED', 'OPEN', 'HALF_OPEN'] }, { name: 'orchestrator', label: 'Under', kind: 'orchestrator' }, { name: 'skill', label: 'Skill', kind: 'words' },
    ],
  },
  {
    word: 'daemons', title: 'Daemons', path: '/daemons', columns: daemonColumns, keyOf: ({ daemon }) => daemon, nameOf: ({ name }) => name, empty: html`<p>No daemon is known yet: POST /api/v1/daemons {"orchestrator": …, "name": …}</p>`,
    filters: [{ name: 'status', label: 'Status', kind: 'several', options: ['RUNNING', 'UNHEALTHY', 'DRAINING', 'STOPPED'] }, { name: 'orchestrator', label: 'Works for', kind: 'orchestrator' }],
  },
]

export default function Fleet() {
  return html`<${Lists} title="Fleet" at="/fleet" lists=${lists} deeds=${[register]} />`
}

const register: Deed = {
  label: 'New orchestrator', path: '/orchestrators', scope: 'admin', done: (answer) => go(hrefOf(`/orchestrators/${answer['id']}`)),
  fields: [
    { name: 'name', label: 'Name' }, { name: 'discipline', label: 'Discipline', initial: 'general' },
    { name: 'capabilities', label: 'Capabilities', kind: 'words', isOptional: true, hint: 'Separated by commas.' }, { name: 'maxConcurrentTasks', label: 'Tasks at once', kind: 'number', initial: '5' },
  ],
}

