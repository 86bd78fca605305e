import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Envelope, Hash } from '../charter/envelope.ts'
import { Version } from '../charter/events.ts'
import { Rule, Verdict } from '../charter/verdict.ts'

export const needed_max = 5

/** Who signed: an admin is known by its key. */
const Approver = z.string()

const own = { orchestrator: OrchestratorId, hash: Hash }
/** Whether the charter decided by itself, and by which rule. */
const decided = { ...own, auto: z.boolean(), rule: Rule.nullable() }
const recipient = ({ orchestrator }: { orchestrator: string }) => orchestrator

export const ActionApproval = events({
  ApprovalRequested: {
    about: 'Somebody asks to be let do exactly this once.',
    data: z.object({
      ...own, envelope: Envelope, reason: z.string(), needed: z.int().min(1).max(needed_max), expiresAt: StoredInstant,
      verdict: Verdict, rule: Rule.nullable(), charterVersion: Version.nullable(),
    }),
    recipient,
  },
  ApprovalSigned: {
    about: 'An admin is for it; `signatures` are the keys of all who are so far.',
    data: z.object({ ...own, signatures: z.array(Approver), needed: z.int() }),
    recipient,
  },
  ApprovalGranted: {
    about: 'It may be done once, until the approval expires.',
    data: z.object({ ...decided, approvers: z.array(Approver) }),
    recipient,
  },
  ApprovalRejected: { about: 'It must not be done.', data: z.object({ ...decided, comment: z.string().nullable() }), recipient },
  ApprovalUsed: { about: 'It is being done, by this command.', data: z.object({ ...own, command: CommandId }), recipient },
  ApprovalReturned: {
    about: 'The command led to nothing: it may be done once still.', data: z.object({ ...own, command: CommandId }), recipient,
  },
  ApprovalExpired: { about: 'Its time is up.', data: z.object(own), recipient },
})

export type ActionApprovalEvent = EventOf<typeof ActionApproval>
