import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, StoredInstant } from '../../vocabulary.ts'
import { Capability, Profile, type AgentEvent } from './events.ts'
import { shareOf, shownAs, shownStatuses, standings } from './load.ts'
import { reliabilityOf } from './outcomes.ts'

const breakers = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const

const { name, description, orchestrator, maxConcurrent, reliability, tags } = Profile.shape

const row = z.object({
  agent: AgentId,
  name, description, orchestrator, tags,
  capabilities: z.array(Capability),
  max_concurrent: maxConcurrent,
  registered_reliability: reliability,
  /** What was said of it last, whatever the load, and when. */
  standing: z.enum(standings),
  since: StoredInstant,
  current: z.int(),
  good: z.int(),
  bad: z.int(),
  bad_in_row: z.int(),
  breaker: z.enum(breakers),
  breaker_until: StoredInstant.nullable(),
  version: z.string().nullable(),
  supervisor: AgentId.nullable(),
  last_slot_at: StoredInstant.nullable(),
})

type Row = z.output<typeof row>

const described = ({ maxConcurrent, reliability, ...same }: Profile) =>
  ({ ...same, max_concurrent: maxConcurrent, registered_reliability: reliability })

const at = (id: string) => ({ agent: id as AgentId })
const patched = <E extends AgentEvent>(patch: (event: Recorded<E>) => Partial<Row>) => (event: Recorded<E>) =>
  [{ patch: patch(event), at: at(event.id) }]

const project: Project<typeof row, 'agent', AgentEvent> = {
  AgentRegistered: ({ id, at: since, data }) => [{ put: {
    ...at(id), ...described(data), standing: 'IDLE', since, current: 0, good: 0, bad: 0, bad_in_row: 0, breaker: 'CLOSED',
    breaker_until: null, version: null, supervisor: null, last_slot_at: null,
  } }],
  AgentUpdated: patched(({ data }) => described(data)),
  AgentStatusChanged: patched(({ at: since, data }) => ({ standing: data.to, since })),
  AgentRetired: patched(({ at: since }) => ({ standing: 'RETIRED', since })),
  AgentVersionPublished: patched(({ data: { version } }) => ({ version })),
  AgentSupervisorSet: patched(({ data }) => ({ supervisor: data.agent })),
  AgentSlotReserved: patched(({ at, data: { current } }) => ({ current, last_slot_at: at })),
  AgentSlotReleased: patched(({ data: { current } }) => ({ current })),
  AgentOutcomeRecorded: patched(({ data: { good, bad, badInRow, after: { skills: capabilities } } }) =>
    ({ good, bad, bad_in_row: badInRow, capabilities })),
  AgentCircuitOpened: patched(({ data: { until } }) => ({ breaker: 'OPEN', breaker_until: until })),
  AgentCircuitHalfOpened: patched(() => ({ breaker: 'HALF_OPEN', breaker_until: null })),
  AgentCircuitClosed: patched(() => ({ breaker: 'CLOSED' })),
}

export const agents = readModel({
  name: 'agent',
  about: 'Which agents there are, what they can, how reliable they are and what they carry. `standing` is the status said last.',
  version: 1,
  path: '/agents',
  row,
  derived: z.object({ status: z.enum(shownStatuses), reliability: z.number(), skills: z.array(z.string()), load: z.number() }),
  derive({ standing, current, max_concurrent: max, registered_reliability: registered, good, bad, capabilities }) {
    const load = shareOf({ current, max })
    return {
      status: shownAs(standing, load), reliability: reliabilityOf(registered, good, bad),
      skills: capabilities.map(({ skill }) => skill), load,
    }
  },
  key: ['agent'],
  filters: ['name', 'orchestrator', 'status', 'breaker'],
  search: { columns: ['name'] },
  contains: { skill: 'skills', tag: 'tags' },
  sorts: ['name', 'reliability', 'load'],
  project,
})
