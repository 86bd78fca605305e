import type { Day } from '../days.ts'
import { lastDays } from '../days.ts'
import { agentDeeds, type AgentRow } from '../fleet.ts'
import { clock } from '../held.ts'
import { hrefOf } from '../places.ts'
import { useQuery, type Page, type Positioned } from '../queries.ts'
import { html } from '../view.ts'
import { duration, number, percent, spaced } from '../words.ts'
import { Badge } from '../parts/badge.ts'
import { Do } from '../parts/deed.ts'
import { Did } from '../parts/did.ts'
import { Known } from '../parts/known.ts'
import { Agent, Orchestrator, TaskTitle } from '../parts/name.ts'
import { Failed, Tile } from '../parts/tile.ts'
import { Ago, At } from '../parts/time.ts'
import { Timeline, useTimeline } from '../parts/timeline.ts'

interface AgentWhole extends AgentRow, Positioned { readonly capabilities: readonly { readonly skill: string; readonly [measure: string]: unknown }[]; readonly supervisor: string | null; readonly tags: readonly string[] }
interface Task { readonly task: string; readonly title: string; readonly status: string; readonly priority: string; readonly progress: number }
interface Attempt { readonly task: string; readonly token: string; readonly started_at: string; readonly ended_at: string | null; readonly outcome: string | null; readonly error: string | null }

const days = 14

export default function AgentPage({ id }: { readonly id: string }) {
  const agent = useQuery<AgentWhole>(`/agents/${id}`)
  const tasks = useQuery<Positioned & { readonly items: readonly Task[] }>(`/agents/${id}/tasks`)
  const attempts = useQuery<Page<Attempt>>(`/attempts?agent=${id}&limit=20`)
  const did = useQuery<Page<Day>>(`/performance?kind=agent&subject=${id}&dayFrom=${lastDays(days, clock.get())[0]}&limit=200`)
  const timeline = useTimeline(`agent-${id}`)
  const { answer: row, failure } = agent
  if (!row && failure) return html`<h1 tabindex="-1">Agent</h1><${Failed} failure=${failure} again=${agent.again} />`
  const shown = timeline.revision === undefined ? undefined : { stream: `agent-${id}`, revision: timeline.revision }
  return html`<p class="trail"><a href=${hrefOf('/fleet', 'of=agents')}>Fleet</a></p>
    <div class="head"><h1 tabindex="-1">${row?.name ?? 'Agent'}</h1>
      ${row && html`<p class="verdict"><${Badge} word=${row.status} />${row.breaker !== 'CLOSED' && html` <${Badge} word=${row.breaker} text=${`circuit ${spaced(row.breaker)}`} />`}</p>
        <div class="deeds buttons">${agentDeeds(row, shown).map((deed) => html`<${Do} key=${deed.label} deed=${deed} />`)}</div>`}</div>
    <div class="columns">
      <div class="stack">
        <${Tile} title="How it stands" of=${agent}>${(one: AgentWhole) => html`${one.description && html`<p class="prose">${one.description}</p>`}<${Known} rows=${[
          ['Works under', one.orchestrator && html`<${Orchestrator} id=${one.orchestrator} />`], ['Led by', one.supervisor && html`<${Agent} id=${one.supervisor} />`],
          ['Slots', `${one.current} of ${one.max_concurrent} taken`], ['Reliability', percent(one.reliability)], ['Did well', `${number(one.good)} of ${number(one.good + one.bad)}`],
          ['Failed in a row', one.bad_in_row > 0 ? number(one.bad_in_row) : null], ['Circuit', html`${spaced(one.breaker)}${one.breaker_until && html`, until <${At} at=${one.breaker_until} />`}`],
          ['Worked last', one.last_slot_at && html`<${Ago} at=${one.last_slot_at} />`], ['Skills', one.skills.join(', ')], ['Tags', one.tags.join(', ')], ['Version', one.version], ['Id', html`<span class="id">${one.agent}</span>`],
        ]} />`}<//>
        <${Tile} title="Its tasks" of=${tasks} isEmpty=${({ items }: { items: readonly Task[] }) => items.length === 0} empty=${html`<p>It is assigned to none.</p>`}>
          ${({ items }: { items: readonly Task[] }) => html`<ul class="plain lines">${items.map(({ task, title, status, progress }) => html`<li key=${task}><${Badge} word=${status} /> <a href=${hrefOf(`/tasks/${task}`)}>${title}</a> <span class="beside">${progress} %</span></li>`)}</ul>`}<//>
        <${Tile} title=${`How it did in ${days} days`} of=${did}>${({ items }: Page<Day>) => html`<${Did} rows=${items} count=${days} />`}<//>
      </div>
      <div class="stack">
        <${Tile} title="What it worked on last" of=${attempts} isEmpty=${({ items }: Page<Attempt>) => items.length === 0} empty=${html`<p>Nothing yet.</p>`}>
          ${({ items }: Page<Attempt>) => html`<ul class="plain lines">${items.map(({ task, token, started_at, ended_at, outcome, error }) => html`<li key=${`${task} ${token}`}>${outcome ? html`<${Badge} word=${outcome} />` : html`<${Badge} word="running" />`} <${Title} task=${task} />
            <span class="beside"><${Ago} at=${started_at} />${ended_at && `, took ${duration(Date.parse(ended_at) - Date.parse(started_at))}`}</span> <span class="detail">${error}</span></li>`)}</ul>`}<//>
        <${Timeline} of=${timeline} />
      </div>
    </div>`
}

const Title = ({ task }: { readonly task: string }) => html`<a href=${hrefOf(`/tasks/${task}`)}><${TaskTitle} id=${task} /></a>`
