import { z } from 'zod'
import { mayActAs, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { OrchestratorId, text } from '../../vocabulary.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, room, unable, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { wordsOf, type Known, type TaskState } from './state.ts'

interface Request { readonly collaborator: OrchestratorId; readonly role: string; readonly note: string | null }
type Asked = NonNullable<ReturnType<Known['collaborators']['get']>>

/** So many are asked or help at once. */
const collaborators_max = 10

const isOpen = ({ answer }: Pick<Asked, 'answer'>) => answer === 'asked' || answer === 'accepted'

type Reply = (owner: OrchestratorId, collaborator: OrchestratorId, asked: Asked) => readonly TaskEvent[]

/** What somebody says that was asked. */
const replied = (context: Context, isHeard: (asked: Asked) => boolean, reply: Reply) => (task: Known): Decision => {
  const asked = context.actsFor === null ? undefined : task.collaborators.get(context.actsFor)
  return asked && isHeard(asked) ? reply(task.owner, OrchestratorId.parse(context.actsFor), asked) : reject('NOT_ASKED')
}

function answerTo(task: TaskState, command: string, context: Context, answer: Reply): Decision {
  const reply = replied(context, () => true, answer)
  return by(task, command, { TODO: reply, IN_PROGRESS: reply, BLOCKED: reply })
}

/** Who is to help with a task, each in a role. */
export const Helpers = z.array(z.object({ orchestrator: OrchestratorId, role: text(100) })).max(collaborators_max)

/** What is asked of each, the last role that is said counts; or why one of them cannot be asked. */
export function requested(
  owner: OrchestratorId, helpers: z.output<typeof Helpers>, note: string | null, context: Context,
  isAsked: (said: Request) => boolean = () => true,
) {
  const roles = new Map(helpers.map(({ orchestrator, role }) => [orchestrator, role]))
  const asked = [...roles].map(([collaborator, role]) => ({ collaborator, role, note })).filter(isAsked)
  for (const { collaborator } of asked) {
    if (collaborator === owner) return reject('SELF_COLLABORATION')
    const refusal = unable(collaborator, context)
    if (refusal) return refusal
  }
  return asked.map((said) => Task.CollaborationRequested({ owner, ...said }))
}

export const help = room({
  collaborate: {
    about: 'Ask other orchestrators to help with the task.',
    aliases: olderWords.collaborate,
    route: 'POST /tasks/:id/collaborators',
    data: z.object({
      collaborators: Helpers.min(1),
      note: text(1_000).optional(),
    }),
    decide(task, { collaborators, note }, context) {
      const ask = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const asked = requested(task.owner, collaborators, note ?? null, context, (said) => {
          const known = task.collaborators.get(said.collaborator)
          // Whoever has agreed to a role is not asked for it again, whatever is said to others.
          return known?.words !== wordsOf.request(said) && !(known?.answer === 'accepted' && known.role === said.role)
        })
        if (asked instanceof Rejection) return asked
        const open = [...task.collaborators].filter(([, collaborator]) => isOpen(collaborator)).map(([id]) => id)
        if (new Set([...open, ...asked.map(({ data: { collaborator } }) => collaborator)]).size > collaborators_max)
          return reject('LIMIT_REACHED', { max: collaborators_max })
        return asked
      }
      return by(task, 'collaborate', { TODO: ask, IN_PROGRESS: ask, BLOCKED: ask })
    },
  },

  acceptCollaboration: {
    about: 'Agree to help with the task.',
    aliases: olderWords.acceptCollaboration,
    route: 'POST /tasks/:id/collaborators/accept',
    data: z.object({}),
    decide: (task, _, context) => answerTo(task, 'acceptCollaboration', context, (owner, collaborator, { role, answer }) =>
      (answer === 'accepted' || answer === 'completed' ? [] : [Task.CollaborationAccepted({ owner, collaborator, role })])),
  },

  declineCollaboration: {
    about: 'Decline to help with the task.',
    aliases: olderWords.declineCollaboration,
    route: 'POST /tasks/:id/collaborators/decline',
    data: z.object({ reason: text(500).optional() }),
    decide: (task, { reason = null }, context) => answerTo(task, 'declineCollaboration', context, (owner, collaborator, { answer }) =>
      (answer === 'declined' || answer === 'completed' ? [] : [Task.CollaborationDeclined({ owner, collaborator, reason })])),
  },

  completeCollaboration: {
    about: 'Say that one\'s part of the help is done, also after the task is.',
    route: 'POST /tasks/:id/collaborators/complete',
    data: z.object({ note: text(1_000).optional() }),
    decide(task, { note = null }, context) {
      const hasAgreed = ({ answer }: Asked) => answer === 'accepted' || answer === 'completed'
      const complete = replied(context, hasAgreed, (owner, collaborator, { role, answer }) =>
        (answer === 'accepted' ? [Task.CollaborationCompleted({ owner, collaborator, role, note })] : []))
      return by(task, 'completeCollaboration', { TODO: complete, IN_PROGRESS: complete, BLOCKED: complete, DONE: complete })
    },
  },

  removeCollaborator: {
    about: 'Ask an orchestrator to help no more; it may say so itself.',
    aliases: olderWords.removeCollaborator,
    route: 'DELETE /tasks/:id/collaborators/:orchestrator',
    data: z.object({ orchestrator: OrchestratorId, reason: text(500).optional() }),
    decide(task, { orchestrator: collaborator, reason = null }, context) {
      const remove = (task: Known): Decision => {
        if (!mayActAs(context, task.owner) && context.actsFor !== collaborator) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const known = task.collaborators.get(collaborator)
        return known && isOpen(known) ? [Task.CollaboratorRemoved({ owner: task.owner, collaborator, reason })] : []
      }
      return by(task, 'removeCollaborator', { TODO: remove, IN_PROGRESS: remove, BLOCKED: remove })
    },
  },
})
