import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, OrchestratorId } from '../../vocabulary.ts'

/** Whose the address is, and the command that took it. The address itself stands in no fact of its stream. */
export const Keeping = z.object({ orchestrator: OrchestratorId, command: CommandId })

const recipient = ({ orchestrator }: z.output<typeof Keeping>) => orchestrator

export const EmailAddress = events({
  EmailReserved: { about: 'An orchestrator is about to have this address, and no other can.', data: Keeping, recipient },
  EmailConfirmed: { about: 'The orchestrator has this address.', data: Keeping, recipient },
  EmailReleased: {
    about: 'Nobody has this address any more.',
    data: Keeping.extend({ reason: z.enum(['changed', 'archived', 'not-started', 'expired']) }),
    recipient,
  },
})

export type EmailAddressEvent = EventOf<typeof EmailAddress>
