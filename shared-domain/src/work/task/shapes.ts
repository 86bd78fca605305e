import { z } from 'zod'
import { AgentId, CommandId, Id, Int64, OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'

export const Status = z.enum(['TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED'])
/** Those of what is still to be done. */
export const openStatuses = ['TODO', 'IN_PROGRESS', 'BLOCKED'] as const satisfies readonly z.output<typeof Status>[]

export const BlockKind = z.enum(['dependencies', 'failure', 'manual', 'escalation'])

/** What every fact that moves a task says: whose it is, and from which status it comes. */
export const moving = { owner: OrchestratorId, from: Status }

export const toOwner = ({ owner }: { owner: string }) => owner
export const toTarget = ({ to }: { to: string }) => to

/** The item of a batch that the work is for. */
export const Run = z.object({ run: Id, no: z.int().min(1) })

/**
 * The right to work on the task. `token` is the revision of the event that granted it, `slot` the command that took the capacity of
 * `holder`; `agent` works under it, where one does.
 */
export const Lease = z.object({
  holder: OrchestratorId, token: Int64, slot: CommandId, since: StoredInstant, agent: AgentId.nullable(), run: Run.nullable(),
})

/** A place of an agent. One that is `kept` is a session's: the end of a lease frees neither it nor the assignment. */
export const AgentSlot = z.object({ agent: AgentId, slot: CommandId, kept: z.boolean() })

/** For whom a task was made. */
export const Origin = z.object({ kind: z.enum(['execution', 'session', 'recurrence']), id: Id, item: text(50) })

/** What figures are kept by, as it stands with the fact. `wait_ms` is the time since creation in which nobody worked on the task. */
export const Work = z.object({
  priority: Priority,
  createdAt: StoredInstant,
  dueAt: StoredInstant.nullable(),
  /** The first required capability, else `none`. */
  skill: z.string(),
  wait_ms: z.int(),
  failures: z.int(),
  moves: z.int(),
})

/** Why something happened although the orchestrator was outside its hours. */
export const OutsideHours = z.object({
  orchestrator: OrchestratorId, how: z.enum(['deferred', 'forced', 'critical']), nextAvailableAt: StoredInstant.nullable(),
})

export type OutsideHours = z.output<typeof OutsideHours>

/** Why a task waits for a time: for hours to begin, or as somebody wants it. */
export const DeferralCause = z.enum(['hours', 'asked'])

export const Scored = <Of extends z.ZodType>(id: Of) => z.object({ id, score: z.number() })
export const Refused = z.object({ id: Id, code: z.string() })

export const rejected_max = 5

/** Who was chosen from and who was not fit, by which policy, when a task was not named but picked. */
export const Selection = z.object({
  policy: text(100), candidates: z.array(Scored(TaskId)).max(6), rejected: z.array(Refused).max(rejected_max),
})

/** By which policy somebody was chosen for a task, and from whom; without a policy there is nothing to say. */
export const chosen = {
  policy: text(100).nullable(), candidates: z.array(Scored(Id)).max(5), rejected: z.array(Refused).max(rejected_max),
}

/** Why an assignment ended: by hand, for want of a start in time, or for what became of the agent. */
export const UnassignCause = z.enum(['asked', 'lapsed', 'offline', 'suspended', 'retired', 'breaker'])

export const Artifact = z.object({ name: z.string(), uri: z.string(), type: text(100).nullable() })

export type Lease = z.output<typeof Lease>
export type AgentSlot = z.output<typeof AgentSlot>
/** Whether the end of what the fact tells of sets the agent free: its place goes back, and it is assigned no more. */
export const isFreed = (slot: AgentSlot | null): boolean => slot !== null && !slot.kept

export type Origin = z.output<typeof Origin>
export type Work = z.output<typeof Work>
export type Artifact = z.output<typeof Artifact>
export type TaskStatus = z.output<typeof Status>
