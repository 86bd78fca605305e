import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { daemon } from './daemon/decider.ts'
import type { DaemonEvent } from './daemon/events.ts'

const keyOf = (id: string) => `drain-${id}`

const over = ({ id }: { readonly id: string }) => [forget(keyOf(id))]

export const draining = process<DaemonEvent>({
  name: 'draining',
  about: 'Ends a daemon at the deadline that it was given.',
  react: {
    DaemonDraining: ({ id, data: { deadline: due } }) => [send(daemon, id, 'stopAtDeadline', {}, { due, key: keyOf(id) })],
    DaemonConnected: over,
    DaemonStopped: over,
  },
})
