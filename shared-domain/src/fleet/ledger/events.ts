import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Amount, Unit, Window } from '../budget/windows.ts'
import { Counts } from './counts.ts'
import { levels } from './thresholds.ts'

/** Null in a ledger of the organization. */
const orchestrator = OrchestratorId.nullable()
const recipient = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

/** A reservation is named by the command that made it. */
const Ended = z.object({ orchestrator, reservation: CommandId, unused: Amount, counts: Counts })

export const Ledger = events({
  TokensReserved: {
    about: 'So much is set aside until then, or until it is released.',
    data: z.object({ orchestrator, reservation: CommandId, ...Amount.shape, until: StoredInstant, counts: Counts }),
    recipient,
  },
  TokensConsumed: {
    about: 'So much was used; the overrun is what no reservation covered.',
    data: z.object({ orchestrator, reservation: CommandId.nullable(), ...Amount.shape, overrun: Amount, counts: Counts }),
    recipient,
  },
  TokenReservationReleased: { about: 'What was set aside and not used is free again.', data: Ended, recipient },
  TokenReservationExpired: { about: 'The time of a reservation is up; what was not used is free again.', data: Ended, recipient },
  BudgetThresholdCrossed: {
    about: 'A percentage of a limit is used in the window that began then.',
    data: z.object({
      orchestrator, window: Window, start: StoredInstant, unit: Unit, percent: z.int(), level: z.enum(levels),
      used: z.int(), limit: z.int(),
    }),
    recipient,
  },
})

export type LedgerEvent = EventOf<typeof Ledger>
