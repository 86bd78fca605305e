import { agent } from '../fleet/agent/decider.ts'
import type { AgentEvent } from '../fleet/agent/events.ts'
import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { ensemble } from './session/decider.ts'
import type { EnsembleEvent } from './session/events.ts'

interface Ended { readonly id: string; readonly data: { readonly places: readonly { readonly agent: string; readonly slot: string }[] } }

const keyOf = (id: string) => `ensemble-${id}`
const vacancyOf = (id: string) => `vacancy-${id}`

/** So long it is waited before it is looked again, twice as long each time. */
const again_ms = 5 * second_ms

const fill = (id: string, attempt: number, due?: string) =>
  send(ensemble, id, 'replace', { attempt }, due === undefined ? {} : { due, key: vacancyOf(id) })

type Slots = readonly { readonly session: string | null; readonly slot: string }[]

/** Of sessions that have a slot of the agent it is no member any more. */
const lost = (id: string, slots: Slots) =>
  slots.flatMap(({ session, slot }) => (session === null ? [] : [send(ensemble, session, 'lose', { agent: id, slot })]))

/** What was held of each member goes back, and nothing waits any more. */
const over = ({ id: session, data: { places } }: Ended) => [
  forget(keyOf(session)), forget(vacancyOf(session)),
  ...places.map(({ agent: one, slot }) => send(agent, one, 'release', { session, slot, reason: 'ended' })),
]

export const sessionSlots = process<EnsembleEvent | AgentEvent>({
  name: 'sessionSlots',
  about: 'Confirms slots of members and gives them back, has places filled of members that were lost, and ends sessions in time.',
  react: {
    EnsembleFormed: ({ id, data: { deadline } }) => [send(ensemble, id, 'expire', { deadline }, { due: deadline, key: keyOf(id) })],
    EnsembleStarted: ({ id: session, data: { members } }) =>
      members.map(({ agent: one, slot }) => send(agent, one, 'confirm', { session, slot })),
    MemberJoined: ({ id: session, data: { agent: one, slot, missing } }) =>
      [send(agent, one, 'confirm', { session, slot }), forget(vacancyOf(session)), ...(missing > 0 ? [fill(session, 0)] : [])],
    MemberLeft: ({ id: session, data: { agent: one, slot, vacancy } }) =>
      [send(agent, one, 'release', { session, slot, reason: 'ended' }), ...(vacancy ? [fill(session, 0)] : [])],
    AgentsWanted: ({ id, at, data: { attempt } }) => [fill(id, attempt, later(at, again_ms * 2 ** (attempt - 1)))],
    AgentCircuitOpened: ({ id, data: { slots } }) => lost(id, slots),
    AgentRetired: ({ id, data: { slots } }) => lost(id, slots),
    AgentStatusChanged: ({ id, data: { to, slots } }) => (to === 'OFFLINE' || to === 'SUSPENDED' ? lost(id, slots) : []),
    EnsembleCompleted: over,
    EnsembleFailed: over,
    EnsembleCancelled: over,
  },
})
