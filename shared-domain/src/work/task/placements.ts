import { agents } from '../../fleet/agent/agents.ts'
import { statuses } from '../../fleet/agent/events.ts'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { isPrivileged, type Circumstances } from '../../kernel/decider.ts'
import { rowsOf, type Asked, type Grounds } from '../../kernel/grounds.ts'
import { elapsed_ms, hour_ms } from '../../kernel/time.ts'
import { closedAmong, closedRows, type Closed, type ToldRow } from '../../rhythm/schedule/told.ts'
import { agentPolicies, columns, type AgentRow } from '../policies/agent-policies.ts'
import type { AgentPolicyName } from '../policies/names.ts'
import { placer, type Placing } from '../policies/placing.ts'
import { backlog } from './backlog.ts'
import type { OnUnavailable } from './outside-hours.ts'
import type { Known } from './state.ts'

/** So long who let a task lapse is not chosen for it again, and nothing is said twice of why nobody was found. */
const remembered_ms = hour_ms

export interface Wish {
  readonly policy: AgentPolicyName
  readonly exclude?: readonly string[] | undefined
  readonly need?: 'some' | 'all' | undefined
  /** Where it is said that the task waits for hours, or does not heed them, who is closed may be chosen if nobody is open. */
  readonly onUnavailable?: OnUnavailable
}

/** The agents of those lapses that are not yet forgotten. */
export const remembered = (lapsed: readonly { readonly agent: string; readonly at: string }[], at: string): readonly string[] =>
  lapsed.filter((one) => elapsed_ms(one.at, at) < remembered_ms).map(({ agent }) => agent)

/** Agents that have not left for good. */
export const everyAgent = rowsOf(agents, { columns, where: { standing: [...statuses] } })

/** What a choice by the policy rests on. */
export function groundsOf(policy: AgentPolicyName, id: string): Asked {
  const { reads } = agentPolicies[policy]
  const words = { words: rowsOf(backlog, { columns: ['title', 'description'], where: { task: id } }) }
  return { agents: everyAgent, closed: closedRows, ...(reads ? words : {}) }
}

/** Of the same rows, what was found last and for what: whatever is held, decided and told of a task is asked for the same. */
const found = new WeakMap<Grounds, { readonly wish: string; readonly placing: Placing }>()

/** Who is to have the task, among all agents but those that did not let themselves be held. */
export function placingOf(task: Known, wish: Wish, context: Circumstances): Placing {
  const { grounds, refused, at } = context
  const { owner, priority, details: { requiredCapabilities }, lapsed } = task
  const asked = canonicalJson([wish, refused, at, isPrivileged(context), owner, priority, requiredCapabilities, lapsed])
  const last = grounds && found.get(grounds)
  if (last?.wish === asked) return last.placing
  const placing = placedAmong(task, wish, context)
  if (grounds) found.set(grounds, { wish: asked, placing })
  return placing
}

function placedAmong(task: Known, { policy, exclude = [], need = 'some', onUnavailable }: Wish, context: Circumstances): Placing {
  const { agents: rows = [], closed = [], words: [words] = [] } = context.grounds?.rows ?? {}
  const { owner, priority, details: { requiredCapabilities }, lapsed } = task
  const said = { title: '', description: null, ...words }
  const refused = (context.refused ?? []).map(({ id, code }) => ({ id, code }))
  const terms = { policy, exclude, need, at: context.at, anyone: isPrivileged(context), refused }
  const among = (closed: Closed) => placer(rows as never as readonly AgentRow[], { ...terms, closed })(
    { owner, priority, requiredCapabilities, ...said }, remembered(lapsed, context.at))
  const open = among(closedAmong(closed as never as readonly ToldRow[], context.at))
  return open.ranked.length > 0 || onUnavailable === undefined || onUnavailable === 'reject' ? open : among(new Map())
}

/** That nobody was found, for these reasons, was told a short while ago. */
export const isKnown = ({ placement, assignee }: Known, counts: Placing['counts'], at: string): boolean =>
  placement !== null && placement.score === null && assignee === null
  && elapsed_ms(placement.at, at) < remembered_ms && canonicalJson(placement.counts) === canonicalJson(counts)
