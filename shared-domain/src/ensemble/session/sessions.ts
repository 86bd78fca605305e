import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { MessageEvent } from '../message/events.ts'
import { Pattern, Role } from '../patterns.ts'
import { failures, type EnsembleEvent } from './events.ts'
import { leaderOf } from './seats.ts'
import type { Performance } from './shapes.ts'

const statuses = ['PENDING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED'] as const

const row = z.object({
  session: Id,
  title: z.string(),
  pattern: Pattern,
  status: z.enum(statuses),
  /** Why it failed. */
  cause: z.enum(failures).nullable(),
  owner: OrchestratorId,
  /** Who was formed to lead it. */
  primary: AgentId,
  leader: AgentId.nullable(),
  term: z.int(),
  members: z.array(z.object({ agent: AgentId, role: Role })),
  /** How many they wrote to one another. */
  messages: z.int(),
  /** What its work took, micro-units. */
  cost: z.int(),
  cost_budget: z.int().nullable(),
  estimated_ms: z.int(),
  estimated_cost: z.int(),
  formed_at: StoredInstant,
  started_at: StoredInstant.nullable(),
  ended_at: StoredInstant.nullable(),
  deadline: StoredInstant,
  utilisation: z.number().nullable(),
  efficiency: z.number().nullable(),
})

type Row = z.output<typeof row>

const patched = <E extends EnsembleEvent>(patch: (event: Recorded<E>) => Partial<Row>) => (event: Recorded<E>) =>
  [{ patch: patch(event), at: { session: event.id as Row['session'] } }]

const ended = ({ at, data: { performance: { cost, utilisation, efficiency } } }: { at: string; data: { performance: Performance } }) =>
  ({ ended_at: at, cost, utilisation, efficiency })

const project: Project<typeof row, 'session', EnsembleEvent | MessageEvent> = {
  EnsembleFormed: ({ id: session, at, data: { title, pattern, owner, members, costBudget, estimate, deadline } }) => [{ put: {
    session, title, pattern, status: 'PENDING', cause: null, owner, primary: leaderOf(pattern, members).agent, leader: null, term: 0,
    members: members.map(({ agent, role }) => ({ agent, role })), messages: 0, cost: 0, cost_budget: costBudget,
      estimated_ms: estimate.duration_ms,
    estimated_cost: estimate.cost, formed_at: at, started_at: null, ended_at: null, deadline, utilisation: null, efficiency: null,
  } }],
  EnsembleStarted: patched(({ at }) => ({ status: 'ACTIVE', started_at: at })),
  LeaderElected: patched(({ data: { agent: leader, term } }) => ({ leader, term })),
  MemberJoined: ({ id: session, data: { agent, role } }) =>
    [{ alter: (row) => ({ ...row!, members: [...row!.members, { agent, role }] }), at: { session } }],
  MemberLeft: ({ id: session, data: { agent, heir } }) => [{
    alter: (row) => ({ ...row!, members: row!.members.filter((one) => one.agent !== agent).map((one) =>
      (one.agent === heir?.agent ? heir : one)) }),
    at: { session },
  }],
  EnsembleCompleted: patched((fact) => ({ status: 'COMPLETED', ...ended(fact) })),
  EnsembleFailed: patched((fact) => ({ status: 'FAILED', cause: fact.data.cause, ...ended(fact) })),
  EnsembleCancelled: patched((fact) => ({ status: 'CANCELLED', ...ended(fact) })),
  MessageSent: ({ data: { session } }) => [{ add: { messages: 1 }, at: { session } }],
}

export const sessions = readModel({
  name: 'session',
  about: 'Which agents work together, in which pattern, for whom, and how it went. The newest first.',
  version: 1,
  path: '/orchestration/sessions',
  row,
  key: ['session'],
  filters: ['pattern', 'status', 'owner', 'primary'],
  ranges: ['started_at'],
  sorts: ['formed_at'],
  sort: '-formed_at',
  aliases: [{
    route: 'GET /orchestration/sessions',
    fields: { type: 'pattern', primaryAgentId: 'primary', startedAfter: 'started_atFrom', startedBefore: 'started_atTo' },
  }],
  project,
})
