import { isPrivileged, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { depth_max, isTooLate, returnedTo, youngestOf, type Delegation, type Terms } from './chain.ts'
import type { TaskEvent } from './events.ts'
import { overreach, unable } from './guards.ts'
import { outside, type OnUnavailable } from './outside-hours.ts'
import { chosenFor, named, type Target } from './peers.ts'
import type { OutsideHours } from './shapes.ts'
import { moves_max, wordsOf, type Known } from './state.ts'
import { accepted, endsOf } from './unwinding.ts'

export interface MoveWish {
  readonly to?: OrchestratorId | undefined
  readonly force: boolean
  readonly onUnavailable?: OnUnavailable
  readonly retries: number
  readonly answerWithin_s?: number | undefined
  readonly finishWithin_s?: number | undefined
}

/** The guards that delegation and handoff share (S-16, S-17), whoever is to have the task. */
export function immovable(task: Known, { to, force }: MoveWish, set: Partial<Terms>, context: Context) {
  if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
  if (to === task.owner) return reject('SELF_DELEGATION')
  if (force && !isPrivileged(context)) return reject('FORBIDDEN')
  const recent = task.moves.filter(({ at }) => elapsed_ms(at, context.at) < day_ms)
  if (recent.length >= moves_max && !force) return reject('DELEGATION_LIMIT', { moves: recent.length, within: 'P1D' })
  const { chain } = task
  const opens = !chain.some(({ from }) => from === to)
  if (opens && chain.length >= depth_max) return reject('DELEGATION_LIMIT', { open: chain.length })
  const youngest = youngestOf(chain)
  if (opens && youngest && isTooLate(youngest, context.at)) return reject('NO_DELEGATION')
  return overreach(task, set, context)
}

/** To whom the task goes: who is named, or whom the policy chooses at once. */
export function targetOf(task: Known, { to, onUnavailable }: MoveWish, context: Context) {
  if (to !== undefined) return unable(to, context) ?? named(to)
  const chosen = chosenFor(task, [], onUnavailable, context)
  return 'target' in chosen ? chosen.target : reject('ORCHESTRATOR_UNAVAILABLE', { counts: chosen.nobody.counts })
}

/** Whether who is to have it is outside its hours. */
export const outsideOf = (
  { to }: Target, terms: Pick<Known, 'priority'>, { onUnavailable }: Pick<MoveWish, 'onUnavailable'>, context: Context,
) => outside(to, terms, onUnavailable, context)

/** What becomes of delegations before a move: whoever passes the task on has accepted it; to a delegator it comes back. */
export function before(task: Known, to: OrchestratorId): readonly TaskEvent[] {
  const returned = returnedTo(task.chain, to)
  if (returned.ends.length > 0) return endsOf(task, returned, null)
  const youngest = youngestOf(task.chain)
  return youngest?.state === 'OFFERED' ? [accepted(task, youngest)] : []
}

const by_s = (at: string, within_s: number | undefined) => (within_s === undefined ? null : later(at, within_s * second_ms))

/** What is said of the time that a delegation has. */
type Spans = Pick<Delegation, 'retries' | 'answerBy' | 'finishBy'>

export const spansOf = ({ retries, answerWithin_s, finishWithin_s }: MoveWish, at: string): Spans =>
  ({ retries, answerBy: by_s(at, answerWithin_s), finishBy: by_s(at, finishWithin_s) })

const noSpans: Spans = { retries: 0, answerBy: null, finishBy: null }

/** What a move carries besides. One that gives the task back opens no delegation. */
export function passed(
  task: Known, target: Target, spans: Spans, slaDeadline: string | null, { at }: Context, outsideHours: OutsideHours | null,
) {
  const { agentSlot, dependsOn, chain, moves } = task
  const { to } = target
  const opens = !chain.some(({ from }) => from === to)
  return {
    ...target, agentSlot, slaDeadline, dependsOn: [...dependsOn],
    ...(opens ? { ...spans, depth: chain.length + 1 } : { ...noSpans, depth: null }), attempt: 1, retryOf: null,
    back: moves.filter((made) => made.from === to && elapsed_ms(made.at, at) < day_ms).length, outsideHours,
  }
}

/** Whether that is how the task was passed on, as far as it was said; one that came back was passed on in no such way. */
const isOfferedSo = (youngest: Delegation | undefined, wish: MoveWish) => {
  if (!youngest) return true
  const { retries, answerBy, finishBy } = spansOf(wish, youngest.at)
  return youngest.retries === retries && youngest.answerBy === answerBy && youngest.finishBy === finishBy
}

interface Words { readonly note: string | null; readonly context: object; readonly percentage?: number | undefined }

/** The move was made before, by the same hand and with the same words: asked again, nothing changes, and nothing that was said is lost. */
export function isRepeated({ owner, lastMove, chain }: Known, wish: MoveWish, said: Words, { by }: Context): boolean {
  if (lastMove === null || lastMove.by.kind !== by.kind || lastMove.by.id !== by.id) return false
  const isToSame = wish.to === undefined ? lastMove.policy !== null : wish.to === owner
  if (!isToSame || !isOfferedSo(youngestOf(chain), wish)) return false
  return lastMove.words === wordsOf.move(said) && (said.percentage === undefined || said.percentage === lastMove.percentage)
}
