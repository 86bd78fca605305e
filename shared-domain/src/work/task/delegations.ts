import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Int64, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import { chosen } from './shapes.ts'

type Move = Extract<TaskEvent, { type: 'TaskDelegated' | 'TaskHandedOff' }>
type Told = Extract<TaskEvent, { type: 'DelegationAccepted' | 'DelegationStarted' | 'DelegationFailed' | 'DelegationEnded' }>

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
  /** NONE of a move that opened no delegation. */
  state: z.enum([
    'NONE', 'OFFERED', 'ACCEPTED', 'STARTED', 'FAILED', 'COMPLETED', 'CANCELLED', 'DECLINED', 'RECALLED', 'TIMED_OUT', 'RETURNED',
  ]),
  outcome_reason: z.string().nullable(),
  accepted_at: StoredInstant.nullable(),
  started_at: StoredInstant.nullable(),
  ended_at: StoredInstant.nullable(),
  retries: z.int(),
  answer_by: StoredInstant.nullable(),
  finish_by: StoredInstant.nullable(),
  attempt: z.int(),
  retry_of: Int64.nullable(),
  depth: z.int().nullable(),
  back: z.int(),
  policy: chosen.policy,
  candidates: chosen.candidates,
})

const moved = (kind: 'delegation' | 'handoff') => ({ id, revision, at, by, data }: Recorded<Move>) => [{
  put: {
    task: id as TaskId, revision, kind, from: data.owner, to: data.to, at, by_id: by.id, reason: data.note, forced: data.forced,
    state: data.depth === null ? 'NONE' as const : 'OFFERED' as const, outcome_reason: null, accepted_at: null, started_at: null,
    ended_at: null, retries: data.retries, answer_by: data.answerBy, finish_by: data.finishBy, attempt: data.attempt,
    retry_of: data.retryOf, depth: data.depth, back: data.back, policy: data.policy, candidates: data.candidates,
  },
}]

const become = ({ id, data: { delegation } }: Recorded<Told>, columns: Partial<z.output<typeof row>>) =>
  [{ patch: columns, at: { task: id as TaskId, revision: Number(delegation) } }]

const project: Project<typeof row, 'task' | 'revision', TaskEvent> = {
  TaskDelegated: moved('delegation'),
  TaskHandedOff: moved('handoff'),
  DelegationAccepted: (fact) => become(fact, { state: 'ACCEPTED', accepted_at: fact.at }),
  DelegationStarted: (fact) => become(fact, { state: 'STARTED', started_at: fact.at }),
  DelegationFailed: (fact) => become(fact, { state: 'FAILED' }),
  DelegationEnded: (fact) => become(fact, { state: fact.data.outcome!, outcome_reason: fact.data.reason, ended_at: fact.at }),
}

export const delegations = readModel({
  name: 'delegation',
  about: 'Who handed which task to whom, move by move, and what became of it; the newest first.',
  version: 2,
  path: '/delegations',
  row,
  key: ['task', 'revision'],
  filters: ['task', 'kind', 'from', 'to', 'state'],
  ranges: ['at'],
  sorts: ['at'],
  sort: '-at',
  aliases: [{
    route: 'GET /orchestrators/:orchestrator/delegations', without: ['from', 'to'],
    fields: { direction: z.enum(['out', 'in']).default('out') },
    say: ({ orchestrator, direction, ...said }) => ({ ...said, [direction === 'in' ? 'to' : 'from']: orchestrator }),
  }],
  project,
})
