import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { AgentId, text } from '../../vocabulary.ts'
import { Config, Pattern, Role } from '../patterns.ts'
import { Criteria } from './criteria.ts'
import { reasons } from './eligibility.ts'

export const candidates_max = 5
export const alternatives_max = 5
export const rejected_max = 200

const Score = z.number().min(0).max(100)
const Cost = z.int().min(0)

/** What is told of a choice. */
export const Told = z.object({
  policy: z.string(),
  pattern: Pattern,
  chosen: z.array(z.object({ agent: AgentId, role: Role, score: Score, cost: Cost })),
  alternatives: z.array(z.object({ agent: AgentId, score: Score, gaps: z.array(text(100)) })).max(alternatives_max),
  rejected: z.array(z.object({ agent: AgentId, reasons: z.array(z.enum(reasons)) })).max(rejected_max),
  counts: z.partialRecord(z.enum(reasons), z.int()),
  cost: Cost,
  exact: z.boolean(),
})

export const Candidates = z.array(z.object({ id: AgentId, score: Score })).max(candidates_max)

export const Selection = events({
  AgentsSelected: {
    about: 'Agents were chosen for a pattern, by which policy and on which rows. Nothing is reserved. Costs are micro-units.',
    data: Told.extend({ criteria: Criteria, config: Config, candidates: Candidates, grounds: Cited }),
  },
})

export type SelectionEvent = EventOf<typeof Selection>
export type Told = z.output<typeof Told>
