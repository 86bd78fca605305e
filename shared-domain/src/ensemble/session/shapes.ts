import { z } from 'zod'
import { AgentId, CommandId, OrchestratorId, text } from '../../vocabulary.ts'
import { Role } from '../patterns.ts'
import { reasons } from '../selection/eligibility.ts'

export const members_max = 50

/** An agent in its role, with what it was chosen for. */
export const Member = z.object({
  agent: AgentId,
  /** The orchestrator that supervises the agent, if one does. */
  orchestrator: OrchestratorId.nullable(),
  role: Role,
  skills: z.array(text(100)),
  score: z.number().min(0).max(100),
  /** Micro-units. */
  cost: z.int().min(0),
})
export type Member = z.output<typeof Member>

/** A member, and the slot of the agent that is held for it. */
export const Seated = Member.extend({ slot: CommandId })
export type Seated = z.output<typeof Seated>

/** What is given back of each. */
export const Place = z.object({ agent: AgentId, slot: CommandId })

export const Candidate = z.object({ agent: AgentId, score: z.number() })

/** How the members were found; null where they were named. */
export const Found = z.object({ policy: z.string(), candidates: z.array(Candidate).max(5),
  counts: z.partialRecord(z.enum(reasons), z.int()) })

export const Estimate = z.object({ duration_ms: z.int(), cost: z.int() })
export type Estimate = z.output<typeof Estimate>

export const Performance = z.object({
  duration_ms: z.int(), cost: z.int(), completed: z.int(), failed: z.int(), cancelled: z.int(), busy_ms: z.int(), reserved_ms: z.int(),
  utilisation: z.number(), efficiency: z.number().nullable(),
})
export type Performance = z.output<typeof Performance>

/** A place that is to be filled, and with which skills. */
export const Vacancy = z.object({ role: Role, skills: z.array(text(100)) })
export type Vacancy = z.output<typeof Vacancy>
