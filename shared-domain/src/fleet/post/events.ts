import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { OrchestratorId, TaskId, text } from '../../vocabulary.ts'

export const kinds = ['progress', 'milestone', 'announcement', 'completion', 'issue'] as const

/** What an orchestrator tells whoever listens. */
export const Post = z.object({
  orchestrator: OrchestratorId,
  kind: z.enum(kinds),
  message: text(10_000),
  channels: z.array(text(200)).max(20),
  task: TaskId.nullable(),
})

export const StatusPost = events({
  OrchestratorStatusPosted: {
    about: 'An orchestrator told how things stand.',
    data: Post,
    recipient: ({ orchestrator }) => orchestrator,
  },
})

export type StatusPostEvent = EventOf<typeof StatusPost>
