import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'
import { raiseAtOf } from './task/ladder.ts'

/** One timer per task, for the next step of its escalation. */
const keyOf = (id: string) => `escalation-${id}`

interface Standing { readonly escalation: string; readonly level: number; readonly raiseAt: string | null }

const following = (id: string, { escalation, level, raiseAt }: Standing) => [raiseAt === null
  ? forget(keyOf(id))
  : send(task, id, 'raise', { escalation, level: level + 1 }, { due: raiseAt, key: keyOf(id) })]

const ended = ({ id }: { id: string }) => [forget(keyOf(id))]

export const raising = process<TaskEvent>({
  name: 'raising',
  about: 'Asks further people where nobody answers an escalation in time, and escalates what is overdue; what an escalation leads to is '
    + 'escalated by nobody.',
  react: {
    TaskEscalated: ({ id, revision, at, data: { steps } }) =>
      following(id, { escalation: String(revision), level: 1, raiseAt: raiseAtOf(steps ?? [], 1, at) }),
    TaskEscalationAcknowledged: ({ id, data }) => following(id, data),
    TaskEscalationRaised: ({ id, data }) => following(id, data),
    TaskEscalationResolved: ended,
    TaskCancelled: ended,
    TaskSlaViolated: ({ id, data: { slaDeadline } }) => [send(task, id, 'escalateOverdue', { slaDeadline })],
  },
})
