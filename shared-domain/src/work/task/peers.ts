import { capacities } from '../../fleet/capacity/capacities.ts'
import { statuses } from '../../fleet/orchestrator/events.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { settingOf } from '../../fleet/organization/settings.ts'
import { Rejection, type Context } from '../../kernel/decider.ts'
import { cited, rowsOf } from '../../kernel/grounds.ts'
import { closedAmong, closedRows, type Closed, type ToldRow } from '../../rhythm/schedule/told.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { tallied } from '../policies/measures.ts'
import { carryingColumns, passing, peerColumns, type CarryingRow, type PeerRow } from '../policies/passing.ts'
import type { Placing } from '../policies/placing.ts'
import type { Task } from './events.ts'
import { unable } from './guards.ts'
import { outside, type OnUnavailable } from './outside-hours.ts'
import { rejected_max } from './shapes.ts'
import type { Known } from './state.ts'

const candidates_max = 5
/** So many of the best are looked at, whether they still take work, before it is said that nobody does. */
const looked_at_max = 20

/** What the choice rests on: orchestrators that have not left, and what they carry. */
export const peersAsked = {
  peers: rowsOf(orchestrators, { columns: peerColumns, where: { status: [...statuses] } }),
  carrying: rowsOf(capacities, { columns: carryingColumns }),
  closed: closedRows,
}

type Move = ReturnType<typeof Task.TaskDelegated>['data']
/** To whom a task is passed, and how it came to that. */
export type Target = Pick<Move, 'to' | 'policy' | 'candidates' | 'rejected' | 'grounds'>

export const named = (to: OrchestratorId): Target => ({ to, policy: null, candidates: [], rejected: [], grounds: null })

/** Nobody would have it, for these reasons. */
export type Nobody = Pick<ReturnType<typeof Task.TaskPlacementFailed>['data'], 'policy' | 'rejected' | 'counts' | 'grounds'>

/** The best that takes work and has room for more, as the rows have it and as it stands now. */
function best({ ranked }: Placing, task: Known, wish: OnUnavailable, context: Context) {
  const passed: { id: string; code: string }[] = []
  const refusedBy = new Map((context.refused ?? []).map(({ id, code }) => [id, code]))
  for (const { id } of ranked.slice(0, looked_at_max)) {
    const to = OrchestratorId.parse(id)
    const isClosed = () => outside(to, task, wish, context) instanceof Rejection
    const code = refusedBy.get(id) ?? (unable(to, context) ? 'UNAVAILABLE' : isClosed() ? 'CLOSED' : undefined)
    if (code === undefined) return { to, passed }
    passed.push({ id, code })
  }
  return { to: undefined, passed }
}

/** Whom the policy of the organization chooses, among all but those who passed the task on and those to whom it was passed in vain. */
export function chosenFor(
  task: Known, tried: readonly string[], onUnavailable: OnUnavailable, context: Context,
): { readonly target: Target } | { readonly nobody: Nobody } {
  const { owner, chain, priority, details: { tags, requiredCapabilities } } = task
  const { peers = [], carrying = [], closed = [] } = context.grounds!.rows
  const policy = settingOf(context, 'delegatePolicy')
  const among = (closed: Closed) => passing(
    peers as never as readonly PeerRow[], carrying as never as readonly CarryingRow[], { priority, tags, requiredCapabilities },
    { policy, delegators: [owner, ...chain.map(({ from }) => from)], tried, closed },
  )
  const found = (placing: Placing, wish: OnUnavailable) => ({ placing, ...best(placing, task, wish, context) })
  const open = found(among(closedAmong(closed as never as readonly ToldRow[], context.at)), 'reject')
  // Who is closed may be chosen where it is said what happens then, and nobody is open.
  const isHeeded = open.to !== undefined || onUnavailable === undefined || onUnavailable === 'reject'
  const { placing, to, passed } = isHeeded ? open : found(among(new Map()), onUnavailable)
  const rejected = [...passed, ...placing.rejected].slice(0, rejected_max)
  const grounds = cited(context.grounds!)
  if (to) return { target: { to, policy, candidates: [...placing.ranked.slice(0, candidates_max)], rejected, grounds } as Target }
  return { nobody: { policy, rejected, counts: tallied([...passed, ...placing.rejected]), grounds } as Nobody }
}
