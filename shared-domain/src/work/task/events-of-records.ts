import { z } from 'zod'
import { eventsOf, plus } from '../../kernel/events.ts'
import { AgentId, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Artifact, toOwner } from './shapes.ts'

export const roles = ['owner', 'holder', 'agent', 'collaborator', 'other'] as const
export const categories = ['overall', 'accuracy', 'timeliness', 'communication', 'quality'] as const

/** What is told about the work and moves nothing. */
export const eventsOfRecords = eventsOf({
  TaskNoted: {
    about: 'Somebody who has to do with the task left a note.',
    data: z.object({
      owner: OrchestratorId, text: z.string(), artifacts: z.array(Artifact), hoursSpent: z.number().nullable(), role: z.enum(roles),
    }),
    recipient: toOwner,
  },
  TaskTimeRecorded: {
    about: 'It is known how long the work took, and how long it was thought to take.',
    data: z.object({
      owner: OrchestratorId, estimatedHours: z.number(), actualHours: z.number(),
      /** Actual less estimated. */
      variance: z.number(),
      /** 0..100: how near the estimate was. */
      accuracy: z.int(),
      source: z.enum(['given', 'leases', 'recorded']),
      notes: z.string().nullable(),
    }),
    recipient: toOwner,
  },
  TaskQualityRated: {
    about: 'Somebody said how good the result is, or thinks otherwise now.',
    data: z.object({
      owner: OrchestratorId, rating: z.int().min(1).max(5), category: z.enum(categories), comments: z.string().nullable(),
      /** What the same key said of it before. */
      previous: z.object({ rating: z.int(), at: StoredInstant }).nullable(),
      /** Who did the work, where it was an agent. */
      agent: AgentId.nullable(),
    }),
    upcast: [plus({ agent: null })],
    recipient: toOwner,
  },
})
