import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

const keyOf = (id: string) => `deadline-${id}`

const ended = ({ id }: { id: string }) => [forget(keyOf(id))]

export const deadlines = process<DecisionEvent>({
  name: 'deadlines',
  about: 'Closes decisions at their deadline.',
  react: {
    DecisionOpened: ({ id, data: { deadline } }) => (deadline ? [send(decision, id, 'close', {}, { due: deadline, key: keyOf(id) })] : []),
    DecisionApproved: ended,
    DecisionRejected: ended,
    DecisionExpired: ended,
    DecisionCancelled: ended,
  },
})
