import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { AgentId, CommandId, Metadata, OrchestratorId, StoredInstant, json, text } from '../../vocabulary.ts'
import { rules } from '../hints.ts'
import { Config, Pattern, Role } from '../patterns.ts'
import { Criteria } from '../selection/criteria.ts'
import { Candidate, Estimate, Found, Member, members_max, Performance, Place, Seated, Vacancy } from './shapes.ts'

const owner = OrchestratorId
const recipient = ({ owner }: { owner: string }) => owner

const reason = text(500)
/** Who was there at the end, each with the slot that goes back; nobody has one before the beginning. */
const Ended = z.object({ owner, places: z.array(Place).max(members_max), performance: Performance })

export const failures = ['work', 'deadline', 'members'] as const

export const Ensemble = events({
  EnsembleFormed: {
    about: 'Agents are to work together in a pattern, for an orchestrator, until the deadline. Costs are micro-units.',
    data: z.object({
      title: text(200), pattern: Pattern, rule: z.enum(rules).nullable(), config: Config, owner, members: z.array(Member).max(members_max),
      selection: Found.nullable(), criteria: Criteria, estimate: Estimate, costBudget: z.int().nullable(), deadline: StoredInstant,
      metadata: Metadata, grounds: Cited,
    }),
    recipient,
  },
  EnsembleStarted: {
    about: 'They work from now on: of each a slot is held.',
    data: z.object({ owner, members: z.array(Seated).max(members_max) }),
    recipient,
  },
  LeaderElected: {
    about: 'One of them leads from now on, in a new term.',
    data: z.object({ owner, agent: AgentId, previous: AgentId.nullable(), term: z.int(), candidates: z.array(Candidate).max(5) }),
    recipient,
  },
  MemberJoined: {
    about: 'Another agent is a member from now on; so many places are still to be filled.',
    data: Seated.extend({
      owner, cause: z.enum(['joined', 'replacement']), candidates: z.array(Candidate).max(5), missing: z.int(), grounds: Cited,
    }),
    recipient,
  },
  MemberLeft: {
    about: 'A member left, was removed or was lost; who leads instead, if it led, and what place is to be filled, if one is.',
    data: z.object({
      owner, agent: AgentId, role: Role, slot: CommandId, cause: z.enum(['left', 'removed', 'lost']),
        heir: z.object({ agent: AgentId, role: Role }).nullable(),
      vacancy: Vacancy.nullable(),
    }),
    recipient,
  },
  AgentsWanted: {
    about: 'Nobody was found for a place: so many are missing. It is looked for again, four times at the most.',
    data: Vacancy.extend({ owner, missing: z.int(), attempt: z.int() }),
    recipient,
  },
  EnsembleCompleted: { about: 'It is done.', data: Ended.extend({ result: json(64 * 1024).nullable() }), recipient },
  EnsembleFailed: {
    about: 'It came to nothing, by what was done, by its deadline or for want of members.',
    data: Ended.extend({ cause: z.enum(failures), reason: reason.nullable() }),
    recipient,
  },
  EnsembleCancelled: { about: 'It is no longer wanted, or never began.', data: Ended.extend({ reason: reason.nullable() }), recipient },
})

export type EnsembleEvent = EventOf<typeof Ensemble>
