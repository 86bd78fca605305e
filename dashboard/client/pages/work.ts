import { useState } from 'preact/hooks'
import { announce } from '../announcer.ts'
import type { Deed } from '../deeds.ts'
import { filtered, type Filter } from '../filtered.ts'
import { pathWith } from '../http.ts'
import { go, hrefOf, say, usePlace } from '../places.ts'
import { may, ownOrchestrator } from '../session.ts'
import { bulkDeeds, bulkOutcome, priorities, statuses, type TaskRow } from '../tasks.ts'
import { html } from '../view.ts'
import { plural, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Board } from '../parts/board.ts'
import { Do } from '../parts/deed.ts'
import { Filters } from '../parts/filters.ts'
import { Agent, Orchestrator } from '../parts/name.ts'
import { usePages } from '../parts/pages.ts'
import { Table, type Column } from '../parts/table.ts'
import { Ago } from '../parts/time.ts'

const filters: readonly Filter[] = [
  { name: 'search', label: 'Search', kind: 'search', least: 3 },
  { name: 'status', label: 'Status', kind: 'several', options: statuses },
  { name: 'priority', label: 'Priority', kind: 'choice', options: priorities },
  { name: 'owner', label: 'Owner', kind: 'orchestrator' },
  { name: 'sla_state', label: 'Promise', kind: 'choice', options: ['running', 'warned', 'paused', 'violated', 'met', 'missed', 'none'] },
  { name: 'block_kind', label: 'Blocked by', kind: 'choice', options: ['dependencies', 'failure', 'manual', 'escalation'], isRare: true },
  { name: 'agent', label: 'Agent', kind: 'agent', isRare: true },
  { name: 'lease_holder', label: 'Held by', kind: 'orchestrator', isRare: true },
  { name: 'lease_agent', label: 'Worked on by', kind: 'agent', isRare: true },
  { name: 'worker', label: 'Worker', kind: 'orchestrator', isRare: true },
  { name: 'assigned', label: 'Assigned', kind: 'choice', options: ['true', 'false'], isRare: true },
  { name: 'assignee', label: 'Assignee', kind: 'words', isRare: true },
  { name: 'workspace', label: 'Workspace', kind: 'words', isRare: true },
  { name: 'channel', label: 'Channel', kind: 'words', isRare: true },
  { name: 'tag', label: 'Tag', kind: 'words', isRare: true },
  { name: 'required_capability', label: 'Needs', kind: 'words', isRare: true },
  ...(['due_at', 'sla_deadline', 'created_at', 'updated_at', 'completed_at'] as const).flatMap((name): readonly Filter[] => [
    { name: `${name}From`, label: `${spaced(name)} from`, kind: 'day', isRare: true }, { name: `${name}To`, label: `${spaced(name)} before`, kind: 'day', isRare: true },
  ]),
]

const columns: readonly Column<TaskRow>[] = [
  { name: 'title', title: 'Task', sort: 'title', width: 'wide', shows: ({ task, title }) => html`<a href=${hrefOf(`/tasks/${task}`)}>${title}</a>` },
  { name: 'status', title: 'Status', shows: ({ status, block_kind }) => html`<${Badge} word=${status} text=${block_kind ? `blocked: ${block_kind}` : undefined} />` },
  { name: 'priority', title: 'Priority', sort: 'rank', shows: ({ priority }) => html`<${Badge} word=${priority} />` },
  { name: 'owner', title: 'Owner', shows: ({ owner }) => html`<${Orchestrator} id=${owner} />` },
  { name: 'agent', title: 'Agent', shows: ({ agent, lease_agent, assignee }) => (agent ?? lease_agent ? html`<${Agent} id=${agent ?? lease_agent} />` : assignee ?? html`<span class="none">–</span>`) },
  { name: 'progress', title: 'Done', isNumber: true, shows: ({ progress }) => `${progress} %` },
  { name: 'deadline', title: 'Deadline', sort: 'deadline', shows: ({ deadline, sla_state, completed_at }) => html`${sla_state === 'none' || sla_state === 'running' ? null : html`<${Badge} word=${sla_state} /> `}${completed_at ? null : html`<${Ago} at=${deadline} />`}` },
  { name: 'attempt', title: 'Attempt', isNumber: true, shows: ({ attempt, max_retries }) => `${attempt + 1} of ${max_retries + 1}` },
  { name: 'workspace', title: 'Workspace', shows: ({ workspace }) => workspace ?? html`<span class="none">–</span>` },
  { name: 'tags', title: 'Tags', shows: ({ tags }) => tags.join(', ') },
  { name: 'updated_at', title: 'Changed', sort: 'updated_at', shows: ({ updated_at }) => html`<${Ago} at=${updated_at} />` },
  { name: 'created_at', title: 'Made', sort: 'created_at', shows: ({ created_at }) => html`<${Ago} at=${created_at} />` },
]
const usual = ['title', 'status', 'priority', 'owner', 'agent', 'progress', 'deadline', 'updated_at']
const usualSort = '-created_at'

const keyOf = ({ task }: TaskRow) => task

export default function Work() {
  const { words } = usePlace()
  const view = words.get('view') === 'board' ? 'board' : 'table'
  const wanted = filtered(words, filters)
  return html`<div class="head"><h1 tabindex="-1">Work</h1>
      <div class="buttons" role="group" aria-label="View">${(['table', 'board'] as const).map((one) => html`<button key=${one} type="button" aria-pressed=${view === one} onClick=${() => say('view', one === 'table' ? undefined : one)}>${one}</button>`)}</div>
      <div class="deeds buttons"><${Do} deed=${next} /><${Do} deed=${create()} className="primary" /></div></div>
    <${Filters} filters=${filters} />
    ${view === 'board' ? html`<${Board} wanted=${wanted} />` : html`<${Tasks} wanted=${wanted} />`}`
}

function Tasks({ wanted }: { readonly wanted: Readonly<Record<string, string | readonly string[]>> }) {
  const { words } = usePlace()
  const sort = words.get('sort') ?? usualSort
  const path = pathWith('/tasks', { ...wanted, sort })
  const names = words.get('columns')?.split(',') ?? usual
  const shown = columns.filter(({ name }) => names.includes(name))
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [outcome, setOutcome] = useState('')
  const done = (answer: any) => {
    const text = bulkOutcome(answer)
    setChosen(new Set())
    setOutcome(text)
    announce(text)
  }
  const ids = [...chosen].slice(0, 100)
  return html`<${Table} key=${path} title="Tasks" columns=${shown} keyOf=${keyOf} nameOf=${({ title }: TaskRow) => title}
      paged=${(inSight: number) => usePages<TaskRow>(path, keyOf, inSight)} open=${({ task }: TaskRow) => go(hrefOf(`/tasks/${task}`))}
      sort=${sort} onSort=${(by: string) => say('sort', by === usualSort ? undefined : by)} chosen=${chosen} onChoose=${may('write') ? setChosen : undefined}
      empty=${Object.keys(wanted).length > 0 ? html`<p>No task is like this. Fewer filters show more.</p>` : html`<p>There are no tasks yet. Make one above, or:</p><pre>npm run baton -- import run --mapping itsm-incidents --data FOLDER</pre>`} />
    <details class="columns-chosen"><summary>Columns</summary><div class="buttons">${columns.map(({ name, title }) => html`<label key=${name}><input type="checkbox" checked=${names.includes(name)} disabled=${name === 'title'}
      onChange=${() => say('columns', (names.includes(name) ? names.filter((one) => one !== name) : [...names, name]).join(','))} /> ${title}</label>`)}</div></details>
    ${outcome && chosen.size === 0 && html`<p class="hint">${outcome}</p>`}
    ${chosen.size > 0 && html`<div class="bulk" role="region" aria-label="Chosen tasks"><strong>${plural(chosen.size, 'task')} chosen${chosen.size > 100 ? '; the first 100' : ''}</strong>
      ${bulkDeeds(ids, done).map((deed) => html`<${Do} key=${deed.label} deed=${deed} />`)}
      <button type="button" class="plain" onClick=${() => setChosen(new Set())}>None</button></div>`}`
}

const opens = (answer: Readonly<Record<string, unknown>>) => { if (typeof answer['id'] === 'string') go(hrefOf(`/tasks/${answer['id']}`)) }

const next: Deed = { label: 'Assign the next task', path: '/tasks/queue/next', done: opens }

const create = (): Deed => ({
  label: 'New task', path: '/tasks', done: opens,
  fields: [
    { name: 'title', label: 'Title' }, { name: 'description', label: 'Description', kind: 'long', isOptional: true },
    ...(ownOrchestrator() === undefined ? [{ name: 'owner', label: 'Owner', kind: 'orchestrator' as const }] : []),
    { name: 'priority', label: 'Priority', kind: 'choice', options: priorities, initial: 'MEDIUM' },
    { name: 'dueAt', label: 'Due', kind: 'instant', isOptional: true, hint: 'In your zone.' },
    { name: 'requiredCapabilities', label: 'Needs', kind: 'words', isOptional: true, hint: 'Capabilities, separated by commas.' },
    { name: 'tags', label: 'Tags', kind: 'words', isOptional: true, hint: 'Separated by commas.' },
  ],
})
