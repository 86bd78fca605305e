import { z } from 'zod'
import { reject, Rejection, type Answers, type Circumstances, type Context } from '../../kernel/decider.ts'
import { DueInstant, jsonObject, OrchestratorId, Priority, StoredInstant, text } from '../../vocabulary.ts'
import { freed } from './blocks.ts'
import { slaSet } from './edit.ts'
import { Task } from './events.ts'
import { by, moving, room, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { deferredUntil, OnUnavailable, waitingAnew } from './outside-hours.ts'
import { before, immovable, isRepeated, outsideOf, passed, spansOf, targetOf, type MoveWish } from './passing-on.ts'
import { peersAsked } from './peers.ts'
import { queuedAt } from './queueing.ts'
import { leaseOf, type Known, type TaskState } from './state.ts'
import { owning } from './unwinding.ts'

const move = {
  to: OrchestratorId.optional().describe('Without it the policy of the organization chooses among all that are not offline.'),
  force: z.boolean().default(false),
  onUnavailable: OnUnavailable,
  retries: z.int().min(0).max(3).default(0).describe('With how many others it is tried when it comes to nothing.'),
  answerWithin_s: z.int().min(60).max(604_800).optional(),
  finishWithin_s: z.int().min(60).max(31_536_000).optional(),
}

const grounds = (_: TaskState, { to }: Pick<MoveWish, 'to'>, __: Circumstances) => (to === undefined ? peersAsked : {})

/** A place in the queue of whoever is to have it. */
function holds(task: TaskState, wish: MoveWish, context: Context) {
  const target = targetOf(task as Known, wish, context)
  return target instanceof Rejection ? undefined : queuedAt(target.to, context)
}

/** Who has the task now. */
const answers: Answers<TaskState> = {
  fields: z.object({ owner: OrchestratorId, deferredUntil: StoredInstant.nullable().describe('Until when it waits, if it does.') }),
  of: (task) => ({ owner: (task as Known).owner, deferredUntil: deferredUntil(task as Known) }),
}

export const moves = room({
  delegate: {
    about: 'Pass a task that is not being worked on to another orchestrator for good.',
    aliases: olderWords.delegate,
    settings: ['slaHours', 'delegatePolicy'],
    data: z.object({ ...move, note: text(1_000).optional(), priority: Priority.optional(), dueAt: DueInstant.optional() }),
    grounds,
    holds,
    answers,
    decide(task, { note = null, priority, dueAt, ...wish }, context) {
      const delegate = (task: Known): Decision => {
        const terms = { priority: priority ?? task.priority, dueAt: dueAt ?? task.dueAt }
        const isSame = isRepeated(task, wish, { note, context: {} }, context)
        if (isSame && terms.priority === task.priority && terms.dueAt === task.dueAt) return []
        const [set] = slaSet(task, terms, null, context)
        const refusal = immovable(task, wish, {
          ...(terms.priority === task.priority ? {} : { priority: terms.priority }),
          ...(terms.dueAt === task.dueAt ? {} : { dueAt: terms.dueAt }), ...(set ? { slaDeadline: set.data.to } : {}),
        }, context)
        if (refusal) return refusal
        const target = targetOf(task, wish, context)
        if (target instanceof Rejection) return target
        const outsideHours = outsideOf(target, terms, wish, context)
        if (outsideHours instanceof Rejection) return outsideHours
        const slaDeadline = set ? set.data.to : task.sla.deadline
        const passing = passed(task, target, spansOf(wish, context.at), slaDeadline, context, outsideHours)
        return [
          ...before(task, target.to), ...(set ? [set] : []),
          Task.TaskDelegated({
            ...moving(task), note, forced: wish.force, ...terms, ...passing,
          }),
          ...owning(task, target.to), ...waitingAnew(task, target.to, outsideHours, context),
        ]
      }
      return by(task, 'delegate', { TODO: delegate, BLOCKED: delegate, IN_PROGRESS: () => reject('USE_HANDOFF') })
    },
  },

  handoff: {
    about: 'Pass the task, also one in progress, to another orchestrator together with its context.',
    aliases: olderWords.handoff,
    settings: ['delegatePolicy'],
    data: z.object({
      ...move,
      context: jsonObject(64 * 1024).default({}),
      notes: text(2_000).optional(),
      completionPercentage: z.int().min(0).max(100).optional(),
    }),
    grounds,
    holds,
    answers,
    decide(task, { context: circumstances, notes: note = null, completionPercentage, ...wish }, context) {
      const handOff = (task: Known): Decision => {
        if (isRepeated(task, wish, { note, context: circumstances, percentage: completionPercentage }, context)) return []
        const { status, percentage, attempt, priority, dueAt, assignee } = task
        const refusal = immovable(task, wish, {}, context)
        if (refusal) return refusal
        const target = targetOf(task, wish, context)
        if (target instanceof Rejection) return target
        const outsideHours = outsideOf(target, task, wish, context)
        if (outsideHours instanceof Rejection) return outsideHours
        const facts = [
          ...before(task, target.to),
          Task.TaskHandedOff({
            ...moving(task), note, forced: wish.force, context: circumstances, lease: leaseOf(task),
            ...passed(task, target, spansOf(wish, context.at), task.sla.deadline, context, outsideHours),
            snapshot: { status, percentage: completionPercentage ?? percentage, attempt, priority, dueAt, assignee },
          }),
          ...owning(task, target.to), ...waitingAnew(task, target.to, outsideHours, context),
        ]
        return task.status === 'IN_PROGRESS' ? freed(task, context, ...facts) : facts
      }
      return by(task, 'handoff', { TODO: handOff, BLOCKED: handOff, IN_PROGRESS: handOff })
    },
  },
})
