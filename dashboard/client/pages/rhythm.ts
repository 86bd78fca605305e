import type { Deed } from '../deeds.ts'
import { hrefOf } from '../places.ts'
import { useEvery, useQuery, type Positioned } from '../queries.ts'
import { daysOf, ruleText, type Hour } from '../rhythm.ts'
import { html } from '../view.ts'
import { number, plural } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Lists, type Listed } from '../parts/lists.ts'
import { Orchestrator } from '../parts/name.ts'
import { Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'

interface Coverage extends Positioned { readonly hours: readonly Hour[]; readonly none: readonly unknown[] }
interface Schedule { readonly orchestrator: string; readonly zone: string | null; readonly always_open: boolean; readonly open: boolean | null; readonly until: string | null; readonly next_open_at: string | null; readonly cause: string; readonly on_unavailable: string }
interface Override { readonly orchestrator: string; readonly override: string; readonly from: string; readonly to: string; readonly kind: string; readonly reason: string }
interface Recurrence { readonly recurrence: string; readonly owner: string; readonly state: string; readonly next: string | null; readonly title: string; readonly rule: Parameters<typeof ruleText>[0]; readonly zone: string; readonly runs: number; readonly last_due: string | null; readonly last_task: string | null; readonly reason: string | null }
interface Batch { readonly batch: string; readonly name: string; readonly state: string; readonly command: string; readonly next: string | null; readonly runs: number; readonly running: boolean; readonly run: string | null; readonly skipped_reason: string | null }
interface Run { readonly run: string; readonly batch: string; readonly state: string; readonly command: string; readonly items: number; readonly done: number; readonly failed: number; readonly skipped: number; readonly unchanged: number; readonly cause: string | null; readonly started_at: string; readonly ended_at: string | null }

const deeds = (all: readonly Deed[]) => html`<span class="buttons tight">${all.map((deed) => html`<${Do} key=${deed.label} deed=${deed} className="small" />`)}</span>`
const reason = { name: 'reason', label: 'Why', isOptional: true } as const

const otherHours = (id: string): Deed => ({
  label: 'Other hours', path: `/orchestrators/${id}/schedule/overrides`, owner: id, fields: [
    { name: 'kind', label: 'Hours', kind: 'choice', options: ['UNAVAILABLE', 'AVAILABLE'] }, { name: 'from', label: 'From', kind: 'instant' }, { name: 'to', label: 'To', kind: 'instant', hint: 'In your zone.' }, { name: 'reason', label: 'Why' },
  ],
})

const lists: readonly Listed[] = [
  {
    word: 'schedules', title: 'Schedules', path: '/schedules', keyOf: ({ orchestrator }) => orchestrator, open: ({ orchestrator }) => `/orchestrators/${orchestrator}`, filters: [{ name: 'open', label: 'Open', kind: 'choice', options: ['true', 'false'] }],
    empty: html`<p>No orchestrator has hours: all work always. <code>PUT /api/v1/orchestrators/:id/schedule</code></p>`,
    columns: [
      { name: 'orchestrator', title: 'Orchestrator', width: 'wide', shows: ({ orchestrator }: Schedule) => html`<${Orchestrator} id=${orchestrator} />` },
      { name: 'open', title: 'Now', shows: ({ open }: Schedule) => (open === null ? '–' : html`<${Badge} word=${open ? 'open' : 'closed'} />`) },
      { name: 'until', title: 'Until', shows: ({ open, until, next_open_at }: Schedule) => html`<${At} at=${open ? until : next_open_at} />` },
      { name: 'cause', title: 'Because of', shows: ({ cause }: Schedule) => cause }, { name: 'zone', title: 'Zone', shows: ({ zone }: Schedule) => zone },
      { name: 'on_unavailable', title: 'Outside', shows: ({ on_unavailable }: Schedule) => on_unavailable }, { name: 'deeds', title: 'Do', shows: ({ orchestrator }: Schedule) => deeds([otherHours(orchestrator)]) },
    ],
  },
  {
    word: 'overrides', title: 'Overrides', path: '/schedule-overrides', keyOf: ({ orchestrator, override }) => `${orchestrator} ${override}`, filters: [{ name: 'orchestrator', label: 'Of', kind: 'orchestrator' }, { name: 'kind', label: 'Kind', kind: 'choice', options: ['UNAVAILABLE', 'AVAILABLE', 'CUSTOM_HOURS'] }, { name: 'toFrom', label: 'Ends after', kind: 'day' }],
    empty: html`<p>Hours are as usual everywhere.</p>`,
    columns: [
      { name: 'orchestrator', title: 'Orchestrator', width: 'wide', shows: ({ orchestrator }: Override) => html`<${Orchestrator} id=${orchestrator} />` }, { name: 'kind', title: 'Hours', shows: ({ kind }: Override) => html`<${Badge} word=${kind} />` },
      { name: 'from', title: 'From', shows: ({ from }: Override) => html`<${At} at=${from} />` }, { name: 'to', title: 'To', shows: ({ to }: Override) => html`<${At} at=${to} />` }, { name: 'reason', title: 'Why', shows: ({ reason }: Override) => reason },
      { name: 'deeds', title: 'Do', shows: ({ orchestrator, override }: Override) => deeds([{ label: 'Remove', method: 'DELETE', path: `/orchestrators/${orchestrator}/schedule/overrides/${override}`, owner: orchestrator, warning: 'Hours are as usual then.' }]) },
    ],
  },
  {
    word: 'recurrences', title: 'Comes round', path: '/recurrences', keyOf: ({ recurrence }) => recurrence, nameOf: ({ title }) => title,
    filters: [{ name: 'search', label: 'Search', kind: 'search' }, { name: 'state', label: 'State', kind: 'several', options: ['ENABLED', 'PAUSED', 'ENDED'] }, { name: 'owner', label: 'For', kind: 'orchestrator' }],
    empty: html`<p>No task comes round: <code>POST /api/v1/recurrences</code> {owner, template, rule}.</p>`,
    columns: [
      { name: 'title', title: 'Task', width: 'wide', shows: ({ title }: Recurrence) => title }, { name: 'state', title: 'State', shows: ({ state }: Recurrence) => html`<${Badge} word=${state} />` },
      { name: 'rule', title: 'When', shows: ({ rule, zone }: Recurrence) => html`${ruleText(rule)} <span class="beside">${zone}</span>` }, { name: 'next', title: 'Next', sort: 'next', shows: ({ next }: Recurrence) => html`<${At} at=${next} />` },
      { name: 'owner', title: 'For', shows: ({ owner }: Recurrence) => html`<${Orchestrator} id=${owner} />` }, { name: 'runs', title: 'Came', isNumber: true, shows: ({ runs }: Recurrence) => number(runs) },
      { name: 'last', title: 'Last', shows: ({ last_due, last_task }: Recurrence) => (last_task ? html`<a href=${hrefOf(`/tasks/${last_task}`)}><${Ago} at=${last_due} /></a>` : html`<${Ago} at=${last_due} />`) },
      { name: 'deeds', title: 'Do', shows: ({ recurrence, state, owner, title }: Recurrence) => deeds(state === 'ENDED' ? [] : [
        state === 'PAUSED' ? { label: 'Resume', path: `/recurrences/${recurrence}/resume`, owner, about: title } : { label: 'Pause', path: `/recurrences/${recurrence}/pause`, owner, about: title, fields: [reason] },
        { label: 'End', method: 'DELETE', path: `/recurrences/${recurrence}`, owner, about: title, warning: 'It comes round no more.' },
      ]) },
    ],
  },
  {
    word: 'batches', title: 'Batches', path: '/batches', keyOf: ({ batch }) => batch, nameOf: ({ name }) => name, filters: [{ name: 'search', label: 'Search', kind: 'search' }, { name: 'state', label: 'State', kind: 'several', options: ['ENABLED', 'PAUSED', 'ENDED'] }],
    empty: html`<p>Nothing is done with many at once: <code>POST /api/v1/batches</code> {name, command, select, when}.</p>`,
    columns: [
      { name: 'name', title: 'Batch', width: 'wide', sort: 'name', shows: ({ name }: Batch) => name }, { name: 'state', title: 'State', shows: ({ state, running }: Batch) => html`<${Badge} word=${running ? 'RUNNING' : state} />` }, { name: 'command', title: 'Does', shows: ({ command }: Batch) => command },
      { name: 'next', title: 'Next', sort: 'next', shows: ({ next }: Batch) => html`<${At} at=${next} />` }, { name: 'runs', title: 'Runs', isNumber: true, shows: ({ runs }: Batch) => number(runs) }, { name: 'skipped', title: 'Skipped because', shows: ({ skipped_reason }: Batch) => skipped_reason ?? '' },
      { name: 'deeds', title: 'Do', shows: ({ batch, state, running, name }: Batch) => deeds(state === 'ENDED' ? [] : [
        ...(running || state === 'PAUSED' ? [] : [{ label: 'Run now', path: `/batches/${batch}/run`, about: name, warning: 'It is done with all of its tasks, now.' }]),
        state === 'PAUSED' ? { label: 'Resume', path: `/batches/${batch}/resume`, about: name } : { label: 'Pause', path: `/batches/${batch}/pause`, about: name, fields: [reason] },
      ]) },
    ],
  },
  {
    word: 'runs', title: 'Runs', path: '/batch-runs', keyOf: ({ run }) => run, filters: [{ name: 'state', label: 'State', kind: 'several', options: ['RUNNING', 'STOPPING', 'COMPLETED'] }], empty: html`<p>No batch has run yet.</p>`,
    columns: [
      { name: 'started_at', title: 'Began', width: 'wide', shows: ({ started_at }: Run) => html`<${At} at=${started_at} />` }, { name: 'state', title: 'State', shows: ({ state, cause }: Run) => html`<${Badge} word=${state} /> <span class="beside">${cause}</span>` }, { name: 'command', title: 'Does', shows: ({ command }: Run) => command },
      { name: 'items', title: 'Tasks', isNumber: true, shows: ({ items }: Run) => number(items) }, { name: 'done', title: 'Done', isNumber: true, shows: ({ done, unchanged }: Run) => number(done + unchanged) }, { name: 'failed', title: 'Failed', isNumber: true, shows: ({ failed }: Run) => number(failed) },
      { name: 'skipped', title: 'Skipped', isNumber: true, shows: ({ skipped }: Run) => number(skipped) }, { name: 'deeds', title: 'Do', shows: ({ run, state }: Run) => deeds(state === 'RUNNING' ? [{ label: 'Cancel run', path: `/batch-runs/${run}/cancel`, fields: [reason], warning: 'What has not begun is skipped.' }] : []) },
    ],
  },
]

export default function Rhythm() {
  return html`<${Lists} title="Rhythm" at="/rhythm" lists=${lists}><${Heat} /><//>`
}

const hourIn = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23' })
const dayIn = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: '2-digit', month: 'short' })
const local = (at: string) => ({ day: dayIn.format(new Date(at)), hour: Number(hourIn.format(new Date(at))) })

/** How many slots are open in which hour of the next week, in the viewer's zone. */
function Heat() {
  const coverage = useQuery<Coverage>('/coverage')
  useEvery(coverage, 60_000)
  return html`<${Tile} title="Open hours of the next 7 days" of=${coverage} className="heat" isEmpty=${({ hours }: Coverage) => hours.every(({ orchestrators }) => orchestrators === 0)} empty=${html`<p>Nobody works in the next week.</p>`}
    actions=${coverage.answer && html`<span class="beside">${coverage.answer.none.length === 0 ? 'somebody works in every hour' : `nobody works in ${plural(coverage.answer.none.length, 'hour')}`}</span>`}>
    ${({ hours }: Coverage) => {
      const most = Math.max(1, ...hours.map(({ slots }) => slots))
      return html`<div class="matrix" tabindex="0" role="region" aria-label="Open hours, table"><table><thead><tr><th scope="col">slots</th>${Array.from({ length: 24 }, (_, hour) => html`<th key=${hour} scope="col" class="hour">${String(hour).padStart(2, '0')}</th>`)}</tr></thead>
        <tbody>${daysOf(hours, local).map(({ day, cells }) => html`<tr key=${day}><th scope="row">${day}</th>${cells.map((cell, hour) => html`<td key=${hour} title=${cell ? plural(cell.orchestrators, 'orchestrator') : undefined}
          class=${cell && cell.slots === 0 ? 'nobody' : ''} style=${cell && cell.slots > 0 ? { background: `color-mix(in srgb, var(--accent) ${Math.round(6 + 26 * cell.slots / most)}%, var(--surface))` } : {}}>${cell?.slots ?? ''}</td>`)}</tr>`)}</tbody></table></div>`
    }}<//>`
}

