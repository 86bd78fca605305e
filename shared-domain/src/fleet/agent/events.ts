import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { AgentId, CommandId, Id, OrchestratorId, StoredInstant, TaskId, text } from '../../vocabulary.ts'

export const statuses = ['IDLE', 'ACTIVE', 'OFFLINE', 'SUSPENDED'] as const
export const Status = z.enum(statuses)

const Share = z.number().min(0).max(1)

/** One skill and how well it goes. A measure is null until it is given or earned. */
export const Capability = z.object({
  skill: text(100),
  proficiency: z.int().min(1).max(10),
  successRate: Share.nullable(),
  latency_ms: z.int().min(0).nullable(),
  /** Micro-units. */
  cost: z.int().min(0).nullable(),
})

export const capabilities_max = 50

export const Profile = z.object({
  name: text(200),
  description: text(2_000).nullable(),
  orchestrator: OrchestratorId.nullable(),
  capabilities: z.array(Capability).max(capabilities_max),
  maxConcurrent: z.int().min(1).max(50),
  /** As it was registered; what outcomes make of it is counted from here. */
  reliability: Share,
  tags: z.array(text(200)).max(50),
})

/** A place of the agent, for a task or a session, named by the command that took it. */
export const Slot = z.object({ task: TaskId.nullable(), session: Id.nullable(), slot: CommandId })

/** The orchestrator that supervises the agent, if one does. */
const orchestrator = OrchestratorId.nullable()
const recipient = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

const slots = z.array(Slot)
const reason = z.string().nullable()
/** After the fact, so that readers need no arithmetic. */
const counts = { current: z.int(), max: z.int() }
const Taken = Slot.extend({ orchestrator, skills: z.array(z.string()), ...counts })
const Load = z.object({ orchestrator, ...counts, load: z.number() })
const Measured = z.object({ reliability: z.number(), skills: z.array(Capability) })
const Peer = z.object({ orchestrator, peer: AgentId })

export const Agent = events({
  AgentRegistered: { about: 'An agent joined the organization.', data: Profile, recipient },
  AgentUpdated: { about: 'What is known of the agent changed; the fact holds all of it.', data: Profile, recipient },
  AgentStatusChanged: {
    about: 'The agent became idle, active, offline or suspended, while it had these slots taken.',
    data: z.object({ orchestrator, from: Status, to: Status, reason, slots }),
    recipient,
  },
  AgentRetired: {
    about: 'The agent left for good, while it had these slots taken.',
    data: z.object({ orchestrator, from: Status, reason, slots }),
    recipient,
  },
  AgentVersionPublished: {
    about: 'A version of the agent was published and is the current one. The checksum is the SHA-256 of the manifest as canonical JSON.',
    data: z.object({
      orchestrator, version: z.string(), no: z.int().min(1), manifest: z.record(z.string(), z.json()), checksum: z.string(),
    }),
    recipient,
  },
  AgentSupervisorSet: {
    about: 'Another agent leads this one from now on, or none does.',
    data: z.object({ orchestrator, agent: AgentId.nullable(), previous: AgentId.nullable() }),
    recipient,
  },
  AgentPeerAdded: { about: 'The two agents are peers. The fact stands with the one whose id is the lesser.', data: Peer, recipient },
  AgentPeerRemoved: { about: 'The two agents are peers no more.', data: Peer, recipient },
  AgentSlotReserved: { about: 'A slot of the agent was taken.', data: Taken, recipient },
  AgentSlotConfirmed: { about: 'What the slot was taken for came about; it is in use.', data: Taken, recipient },
  AgentSlotReleased: {
    about: 'A slot of the agent is free again.',
    data: Taken.extend({ reason: z.enum(['settled', 'ended', 'not-started', 'expired']) }),
    recipient,
  },
  AgentOverloaded: { about: 'Every slot of the agent is taken.', data: Load, recipient },
  AgentOverloadWarned: { about: 'Four of five slots of the agent are taken, or more.', data: Load, recipient },
  AgentOverloadCleared: { about: 'The agent has a free slot again.', data: Load, recipient },
  AgentOutcomeRecorded: {
    about: 'A task that the agent worked on ended well or badly; what is known of it before and after.',
    data: z.object({
      orchestrator, task: TaskId, slot: CommandId, success: z.boolean(), latency_ms: z.int().nullable(), cost: z.int().nullable(),
      good: z.int(), bad: z.int(), badInRow: z.int(), before: Measured, after: Measured,
    }),
    recipient,
  },
  AgentCircuitOpened: {
    about: 'Too many tasks in a row ended badly: the agent gets none until then.',
    data: z.object({ orchestrator, failures: z.int(), until: StoredInstant, slots }),
    recipient,
  },
  AgentCircuitHalfOpened: { about: 'The agent gets one task, on trial.', data: z.object({ orchestrator }), recipient },
  AgentCircuitClosed: { about: 'The trial ended well: the agent gets tasks as before.', data: z.object({ orchestrator }), recipient },
})

export type AgentEvent = EventOf<typeof Agent>
export type Capability = z.output<typeof Capability>
export type Profile = z.output<typeof Profile>
export type Slot = z.output<typeof Slot>
export type Status = z.output<typeof Status>
