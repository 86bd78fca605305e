import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, CommandId, Id, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import { ExitCode, Kind, Metrics, OutputDigest, OutputTail, Status, type WorkSessionEvent } from './events.ts'

const { tokens, cost, errors, duration_ms } = Metrics.shape

const row = z.object({
  session: CommandId,
  orchestrator: OrchestratorId,
  daemon: Id,
  task: TaskId,
  agent: AgentId.nullable(),
  program: z.string(),
  status: Status,
  kind: Kind.nullable(),
  error: z.string().nullable(),
  reason: z.string().nullable(),
  exit_code: ExitCode.nullable(),
  tokens_reserved: z.int(),
  tokens: tokens.unwrap(),
  cost: cost.unwrap(),
  errors: errors.unwrap(),
  duration_ms: duration_ms.unwrap(),
  output_tail: OutputTail.nullable(),
  output_digest: OutputDigest.nullable(),
  spawned_at: StoredInstant,
  started_at: StoredInstant.nullable(),
  ended_at: StoredInstant.nullable(),
})
type Row = z.output<typeof row>

const sessionOf = ({ id }: { readonly id: string }) => ({ at: { session: id as CommandId } })

const blank = {
  status: 'SPAWNED', kind: null, error: null, reason: null, exit_code: null, tokens: 0, cost: 0, errors: 0, duration_ms: 0,
  output_tail: null, output_digest: null, started_at: null, ended_at: null,
} as const satisfies Partial<Row>

const project: Project<typeof row, 'session', WorkSessionEvent> = {
  WorkSessionSpawned: ({ id, at: spawned_at, data: { orchestrator, daemon, task, agent, program, tokens: tokens_reserved } }) => [{
    put: { session: id as CommandId, orchestrator, daemon, task, agent, program, tokens_reserved, spawned_at, ...blank },
  }],
  WorkSessionStarted: (fact) => [{ patch: { status: 'RUNNING', started_at: fact.at }, ...sessionOf(fact) }],
  WorkSessionPaused: (fact) => [{ patch: { status: 'PAUSED' }, ...sessionOf(fact) }],
  WorkSessionResumed: (fact) => [{ patch: { status: 'RUNNING' }, ...sessionOf(fact) }],
  WorkSessionCompleted(fact) {
    const { exitCode: exit_code, outputTail: output_tail, outputDigest: output_digest, metrics } = fact.data
    return [{ patch: { status: 'COMPLETED', exit_code, output_tail, output_digest, ...metrics, ended_at: fact.at }, ...sessionOf(fact) }]
  },
  WorkSessionFailed(fact) {
    const { exitCode: exit_code, outputTail: output_tail, outputDigest: output_digest, metrics, kind, error } = fact.data
    const printed = { exit_code, output_tail, output_digest }
    return [{ patch: { status: 'FAILED', ...printed, kind, error, ...metrics, ended_at: fact.at }, ...sessionOf(fact) }]
  },
  WorkSessionTerminated: (fact) =>
    [{ patch: { status: 'TERMINATED', reason: fact.data.reason, ...fact.data.metrics, ended_at: fact.at }, ...sessionOf(fact) }],
}

export const workSessions = readModel({
  name: 'work_session',
  about: 'Runs of programs for tasks, by which daemons: how they stand, what they used and what they ended with. The newest first.',
  version: 1,
  path: '/work-sessions',
  row,
  key: ['session'],
  filters: ['orchestrator', 'daemon', 'task', 'agent', 'status', 'kind'],
  sorts: ['spawned_at'],
  sort: '-spawned_at',
  aliases: [{ route: 'GET /daemon/sessions', about: 'Of the daemon whose key it is.', caller: { kind: 'daemon', as: 'daemon' } }],
  project,
})
