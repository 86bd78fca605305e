import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, CommandId, Int64, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import { Selection, type Lease } from './shapes.ts'

const row = z.object({
  task: TaskId,
  token: Int64,
  holder: OrchestratorId,
  agent: AgentId.nullable(),
  slot: CommandId,
  attempt: z.int(),
  selection: Selection.nullable(),
  started_at: StoredInstant,
  ended_at: StoredInstant.nullable(),
  /** Null while it lasts. */
  outcome: z.enum([
    'completed', 'failed', 'expired', 'released', 'handed off', 'returned', 'blocked', 'escalated', 'cancelled',
  ]).nullable(),
  /** What went wrong, and of what kind it was, where it failed. */
  error: z.string().nullable(),
  kind: z.string().nullable(),
})
type Row = z.output<typeof row>

type Ending = Pick<Recorded, 'id' | 'at'> & { readonly data: { readonly lease: Lease | null } }

/** The lease that the fact ends, if it ends one. */
const ended = ({ id, at, data: { lease } }: Ending, outcome: Row['outcome'], why: Partial<Pick<Row, 'error' | 'kind'>> = {}) =>
  (lease ? [{ patch: { ended_at: at, outcome, ...why }, at: { task: id as TaskId, token: lease.token } }] : [])

const project: Project<typeof row, 'task' | 'token', TaskEvent> = {
  TaskStarted: ({ id, revision, at, data: { holder, agent, slot, attempt, selection } }) => [{
    put: {
      task: id as TaskId, token: String(revision), holder, agent, slot, attempt, selection, started_at: at, ended_at: null, outcome: null,
      error: null, kind: null,
    },
  }],
  TaskCompleted: (fact) => ended(fact, 'completed'),
  TaskFailed: (fact) => ended(fact, 'failed', { error: fact.data.error, kind: fact.data.kind }),
  LeaseExpired: (fact) => ended(fact, 'expired'),
  TaskReleased: (fact) => ended(fact, 'released'),
  TaskHandedOff: (fact) => ended(fact, 'handed off'),
  TaskReturned: (fact) => ended(fact, 'returned'),
  TaskBlocked: (fact) => ended(fact, 'blocked'),
  TaskEscalated: (fact) => ended(fact, 'escalated'),
  TaskCancelled: (fact) => ended(fact, 'cancelled'),
}

export const attempts = readModel({
  name: 'attempt',
  about: 'Every lease of every task: who worked, since when, and how it ended; the newest first.',
  version: 1,
  path: '/attempts',
  row,
  key: ['task', 'token'],
  filters: ['task', 'holder', 'agent', 'outcome'],
  sorts: ['started_at'],
  sort: '-started_at',
  project,
})
