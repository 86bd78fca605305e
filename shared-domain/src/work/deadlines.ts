import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'
import { running, violatedAt, warnAtOf } from './task/sla.ts'

/** One timer per task, for what comes next. */
const keyOf = (id: string) => `sla-${id}`

const ended = ({ id }: { id: string }) => [forget(keyOf(id))]

const violate = (id: string, slaDeadline: string) =>
  [send(task, id, 'violateSla', { slaDeadline }, { due: violatedAt(slaDeadline), key: keyOf(id) })]

function watch(id: string, slaDeadline: string | null, warnAt: string | null) {
  if (slaDeadline === null) return [forget(keyOf(id))]
  return warnAt === null ? violate(id, slaDeadline) : [send(task, id, 'warnSla', { slaDeadline }, { due: warnAt, key: keyOf(id) })]
}

/** The clock of a task begins with this fact. */
const begun = ({ id, at, data: { slaDeadline: deadline } }: { id: string; at: string; data: { slaDeadline: string | null } }) =>
  watch(id, deadline, warnAtOf(running({ deadline, given: false }, at, false)))

export const slaDeadlines = process<TaskEvent>({
  name: 'slaDeadlines',
  about: 'Warns of deadlines that come near while tasks are open, and says when they have passed; the clock of an escalated task stands.',
  react: {
    TaskCreated: ({ data, ...fact }) => (data.slaDeadline === null ? [] : begun({ ...fact, data })),
    TaskReopened: begun,
    TaskSlaSet: ({ id, data }) => watch(id, data.to, data.warnAt),
    TaskEscalationResolved: ({ id, data }) => watch(id, data.slaDeadline, data.warnAt),
    TaskSlaWarned: ({ id, data }) => violate(id, data.slaDeadline),
    TaskSlaViolated: ended,
    TaskEscalated: ended,
    TaskCompleted: ended,
    TaskCancelled: ended,
  },
})
