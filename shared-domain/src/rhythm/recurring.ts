import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { task } from '../work/task/decider.ts'
import { recurrence } from './recurrence/decider.ts'
import type { RecurrenceEvent } from './recurrence/events.ts'

interface Told {
  readonly id: string
  readonly data: { readonly next: string | null; readonly comesAt: string | null }
}

/** One timer for each, for what comes next. */
const keyOf = (id: string) => `recurrence-${id}`

const wait = ({ id, data: { next, comesAt } }: Told) => (next === null || comesAt === null ? [forget(keyOf(id))]
  : [send(recurrence, id, 'fire', { due: next }, { due: comesAt, key: keyOf(id) })])

export const recurring = process<RecurrenceEvent>({
  name: 'recurring',
  about: 'Lets tasks come round at their times, each once.',
  react: {
    RecurrenceDefined: wait,
    RecurrenceChanged: wait,
    RecurrencePaused: wait,
    RecurrenceResumed: wait,
    RecurrenceSkipped: wait,
    RecurrenceFired(fact) {
      const { id, data: { owner, due, task: made, template: { dueAfter_s, description, estimatedHours, ...wanted } } } = fact
      return [
        send(task, made, 'createFor', {
          ...wanted, owner, origin: { kind: 'recurrence', id, item: due },
          ...(description === null ? {} : { description }), ...(estimatedHours === null ? {} : { estimatedHours }),
          ...(dueAfter_s === null ? {} : { dueAt: later(due, dueAfter_s * second_ms) }),
        }),
        ...wait(fact),
      ]
    },
    RecurrenceEnded: wait,
  },
})
