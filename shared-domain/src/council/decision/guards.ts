import { agentState } from '../../fleet/agent/state.ts'
import { commandsOf, isPrivileged, reject, type Circumstances, type Context, type Rejection } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms } from '../../kernel/time.ts'
import { OrchestratorId, TaskId } from '../../vocabulary.ts'
import { taskState } from '../../work/task/state.ts'
import type { Verdict } from '../tally/outcome.ts'
import { ballotsOf, counting, turnoutOf, type Counting } from './counting.ts'
import { consequenceOf } from './effect.ts'
import { Decision, type DecisionEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import type { DecisionState, Pending, Question } from './state.ts'

export type Code = keyof typeof rejections
export type Facts = readonly DecisionEvent[] | Rejection<Code>

/** Some of the commands of a decision. */
export const room = commandsOf<DecisionState, DecisionEvent, Code>()

/** How far ahead a deadline may lie. */
export const ahead_max_ms = 366 * day_ms

export function untimely(deadline: string | undefined, at: string) {
  if (deadline === undefined) return undefined
  if (deadline <= at) return reject('DEADLINE_PASSED')
  return elapsed_ms(at, deadline) > ahead_max_ms ? reject('DEADLINE_TOO_FAR') : undefined
}

type Asked = Pick<Question, 'asker' | 'task'>

function concerned({ asker, task }: Asked, { look }: Context): OrchestratorId | null {
  if (asker !== null) return OrchestratorId.parse(asker)
  const about = task === null ? undefined : look(taskState, task)
  return about && about.status !== 'NONE' ? about.owner : null
}

/** The task that a question is about, and whom it concerns. */
export const about = (question: Asked, context: Context) =>
  ({ task: question.task as TaskId | null, concerns: concerned(question, context) })

/** The orchestrator that hears what concerns an elector: itself, of an agent the one that supervises it. */
export function orchestratorOf(kind: 'orchestrator' | 'agent', elector: string, { look }: Pick<Context, 'look'>): OrchestratorId | null {
  if (kind === 'orchestrator') return OrchestratorId.parse(elector)
  const known = look(agentState, elector)
  return known.stage === 'unknown' ? null : known.profile.orchestrator
}

/** Whom a caller is in an electorate: itself, a daemon the orchestrator that it serves. */
export const selfOf = ({ by, actsFor }: Pick<Circumstances, 'by' | 'actsFor'>): string | null => (by.kind === 'agent' ? by.id : actsFor)

export const isProposer = (state: Question, { by, actsFor }: Context): boolean =>
  (state.asker === null ? state.proposer.id === by.id : state.asker === actsFor)

/** The proposer, or who is above it. */
export const leads = (state: Question, context: Context): boolean => isPrivileged(context) || isProposer(state, context)

export const isOpen = (state: DecisionState, at: string): state is Pending =>
  state.stage === 'pending' && (state.deadline === null || at < state.deadline)

export const closed = (state: Question & { stage: string }) => reject('DECISION_CLOSED', { outcome: state.stage })

/** The outcome, decided by the first fact of this append, and who had a part in it. */
export function conclusion(
  state: Question, count: Counting, verdict: Verdict, said: string, elector: string | null, context: Context,
): readonly DecisionEvent[] {
  const { carried, agreed } = turnoutOf({ stage: verdict.status, option: verdict.option }, count)
  const { concerns } = about(state, context)
  const isEmpty = carried.length === 0 && agreed.length === 0
  const revealed = state.ballot === 'sealed' ? [Decision.BallotsOpened({ ballots: ballotsOf(state, count), concerns })] : []
  // What nobody decided by voting is decided by the outcome itself.
  const revision = state.revision + 1 + (elector === null ? revealed.length : 0)
  return [
    ...revealed, outcome(state, count, verdict, said, { elector, revision: String(revision) }, context),
    ...(isEmpty ? [] : [Decision.TurnoutTaken({ carried, agreed, concerns })]),
  ]
}

function outcome(
  state: Question, { tally, missing }: Counting, verdict: Verdict, said: string,
  decidedBy: { readonly elector: string | null; readonly revision: string }, context: Context,
) {
  const { status, reason, rounds, strengths, option } = verdict
  const { type } = state
  const data = {
    type, ...about(state, context), tally, reason: reason ?? said, option, rounds: rounds as never, strengths: strengths as never,
    missing: [...missing], decidedBy, origin: null,
    effect: status === 'approved' ? consequenceOf(context.id, state.effect, { option, options: state.rule.options }) : null,
  }
  switch (status) {
    case 'approved': return Decision.DecisionApproved(data)
    case 'rejected': return Decision.DecisionRejected(data)
    case 'expired': return Decision.DecisionExpired(data)
  }
}

/** What an elector did, and the outcome if nothing can change it any more. */
export function followed(
  state: Pending, after: Pick<Question, 'electorate' | 'rule' | 'votes' | 'changes'>, elector: string,
  fact: (counting: Counting) => DecisionEvent,
  context: Context,
): readonly DecisionEvent[] {
  const count = counting(after)
  const reason = count.missing.length === 0 ? 'all have voted' : 'no vote still to come can change it'
  return [fact(count), ...(count.verdict ? conclusion({ ...state, ...after }, count, count.verdict, reason, elector, context) : [])]
}
