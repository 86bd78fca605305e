import { agent } from '../fleet/agent/decider.ts'
import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { ensemble } from './session/decider.ts'
import type { EnsembleEvent } from './session/events.ts'

interface Ended { readonly id: string; readonly data: { readonly places: readonly { readonly agent: string; readonly slot: string }[] } }

const keyOf = (id: string) => `ensemble-${id}`

/** What was held of each member goes back, and nothing waits any more. */
const over = ({ id: session, data: { places } }: Ended) => [
  forget(keyOf(session)),
  ...places.map(({ agent: one, slot }) => send(agent, one, 'release', { session, slot, reason: 'ended' })),
]

export const sessionSlots = process<EnsembleEvent>({
  name: 'sessionSlots',
  about: 'Confirms the slots of members when a session begins, gives them back when it ends, and ends it at its deadline.',
  react: {
    EnsembleFormed: ({ id, data: { deadline } }) => [send(ensemble, id, 'expire', { deadline }, { due: deadline, key: keyOf(id) })],
    EnsembleStarted: ({ id: session, data: { members } }) =>
      members.map(({ agent: one, slot }) => send(agent, one, 'confirm', { session, slot })),
    EnsembleCompleted: over,
    EnsembleFailed: over,
    EnsembleCancelled: over,
  },
})
