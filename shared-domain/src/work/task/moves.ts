import { z } from 'zod'
import { isPrivileged, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { DueInstant, jsonObject, OrchestratorId, Priority, text } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { depth_max, exceeding, isTooLate, returnedTo, youngestOf, type Delegation, type Terms } from './chain.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, moving, room, unable, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { leaseOf, moves_max, wordsOf, type Known } from './state.ts'
import { accepted, endsOf, owning } from './unwinding.ts'

interface MoveWish {
  readonly to: OrchestratorId
  readonly force: boolean
  readonly retries: number
  readonly answerWithin_s?: number | undefined
  readonly finishWithin_s?: number | undefined
}

/** The guards that delegation and handoff share (S-16, S-17). */
function immovable(task: Known, { to, force }: MoveWish, terms: Terms, context: Context) {
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
  const exceeded = isPrivileged(context) ? undefined : exceeding(chain, terms)
  return exceeded ? reject('TERMS_EXCEEDED', exceeded) : unable(to, context)
}

/** What becomes of delegations before a move: whoever passes the task on has accepted it; to a delegator it comes back. */
function before(task: Known, to: OrchestratorId): readonly TaskEvent[] {
  const returned = returnedTo(task.chain, to)
  if (returned.ends.length > 0) return endsOf(task, returned, null)
  const youngest = youngestOf(task.chain)
  return youngest?.state === 'OFFERED' ? [accepted(task, youngest)] : []
}

const by_s = (at: string, within_s: number | undefined) => (within_s === undefined ? null : later(at, within_s * second_ms))

/** What a move carries besides. One that gives the task back opens no delegation. */
function passing(task: Known, { to, retries, answerWithin_s, finishWithin_s }: MoveWish, { at }: Context) {
  const { agentSlot, dependsOn, chain, moves, sla } = task
  const opens = !chain.some(({ from }) => from === to)
  const opened = { retries, answerBy: by_s(at, answerWithin_s), finishBy: by_s(at, finishWithin_s), depth: chain.length + 1 }
  return {
    agentSlot, slaDeadline: sla.deadline, dependsOn: [...dependsOn],
    ...(opens ? opened : { retries: 0, answerBy: null, finishBy: null, depth: null }), attempt: 1, retryOf: null,
    back: moves.filter((made) => made.from === to && elapsed_ms(made.at, at) < day_ms).length,
    policy: null, candidates: [], rejected: [], grounds: null, outsideHours: null,
  }
}

/** Whether that is how the task was passed on, as far as it was said; one that came back was passed on in no such way. */
const isOfferedSo = (youngest: Delegation | undefined, { retries, answerWithin_s, finishWithin_s }: MoveWish) =>
  !youngest || (youngest.retries === retries && youngest.answerBy === by_s(youngest.at, answerWithin_s)
    && youngest.finishBy === by_s(youngest.at, finishWithin_s))

interface Words { readonly note: string | null; readonly context: object; readonly percentage?: number | undefined }

/** The move was made before, by the same hand and with the same words: asked again, nothing changes, and nothing that was said is lost. */
function isRepeated({ owner, lastMove, chain }: Known, wish: MoveWish, said: Words, { by }: Context): boolean {
  if (owner !== wish.to || lastMove === null || lastMove.by.kind !== by.kind || lastMove.by.id !== by.id) return false
  if (!isOfferedSo(youngestOf(chain), wish)) return false
  return lastMove.words === wordsOf.move(said) && (said.percentage === undefined || said.percentage === lastMove.percentage)
}

const move = {
  to: OrchestratorId,
  force: z.boolean().default(false),
  retries: z.int().min(0).max(3).default(0),
  answerWithin_s: z.int().min(60).max(604_800).optional(),
  finishWithin_s: z.int().min(60).max(31_536_000).optional(),
}

export const moves = room({
  delegate: {
    about: 'Pass a task that is not being worked on to another orchestrator for good.',
    aliases: olderWords.delegate,
    data: z.object({ ...move, note: text(1_000).optional(), priority: Priority.optional(), dueAt: DueInstant.optional() }),
    decide(task, { note = null, priority, dueAt, ...wish }, context) {
      const delegate = (task: Known): Decision => {
        const { to, force } = wish
        const terms = { priority: priority ?? task.priority, dueAt: dueAt ?? task.dueAt }
        const isSame = isRepeated(task, wish, { note, context: {} }, context)
        if (isSame && terms.priority === task.priority && terms.dueAt === task.dueAt) return []
        return immovable(task, wish, { ...terms, slaDeadline: task.sla.deadline }, context) ?? [
          ...before(task, to),
          Task.TaskDelegated({ ...moving(task), to, note, forced: force, ...terms, ...passing(task, wish, context) }),
          ...owning(task, to),
        ]
      }
      return by(task, 'delegate', { TODO: delegate, BLOCKED: delegate, IN_PROGRESS: () => reject('USE_HANDOFF') })
    },
  },

  handoff: {
    about: 'Pass the task, also one in progress, to another orchestrator together with its context.',
    aliases: olderWords.handoff,
    data: z.object({
      ...move,
      context: jsonObject(64 * 1024).default({}),
      notes: text(2_000).optional(),
      completionPercentage: z.int().min(0).max(100).optional(),
    }),
    decide(task, { context: circumstances, notes: note = null, completionPercentage, ...wish }, context) {
      const handOff = (task: Known): Decision => {
        if (isRepeated(task, wish, { note, context: circumstances, percentage: completionPercentage }, context)) return []
        const { to, force } = wish
        const { status, percentage, attempt, priority, dueAt, assignee } = task
        const refusal = immovable(task, wish, { priority, dueAt, slaDeadline: task.sla.deadline }, context)
        if (refusal) return refusal
        const facts = [
          ...before(task, to),
          Task.TaskHandedOff({
            ...moving(task), to, note, forced: force, context: circumstances, lease: leaseOf(task), ...passing(task, wish, context),
            snapshot: { status, percentage: completionPercentage ?? percentage, attempt, priority, dueAt, assignee },
          }),
          ...owning(task, to),
        ]
        return task.status === 'IN_PROGRESS' ? freed(task, context, ...facts) : facts
      }
      return by(task, 'handoff', { TODO: handOff, BLOCKED: handOff, IN_PROGRESS: handOff })
    },
  },
})
