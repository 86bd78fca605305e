import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

type Move = Extract<TaskEvent, { type: 'TaskDelegated' | 'TaskHandedOff' }>

const row = z.object({
  task: TaskId,
  revision: z.int(),
  kind: z.enum(['delegation', 'handoff']),
  from: OrchestratorId,
  to: OrchestratorId,
  at: StoredInstant,
  by_id: z.string(),
  reason: z.string().nullable(),
  forced: z.boolean(),
})

const moved = (kind: 'delegation' | 'handoff') => ({ id, revision, at, by, data }: Recorded<Move>) => [{
  put: { task: id as TaskId, revision, kind, from: data.owner, to: data.to, at, by_id: by.id, reason: data.note, forced: data.forced },
}]

const project: Project<typeof row, 'task' | 'revision', TaskEvent> = { TaskDelegated: moved('delegation'), TaskHandedOff: moved('handoff') }

export const delegations = readModel({
  name: 'delegation',
  about: 'Who handed which task to whom, move by move.',
  version: 1,
  path: '/delegations',
  row,
  key: ['task', 'revision'],
  filters: ['task', 'kind', 'from', 'to'],
  ranges: ['at'],
  order: ['at'],
  aliases: [{
    route: 'GET /orchestrators/:orchestrator/delegations', without: ['from', 'to'],
    fields: { direction: z.enum(['out', 'in']).default('out') },
    say: ({ orchestrator, direction, ...said }) => ({ ...said, [direction === 'in' ? 'to' : 'from']: orchestrator }),
  }],
  project,
})

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
