import { forget, forgetAll } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

const keyOf = (id: string) => `deadline-${id}`

/** The reminders that are still ahead. */
const reminders = (id: string, at: string, deadline: string, before_s: readonly number[]) => before_s.flatMap((left_s) => {
  const due = later(deadline, -left_s * second_ms)
  return due > at ? [send(decision, id, 'remind', { deadline, left_s }, { due, key: `reminder-${id}-${left_s}` })] : []
})

const closing = (id: string, deadline: string) => send(decision, id, 'close', {}, { due: deadline, key: keyOf(id) })

/** How many reminders there were to be stands in the fact that asked for them. */
const ended = ({ id }: { id: string }) => [forget(keyOf(id)), forgetAll(`reminder-${id}-`)]

export const deadlines = process<DecisionEvent>({
  name: 'deadlines',
  about: 'Reminds those who have not voted, and closes decisions at their deadline.',
  react: {
    DecisionOpened: ({ id, at, data: { deadline, reminders_s } }) =>
      (deadline ? [closing(id, deadline), ...reminders(id, at, deadline, reminders_s)] : []),
    DecisionExtended: ({ id, at, data: { to, reminders_s } }) => [closing(id, to), ...reminders(id, at, to, reminders_s)],
    DecisionApproved: ended,
    DecisionRejected: ended,
    DecisionExpired: ended,
    DecisionCancelled: ended,
  },
})
