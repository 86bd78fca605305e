import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { dayOf } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

type Move = Extract<TaskEvent, { type: 'TaskDelegated' | 'TaskHandedOff' }>
type Told = Extract<TaskEvent, { type: 'DelegationAccepted' | 'DelegationStarted' | 'DelegationEnded' }>

const pair = z.object({ from: OrchestratorId, to: OrchestratorId, delegations: z.int(), handoffs: z.int() })

const counted = (column: 'delegations' | 'handoffs') => ({ data }: Recorded<Move>) =>
  [{ add: { delegations: 0, handoffs: 0, [column]: 1 }, at: { from: data.owner, to: data.to } }]

const pairs: Project<typeof pair, 'from' | 'to', TaskEvent> = { TaskDelegated: counted('delegations'), TaskHandedOff: counted('handoffs') }

export const delegationPairs = readModel({
  name: 'delegation_pair',
  about: 'How often work moved from one orchestrator to another.',
  version: 1,
  path: '/delegation-pairs',
  row: pair,
  key: ['from', 'to'],
  filters: ['from', 'to'],
  project: pairs,
})

/** What became of moves; `failed` are those that ended so. */
const counters = {
  delegations: z.int(), handoffs: z.int(), accepted: z.int(), started: z.int(), completed: z.int(), declined: z.int(), recalled: z.int(),
  timed_out: z.int(), failed: z.int(), cancelled: z.int(), returned: z.int(),
}
type Counter = keyof typeof counters

const daily = z.object({ from: OrchestratorId, to: OrchestratorId, day: z.iso.date(), ...counters })

const zero = Object.fromEntries(Object.keys(counters).map((name) => [name, 0])) as Record<Counter, number>

interface Between { readonly from: OrchestratorId; readonly to: OrchestratorId }

const counts = ({ from, to }: Between, at: string, counter: Counter) =>
  [{ add: { ...zero, [counter]: 1 }, at: { from, to, day: dayOf(at) } }]

const moved = (counter: Counter) => ({ at, data: { owner: from, to } }: Recorded<Move>) => counts({ from, to }, at, counter)
const told = (counter: Counter) => ({ at, data }: Recorded<Told>) => counts(data, at, counter)

const days: Project<typeof daily, 'from' | 'to' | 'day', TaskEvent> = {
  TaskDelegated: moved('delegations'),
  TaskHandedOff: moved('handoffs'),
  DelegationAccepted: told('accepted'),
  DelegationStarted: told('started'),
  DelegationEnded: (fact) => told(fact.data.outcome!.toLowerCase() as Counter)(fact),
}

export const delegationPairsDaily = readModel({
  name: 'delegation_pair_daily',
  about: 'How often work moved from one orchestrator to another and what became of it, by the UTC day on which it was told.',
  version: 1,
  path: '/delegation-pairs-daily',
  row: daily,
  key: ['from', 'to', 'day'],
  filters: ['from', 'to'],
  ranges: ['day'],
  project: days,
})
