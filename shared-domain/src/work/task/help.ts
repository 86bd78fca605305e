import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { OrchestratorId, text } from '../../vocabulary.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, room, unable, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { wordsOf, type Known, type TaskState } from './state.ts'

type Answer = 'asked' | 'accepted' | 'declined'

function answerTo(
  task: TaskState, command: string, context: Context,
  answer: (owner: OrchestratorId, collaborator: OrchestratorId, role: string, before: Answer) => readonly TaskEvent[],
): Decision {
  const reply = (task: Known): Decision => {
    const asked = context.actsFor === null ? undefined : task.collaborators.get(context.actsFor)
    return asked ? answer(task.owner, OrchestratorId.parse(context.actsFor), asked.role, asked.answer) : reject('NOT_ASKED')
  }
  return by(task, command, { TODO: reply, IN_PROGRESS: reply, BLOCKED: reply })
}

export const help = room({
  collaborate: {
    about: 'Ask other orchestrators to help with the task.',
    aliases: olderWords.collaborate,
    route: 'POST /tasks/:id/collaborators',
    data: z.object({
      collaborators: z.array(z.object({ orchestrator: OrchestratorId, role: text(100) })).min(1).max(10),
      note: text(1_000).optional(),
    }),
    decide(task, { collaborators, note }, context) {
      const ask = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const roles = new Map(collaborators.map(({ orchestrator, role }) => [orchestrator, role]))
        const asked = [...roles].map(([collaborator, role]) => ({ collaborator, role, note: note ?? null })).filter((said) => {
          const known = task.collaborators.get(said.collaborator)
          // Whoever has agreed to a role is not asked for it again, whatever is said to others.
          return known?.words !== wordsOf.request(said) && !(known?.answer === 'accepted' && known.role === said.role)
        })
        for (const { collaborator } of asked) {
          if (collaborator === task.owner) return reject('SELF_COLLABORATION')
          const refusal = unable(collaborator, context)
          if (refusal) return refusal
        }
        return asked.map((said) => Task.CollaborationRequested({ owner: task.owner, ...said }))
      }
      return by(task, 'collaborate', { TODO: ask, IN_PROGRESS: ask, BLOCKED: ask })
    },
  },

  acceptCollaboration: {
    about: 'Agree to help with the task.',
    aliases: olderWords.acceptCollaboration,
    route: 'POST /tasks/:id/collaborators/accept',
    data: z.object({}),
    decide: (task, _, context) => answerTo(task, 'acceptCollaboration', context, (owner, collaborator, role, answer) =>
      (answer === 'accepted' ? [] : [Task.CollaborationAccepted({ owner, collaborator, role })])),
  },

  declineCollaboration: {
    about: 'Decline to help with the task.',
    aliases: olderWords.declineCollaboration,
    route: 'POST /tasks/:id/collaborators/decline',
    data: z.object({ reason: text(500).optional() }),
    decide: (task, { reason }, context) => answerTo(task, 'declineCollaboration', context, (owner, collaborator, _, answer) =>
      (answer === 'declined' ? [] : [Task.CollaborationDeclined({ owner, collaborator, reason: reason ?? null })])),
  },
})
