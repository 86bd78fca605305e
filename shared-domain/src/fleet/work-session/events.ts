import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { AgentId, CommandId, Id, Int64, OrchestratorId, TaskId, text } from '../../vocabulary.ts'
import { Month } from '../budget/windows.ts'
import { Instance } from '../daemon/events.ts'

const concerned = { orchestrator: OrchestratorId }
const recipient = ({ orchestrator }: { readonly orchestrator: string }) => orchestrator

const amount = z.int().min(0).max(1_000_000_000)

/** What a run of a program has used so far; cost in millionths of a currency unit. */
export const Metrics = z.object({
  tokens: amount.default(0), cost: amount.default(0), errors: amount.default(0), duration_ms: z.int().min(0).default(0),
})
export type Metrics = z.output<typeof Metrics>
export const noMetrics: Metrics = { tokens: 0, cost: 0, errors: 0, duration_ms: 0 }

/** What a session failed of. */
export const Kind = z.enum(['oom', 'timeout', 'segfault', 'network', 'permission', 'budget', 'exit', 'lost', 'unknown'])
export type Kind = z.output<typeof Kind>

export const openStatuses = ['SPAWNED', 'RUNNING', 'PAUSED'] as const
export const Status = z.enum([...openStatuses, 'COMPLETED', 'FAILED', 'TERMINATED'])

export const ExitCode = z.int().min(0).max(255)
export const Pid = z.int().min(1).max(4_194_304)
export const OutputTail = z.string().max(4_000)
/** Hex SHA-256 of all output, without secrets. */
export const OutputDigest = z.string().regex(/^[0-9a-f]{64}$/)
export const Failure = z.string().max(5_000)

/** What is asked for when one begins. */
export const Wanted = z.object({
  daemon: Id,
  task: TaskId,
  token: Int64,
  program: text(100),
  memoryProfile: text(200).nullable(),
  timeout_s: z.int().min(1).max(86_400),
  tokens: amount,
})

const reserved = { ledger: Month.nullable(), reservation: CommandId.nullable() }
const ended = { ...concerned, task: TaskId, ...reserved, metrics: Metrics }
const printed = { exitCode: ExitCode.nullable(), outputTail: OutputTail.nullable(), outputDigest: OutputDigest.nullable() }

export const WorkSession = events({
  WorkSessionSpawned: {
    about: 'A daemon is about to run a program for a task, under one lease: the session is named by the slot of that.',
    data: z.object({ ...concerned, ...Wanted.shape, instance: Instance, agent: AgentId.nullable(), ...reserved }),
    recipient,
  },
  WorkSessionStarted: { about: 'The program runs.', data: z.object({ ...concerned, pid: Pid.nullable() }), recipient },
  WorkSessionPaused: {
    about: 'The program is to stand still; its lease goes on.', data: z.object({ ...concerned, reason: text(500).nullable() }), recipient,
  },
  WorkSessionResumed: {
    about: 'The program is to go on.', data: z.object({ ...concerned, paused_ms: z.int().min(0) }), recipient,
  },
  WorkSessionCompleted: { about: 'The program did what it was to do.', data: z.object({ ...ended, ...printed }), recipient },
  WorkSessionFailed: {
    about: 'The program failed, or was lost with its lease.',
    data: z.object({ ...ended, ...printed, kind: Kind, error: Failure }),
    recipient,
  },
  WorkSessionTerminated: {
    about: 'Somebody ended it, or what ended its lease.', data: z.object({ ...ended, reason: text(500) }), recipient,
  },
})

export type WorkSessionEvent = EventOf<typeof WorkSession>
