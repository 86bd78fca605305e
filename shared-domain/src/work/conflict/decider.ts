import { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { decider, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { cited } from '../../kernel/grounds.ts'
import { conflict as conflicting, forbidden, unknown } from '../../kernel/refusal.ts'
import { Id, json, OrchestratorId, TaskId, text, Who } from '../../vocabulary.ts'
import { taskState } from '../task/state.ts'
import { deadlineConflict, deadlineRows } from './deadline.ts'
import { overload, overloadRows } from './overload.ts'
import { Conflict, Kind, Severity, Strategy, type ConflictEvent } from './events.ts'
import { olderWords } from './older-words.ts'
import { conflictId, conflictState, wordsOf, type ConflictState } from './state.ts'

type Open = Extract<ConflictState, { stage: 'open' }>

const Opening = z.object({
  kind: Kind,
  subject: Who.optional(),
  task: TaskId.optional(),
  orchestrators: z.array(OrchestratorId).min(2).max(10),
  tasks: z.array(TaskId).max(10).default([]),
  severity: Severity.default('MEDIUM'),
  note: text(2_000).optional(),
  evidence: json(16 * 1024).default(null),
  hold: z.boolean().default(false),
  strategy: Strategy.default('other'),
  resolution: json(16 * 1024).optional(),
}).refine(({ subject, task }) => (subject === undefined) !== (task === undefined), {
  path: ['subject'], error: 'is given, or a task instead of it',
})

/** Those who stand in one another's way may say so and end it; so may admins and tools. */
const concerns = (orchestrators: readonly string[], context: Context) => orchestrators.some((one) => mayActAs(context, one))

/** Why there cannot be a conflict among these about those, if there cannot. */
function misnamed(orchestrators: readonly string[], tasks: readonly string[], { look, organization }: Context) {
  const strange = orchestrators.find((id) => {
    const known = look(orchestratorState, id)
    return known.stage === 'unknown' || known.organization !== organization
  })
  if (strange) return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: strange })
  const unheard = tasks.find((id) => {
    const known = look(taskState, id)
    return known.status === 'NONE' || known.organization !== organization
  })
  return unheard && reject('TASK_UNKNOWN', { task: unheard })
}

/** Ends the conflict if it is open; the same end in the same words changes nothing. */
function ended(state: ConflictState, command: string, words: string, context: Context, end: (state: Open) => ConflictEvent) {
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  if (!concerns(state.orchestrators, context)) return reject('FORBIDDEN')
  if (state.stage === 'open') return [end(state)]
  return state.ending === words ? [] : reject('INVALID_STATE_TRANSITION', { command, status: state.stage.toUpperCase() })
}

const Resolution = z.object({ strategy: Strategy, resolution: json(16 * 1024).default(null) })

const resolved = (state: ConflictState, said: z.output<typeof Resolution>, context: Context) =>
  ended(state, 'resolve', wordsOf.resolution(said), context, ({ orchestrators, held }) =>
    Conflict.ConflictResolved({ orchestrators: [...orchestrators], ...said, held: [...held] }))

const gone = ({ orchestrators, held }: Open) =>
  Conflict.ConflictResolved({ orchestrators: [...orchestrators], strategy: 'gone', resolution: null, held: [...held] })

export const conflict = decider(conflictState, {
  collection: 'conflicts',
  rejections: {
    NOT_FOUND: unknown('There is no such conflict.'),
    ALREADY_EXISTS: conflicting('Such a conflict about this subject is open already.'),
    FORBIDDEN: forbidden('Only an orchestrator that the conflict is among, an admin or a tool may do this.'),
    ORCHESTRATOR_UNKNOWN: conflicting('There is no such orchestrator.'),
    TASK_UNKNOWN: conflicting('There is no such task.'),
    INVALID_STATE_TRANSITION: conflicting('The conflict has ended.'),
  },

  commands: {
    open: {
      about: 'Say that orchestrators stand in one another\'s way. With a `resolution` it is resolved at once.',
      aliases: olderWords.open,
      creates: true,
      place: ({ kind, subject, task }, { organization }) => conflictId(organization, kind, (subject ?? task)!),
      data: Opening,
      decide(state, { subject, task, strategy, resolution, note = null, ...said }, context) {
        const orchestrators = [...new Set(said.orchestrators)]
        const tasks = [...new Set(task ? [task, ...said.tasks] : said.tasks)]
        if (!concerns(orchestrators, context)) return reject('FORBIDDEN')
        if (state.stage === 'open') return reject('ALREADY_EXISTS', { conflict: context.id })
        const misnaming = misnamed(orchestrators, tasks, context)
        if (misnaming) return misnaming
        const detected = Conflict.ConflictDetected({
          ...said, subject: (subject ?? task)!, orchestrators, tasks, note, cause: 'hand', grounds: null,
        })
        if (resolution === undefined) return [detected]
        const resolved = Conflict.ConflictResolved({ orchestrators, strategy, resolution, held: said.hold ? tasks : [] })
        const isSame = state.stage === 'resolved' && state.opening === wordsOf.opening(detected.data)
          && state.ending === wordsOf.resolution(resolved.data)
        return isSame ? [] : [detected, resolved]
      },
    },

    detect: {
      about: 'See whether the rows show such a conflict: open it if they do, and close what they showed before if they do no more.',
      internal: true,
      data: z.object({ kind: z.enum(['deadline', 'priority']), subject: Id }),
      place: ({ kind, subject }, { organization }) => conflictId(organization, kind, subject),
      grounds: (_, { kind, subject }) => (kind === 'deadline' ? deadlineRows(subject) : overloadRows(subject)),
      decide(state, said, { grounds, at }) {
        const found = said.kind === 'deadline' ? deadlineConflict(grounds!) : overload(grounds!, at)
        if (!found) return state.stage === 'open' && state.cause === 'detected' ? [gone(state)] : []
        if (state.stage === 'open') return []
        // Whoever dismissed it knew of these tasks.
        if (state.stage === 'dismissed' && found.tasks.every((task) => state.tasks.includes(task))) return []
        return [Conflict.ConflictDetected({ ...said, ...found, note: null, hold: false, cause: 'detected', grounds: cited(grounds!) })]
      },
    },

    resolve: {
      about: 'Say how the conflict was resolved; what follows from it is done by other commands.',
      data: Resolution,
      decide: (state, said, context) => resolved(state, said, context),
    },

    settle: {
      about: 'It was decided how the conflict is resolved.',
      internal: true,
      data: Resolution,
      decide: (state, said, context) => resolved(state, said, context),
    },

    dismiss: {
      about: 'Say that this is no conflict.',
      data: z.object({ reason: text(500) }),
      decide: (state, said, context) => ended(state, 'dismiss', wordsOf.dismissal(said), context, ({ orchestrators, held }) =>
        Conflict.ConflictDismissed({ orchestrators: [...orchestrators], ...said, held: [...held] })),
    },
  },
})
