import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { text } from '../../vocabulary.ts'
import { Task } from './events.ts'
import { categories, type roles } from './events-of-records.ts'
import { by, room, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { Artifact } from './shapes.ts'
import { leaseOf, nameOf, ratedBy, wordsOf, type Done, type Known } from './state.ts'
import { timeRecorded } from './time-records.ts'

const unestimated = { pointer: '/estimatedHours', message: 'is needed: the task says none' }

const notes_max = 500
/** So many keys rate one result. */
const raters_max = 20

export const Hours = z.number().min(0.01).max(10_000)
export const HoursSpent = z.number().min(0).max(1_000)
const Given = Artifact.extend({ name: text(200), uri: text(2_000), type: text(100).nullable().default(null) })
export const Artifacts = z.array(Given)

/** What whoever leaves a note has to do with the task, if anything. */
function roleOf(task: Known, { by, actsFor }: Context): (typeof roles)[number] | undefined {
  const lease = leaseOf(task)
  if (by.kind === 'agent') return by.id === lease?.agent || by.id === task.agentSlot?.agent ? 'agent' : undefined
  if (actsFor === task.owner) return 'owner'
  if (actsFor !== null && actsFor === lease?.holder) return 'holder'
  if (actsFor !== null && task.collaborators.get(actsFor)?.answer === 'accepted') return 'collaborator'
  return mayActAs({ by, actsFor }, task.owner) ? 'other' : undefined
}

const isConcerned = ({ by, actsFor }: Context, { owner, holder }: Done) =>
  by.kind === 'agent' || (actsFor !== null && [owner, holder].includes(actsFor as never))

export const records = room({
  note: {
    about: 'Leave a note: what was found, what is missing, how long it took so far.',
    route: 'POST /tasks/:id/notes',
    scope: 'execute',
    data: z.object({ text: text(10_000), artifacts: Artifacts.max(10).default([]), hoursSpent: HoursSpent.optional() }),
    decide(task, { hoursSpent = null, ...wish }, context) {
      const note = (task: Known): Decision => {
        const role = roleOf(task, context)
        if (!role) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const said = { ...wish, hoursSpent }
        if (task.notes.last === wordsOf.note(said, context.by)) return []
        if (task.notes.count >= notes_max) return reject('LIMIT_REACHED', { max: notes_max })
        return [Task.TaskNoted({ owner: task.owner, ...said, role })]
      }
      return by(task, 'note', { TODO: note, IN_PROGRESS: note, BLOCKED: note, DONE: note })
    },
  },

  recordTime: {
    about: 'Say how long the work took, and, where the task does not say it, how long it was thought to take.',
    aliases: olderWords.recordTime,
    data: z.object({ actualHours: Hours, estimatedHours: Hours.optional(), notes: text(1_000).optional() }),
    decide(task, { actualHours, estimatedHours, notes = null }, context) {
      const record = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const estimate = estimatedHours ?? task.details.estimatedHours
        if (estimate === null) return reject('VALIDATION_ERROR', { errors: [unestimated] })
        const fact = timeRecorded(task.owner, { estimatedHours: estimate, actualHours, source: 'recorded', notes })
        return task.recorded === wordsOf.record(fact.data) ? [] : [fact]
      }
      return by(task, 'recordTime', { TODO: record, IN_PROGRESS: record, BLOCKED: record, DONE: record })
    },
  },

  rate: {
    about: 'Say how good the result is, from 1 to 5; said again for the same side of it, it is another opinion.',
    aliases: olderWords.rate,
    data: z.object({ rating: z.int().min(1).max(5), category: z.enum(categories).default('overall'), comments: text(2_000).optional() }),
    decide: (task, { rating, category, comments = null }, context) => by(task, 'rate', {
      DONE(task) {
        if (isConcerned(context, task)) return reject('FORBIDDEN')
        const before = task.ratings.get(ratedBy(context.by, category))
        if (before?.words === wordsOf.rating({ rating, comments })) return []
        const raters = new Set([...task.ratings.values()].map(({ by }) => by)).add(nameOf(context.by))
        if (raters.size > raters_max) return reject('LIMIT_REACHED', { max: raters_max })
        const previous = before ? { rating: before.rating, at: before.at } : null
        return [Task.TaskQualityRated({ owner: task.owner, rating, category, comments, previous, agent: task.agent })]
      },
    }),
  },
})
