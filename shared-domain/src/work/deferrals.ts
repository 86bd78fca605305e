import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'

const keyOf = (id: string) => `deferral-${id}`

export const deferrals = process<TaskEvent>({
  name: 'deferrals',
  about: 'Offers tasks again when the time has come that they wait for.',
  react: {
    TaskDeferred: ({ id, data: { until } }) => [send(task, id, 'endDeferral', { until }, { due: until, key: keyOf(id) })],
    TaskDeferralEnded: ({ id }) => [forget(keyOf(id))],
  },
})
