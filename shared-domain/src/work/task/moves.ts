import { z } from 'zod'
import { isPrivileged, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms } from '../../kernel/time.ts'
import { DueInstant, jsonObject, OrchestratorId, Priority, text } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { Task } from './events.ts'
import { by, moving, room, unable, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { leaseOf, moves_max, wordsOf, type Known } from './state.ts'

interface MoveWish { readonly to: OrchestratorId; readonly force: boolean }

/** The guards that delegation and handoff share (S-16, S-17). */
function immovable(task: Known, { to, force }: MoveWish, context: Context) {
  if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
  if (to === task.owner) return reject('SELF_DELEGATION')
  if (force && !isPrivileged(context)) return reject('FORBIDDEN')
  const recent = task.moves.filter((at) => elapsed_ms(at, context.at) < day_ms)
  if (recent.length >= moves_max && !force) return reject('DELEGATION_LIMIT', { moves: recent.length, within: 'P1D' })
  return unable(to, context)
}

/** What a move carries besides; it opens no delegation. */
const passing = ({ agentSlot, dependsOn, sla }: Known) => ({
  agentSlot, slaDeadline: sla.deadline, dependsOn: [...dependsOn], retries: 0, answerBy: null, finishBy: null, attempt: 1, retryOf: null,
  depth: null, back: 0, policy: null, candidates: [], rejected: [], grounds: null, outsideHours: null,
})

interface Words { readonly note: string | null; readonly context: object; readonly percentage?: number | undefined }

/** The move was made before, by the same hand and with the same words: asked again, nothing changes, and nothing that was said is lost. */
function isRepeated({ owner, lastMove }: Known, to: string, said: Words, { by }: Context): boolean {
  if (owner !== to || lastMove === null || lastMove.by.kind !== by.kind || lastMove.by.id !== by.id) return false
  return lastMove.words === wordsOf.move(said) && (said.percentage === undefined || said.percentage === lastMove.percentage)
}

const move = { to: OrchestratorId, force: z.boolean().default(false) }

export const moves = room({
  delegate: {
    about: 'Pass a task that is not being worked on to another orchestrator for good.',
    aliases: olderWords.delegate,
    data: z.object({ ...move, note: text(1_000).optional(), priority: Priority.optional(), dueAt: DueInstant.optional() }),
    decide(task, { to, force, note = null, priority, dueAt }, context) {
      const delegate = (task: Known): Decision => {
        const terms = { priority: priority ?? task.priority, dueAt: dueAt ?? task.dueAt }
        const isSame = isRepeated(task, to, { note, context: {} }, context)
        if (isSame && terms.priority === task.priority && terms.dueAt === task.dueAt) return []
        return immovable(task, { to, force }, context)
          ?? [Task.TaskDelegated({ ...moving(task), to, note, forced: force, ...terms, ...passing(task) })]
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
    decide(task, { to, force, context: circumstances, notes: note = null, completionPercentage }, context) {
      const handOff = (task: Known): Decision => {
        if (isRepeated(task, to, { note, context: circumstances, percentage: completionPercentage }, context)) return []
        const { status, percentage, attempt, priority, dueAt, assignee } = task
        const refusal = immovable(task, { to, force }, context)
        if (refusal) return refusal
        const handedOff = Task.TaskHandedOff({
          ...moving(task), to, note, forced: force, context: circumstances, lease: leaseOf(task), ...passing(task),
          snapshot: { status, percentage: completionPercentage ?? percentage, attempt, priority, dueAt, assignee },
        })
        return task.status === 'IN_PROGRESS' ? freed(task, context, handedOff) : [handedOff]
      }
      return by(task, 'handoff', { TODO: handOff, BLOCKED: handOff, IN_PROGRESS: handOff })
    },
  },
})
