import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { decisionTypes } from '../../council/decision/decision-types.ts'
import { Id, StoredInstant, text, TimeZone } from '../../vocabulary.ts'
import { Blocked } from '../budget/events.ts'
import { Version } from '../charter/events.ts'

export const statuses = ['ONLINE', 'BUSY', 'AWAY', 'OFFLINE'] as const
export const Status = z.enum(statuses)
export const ShownStatus = z.enum([...statuses, 'ARCHIVED'])

export const Profile = z.object({
  name: text(100),
  discipline: text(100),
  role: text(100),
  capabilities: z.array(text(100)).max(50),
  timezone: TimeZone,
  daemonEndpoint: z.url().max(2_000).nullable(),
  consensusWeight: z.int().min(1).max(100),
  email: z.email().max(254).toLowerCase().nullable(),
  avatarUrl: z.url({ protocol: /^https?$/ }).max(2_000).nullable(),
  /** 0 a person, 1 an orchestrator, 2 a session manager, 3 a subagent. */
  tier: z.int().min(0).max(3),
})

/** What every command would have to look up, noted where it looks anyway: null where there is nothing to heed. */
export const Guarded = z.object({
  charterVersion: Version.nullable(),
  /** A limit that is reached, until when nothing new starts. */
  budget: Blocked.nullable(),
})

const withoutContact = { email: null, avatarUrl: null, tier: 1 }
/** An address that others may have from now on. */
const previousEmail = Profile.shape.email

export const Orchestrator = events({
  OrchestratorRegistered: {
    about: 'An orchestrator joined the organization.',
    data: Profile.extend({ maxConcurrentTasks: z.int() }),
    upcast: [(old) => ({ ...old, ...withoutContact })],
    recipient: (_, id) => id,
  },
  OrchestratorUpdated: {
    about: 'What is known of the orchestrator changed; the fact holds the whole profile.',
    data: Profile.extend({ previousEmail }),
    upcast: [(old) => ({ ...old, ...withoutContact, previousEmail: null })],
    recipient: (_, id) => id,
  },
  OrchestratorStatusChanged: {
    about: 'The orchestrator became available, busy, away or offline.',
    data: z.object({ from: Status, to: Status, action: z.string(), reason: z.string().nullable() }),
    recipient: (_, id) => id,
  },
  OrchestratorGuarded: {
    about: 'Whether a charter holds for the orchestrator and whether its budget is exhausted, as its commands heed it from now on.',
    data: Guarded,
    recipient: (_, id) => id,
  },
  OrchestratorHoursKept: {
    about: 'The orchestrator has a schedule, which whoever gives it work heeds from now on.',
    data: z.object({}),
    recipient: (_, id) => id,
  },
  OrchestratorQueueLimited: {
    about: 'How many tasks may wait for the orchestrator, or any number, as those heed it who give it one.',
    data: z.object({ maxQueueSize: z.int().nullable() }),
    recipient: (_, id) => id,
  },
  ProxyAppointed: {
    about: 'From now on the orchestrator, where it may vote and does not, is voted for by another in questions that are opened.',
    data: z.object({
      to: Id,
      /** In questions of these types; null for any. */
      types: z.array(z.enum(decisionTypes)).nullable(),
      until: StoredInstant.nullable(),
    }),
    recipient: (_, id) => id,
  },
  ProxyWithdrawn: {
    about: 'Nobody votes for the orchestrator any more in questions that are opened from now on.',
    data: z.object({ to: Id }),
    recipient: (_, id) => id,
  },
  OrchestratorArchived: {
    about: 'The orchestrator left the organization for good.',
    data: z.object({ from: Status, reason: z.string().nullable(), previousEmail }),
    upcast: [(old) => ({ ...old, previousEmail: null })],
    recipient: (_, id) => id,
  },
})

export type OrchestratorEvent = EventOf<typeof Orchestrator>
