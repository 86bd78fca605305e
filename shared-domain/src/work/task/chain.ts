import { elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { priorities, type OrchestratorId, type Priority } from '../../vocabulary.ts'

/** What whoever passed the task on left to its target, who may not give more. */
export interface Terms {
  readonly priority: Priority
  readonly dueAt: string | null
  readonly slaDeadline: string | null
}

/** A move that has not come to its end. */
export interface Delegation extends Terms {
  /** Revision of the move. */
  readonly id: string
  readonly from: OrchestratorId
  readonly to: OrchestratorId
  readonly state: 'OFFERED' | 'ACCEPTED' | 'STARTED' | 'FAILED'
  readonly at: string
  readonly note: string | null
  readonly answerBy: string | null
  readonly finishBy: string | null
  readonly attempt: number
  readonly retries: number
  /** To whom it was passed, in this attempt and those before it. */
  readonly tried: readonly OrchestratorId[]
}

/** The open delegations of a task, oldest first: each target is the delegator of the next, the last one owns the task. */
export type Chain = readonly Delegation[]

export const depth_max = 5

/** An offer that nobody may accept any more. */
export const isTooLate = ({ state, answerBy }: Delegation, at: string) => state === 'OFFERED' && answerBy !== null && at >= answerBy

export const youngestOf = (chain: Chain): Delegation | undefined => chain.at(-1)

export type Outcome = 'COMPLETED' | 'CANCELLED' | 'DECLINED' | 'RECALLED' | 'TIMED_OUT' | 'FAILED' | 'RETURNED'

export interface End {
  readonly delegation: Delegation
  readonly outcome: Outcome
}

/** What ends, youngest first, and what stays open. */
export interface Unwinding {
  readonly ends: readonly End[]
  readonly rest: Chain
}

const ended = (delegations: Chain, outcome: Outcome): readonly End[] =>
  delegations.map((delegation) => ({ delegation, outcome })).toReversed()

/**
 * One delegation ends, and with it all that came of it. Its delegator gets the task back; where that one has left, the delegator before
 * it, whose own delegation thereby comes back as well; where there is none, the task stays with whoever has it.
 */
export function unwound(
  chain: Chain, { id }: Delegation, outcome: Outcome, hasLeft: (delegator: OrchestratorId) => boolean,
): Unwinding & { readonly to: OrchestratorId | null } {
  const index = chain.findIndex((one) => one.id === id)
  const staying = chain.slice(0, index + 1).findLastIndex(({ from }) => !hasLeft(from))
  const last = Math.max(0, staying)
  const ends = [
    ...ended(chain.slice(index + 1), 'RECALLED'), ...ended(chain.slice(index, index + 1), outcome),
    ...ended(chain.slice(last, index), 'RETURNED'),
  ]
  return { ends, rest: chain.slice(0, last), to: staying < 0 ? null : chain[staying]!.from }
}

/** The task comes back to one of its delegators: that one's delegation is at its end, and all younger ones. Nothing ends for others. */
export function returnedTo(chain: Chain, to: string): Unwinding {
  const index = chain.findIndex(({ from }) => from === to)
  return index < 0 ? { ends: [], rest: chain } : { ends: ended(chain.slice(index), 'RETURNED'), rest: chain.slice(0, index) }
}

/** The task has come to its end, and with it every delegation. */
export const closed = (chain: Chain, outcome: 'COMPLETED' | 'CANCELLED'): Unwinding => ({ ends: ended(chain, outcome), rest: [] })

/** No time at all is later than any. */
export const isLater = (wanted: string | null, left: string | null) => left !== null && (wanted === null || wanted > left)

/** Which of the terms that are set is more than the youngest delegation left, and what that left; none while nothing is delegated. */
export function exceeding(chain: Chain, { priority, dueAt, slaDeadline }: Partial<Terms>) {
  const left = youngestOf(chain)
  if (!left) return undefined
  if (priority !== undefined && priorities.indexOf(priority) < priorities.indexOf(left.priority))
    return { term: 'priority', given: left.priority }
  if (dueAt !== undefined && isLater(dueAt, left.dueAt)) return { term: 'dueAt', given: left.dueAt }
  return slaDeadline !== undefined && isLater(slaDeadline, left.slaDeadline) ? { term: 'slaDeadline', given: left.slaDeadline } : undefined
}

const first_retry_ms = 5 * second_ms
/** For so long after a retry is due the delegator does not take the task up itself. */
export const head_start_ms = 30 * second_ms

/** When it is tried with somebody else, of a delegation that came to nothing; null when it is not. */
export const retryAtOf = ({ attempt, retries }: Delegation, at: string): string | null =>
  (attempt <= retries ? later(at, first_retry_ms * 2 ** (attempt - 1)) : null)

/** The same time after another move. */
export const againAfter = ({ at }: Delegation, by: string | null, moved: string): string | null =>
  (by === null ? null : later(moved, elapsed_ms(at, by)))
