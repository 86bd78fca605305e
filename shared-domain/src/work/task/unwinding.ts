import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { later } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { closed, head_start_ms, retryAtOf, unwound, youngestOf, type Delegation, type Unwinding } from './chain.ts'
import { Task, type TaskEvent } from './events.ts'
import { moving } from './guards.ts'
import { waitingAnew } from './outside-hours.ts'
import { after, leaseOf, type Known, type TaskState } from './state.ts'

const told = (task: Known, { id: delegation, from, to }: Delegation) => ({ owner: task.owner, delegation, from, to })
const noEnd = { outcome: null, reason: null }

export const accepted = (task: Known, delegation: Delegation) => Task.DelegationAccepted({ ...told(task, delegation), ...noEnd })

/** Whoever starts the task starts it for all who passed it on. */
export const startedFor = (task: Known): readonly TaskEvent[] => task.chain.filter(({ state }) => state !== 'STARTED')
  .map((delegation) => Task.DelegationStarted({ ...told(task, delegation), ...noEnd }))

/** Each end tells which delegation is open after all of them. */
export function endsOf(task: Known, { ends, rest }: Unwinding, reason: string | null): readonly TaskEvent[] {
  const open = youngestOf(rest)
  const youngest = open
    ? { delegation: open.id, from: open.from, depth: rest.length, answerBy: open.answerBy, finishBy: open.finishBy }
    : null
  return ends.map(({ delegation, outcome }) => Task.DelegationEnded({ ...told(task, delegation), outcome, reason, youngest }))
}

/** The task is over, and with it every delegation. */
export const over = (task: Known, outcome: 'COMPLETED' | 'CANCELLED') => endsOf(task, closed(task.chain, outcome), null)

/** Who owns a task is no collaborator of it. */
export const owning = ({ collaborators }: Known, to: OrchestratorId): readonly TaskEvent[] => {
  const answer = collaborators.get(to)?.answer
  return answer === 'asked' || answer === 'accepted' ? [Task.CollaboratorRemoved({ owner: to, collaborator: to, reason: 'owner' })] : []
}

/** Why a delegation ends before the task does, and whether it is tried with somebody else. */
const causes = {
  DECLINED: { cause: 'declined', isRetried: true },
  RECALLED: { cause: 'recalled', isRetried: false },
  TIMED_OUT: { cause: 'timed out', isRetried: true },
  FAILED: { cause: 'failed', isRetried: true },
} as const

/** The task goes back to whoever passed it on; where all of those have left it stays, and only what was open ends. */
export function givenBack(
  task: Known, delegation: Delegation, outcome: keyof typeof causes, reason: string | null, context: Context,
): readonly TaskEvent[] {
  const { cause, isRetried } = causes[outcome]
  const hasLeft = (who: OrchestratorId) => context.look(orchestratorState, who).stage !== 'registered'
  const { to, ...unwinding } = unwound(task.chain, delegation, outcome, hasLeft)
  const ended = endsOf(task, unwinding, reason)
  if (to === null) return ended
  const returned = Task.TaskReturned({
    ...moving(task), to, delegation: delegation.id, cause, lease: leaseOf(task), agentSlot: task.agentSlot,
    retryAt: isRetried ? retryAtOf(delegation, context.at) : null,
  })
  const facts = [...ended, returned, ...owning(task, to), ...waitingAnew(task, to, null, context)]
  return task.status === 'IN_PROGRESS' ? freed(task, context, ...facts) : facts
}

/** The task gave up trying: who passed it on hears of it, and has it back where it is to be tried with somebody else. */
export function givenUp(task: TaskState, context: Context, ...facts: readonly TaskEvent[]): readonly TaskEvent[] {
  const blocked = after(task, context, ...facts)
  const youngest = youngestOf(blocked.chain)
  if (!youngest) return facts
  const failed = [...facts, Task.DelegationFailed({ ...told(blocked, youngest), ...noEnd })]
  const retryAt = retryAtOf(youngest, context.at)
  if (retryAt === null) return failed
  const back = givenBack(blocked, youngest, 'FAILED', null, context)
  const { owner, status } = after(blocked, context, ...back)
  if (owner === blocked.owner) return [...failed, ...back]
  return freed(task, context, ...failed, ...back,
    Task.TaskUnblocked({ owner, from: status, kind: 'failure', reason: 'it is tried with somebody else' }),
    Task.TaskRetryScheduled({ owner, attempt: 0, nextRetryAt: later(retryAt, head_start_ms) }))
}
