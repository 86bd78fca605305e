import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Hash } from '../charter/envelope.ts'
import { Version } from '../charter/events.ts'
import { Rule } from '../charter/verdict.ts'

/** Something that a charter denies, whether somebody asked about it or tried it. */
export const Violated = z.object({
  orchestrator: OrchestratorId,
  action: z.string(),
  command: z.string().nullable(),
  path: z.string().nullable(),
  hash: Hash,
  rule: Rule,
  charterVersion: Version.nullable(),
})

export const CharterViolation = events({
  CharterConstraintViolated: {
    about: 'Somebody was about to do what the charter of the orchestrator denies. Of each action it is told once an hour.',
    data: Violated,
    recipient: ({ orchestrator }) => orchestrator,
  },
})

export type CharterViolationEvent = EventOf<typeof CharterViolation>
