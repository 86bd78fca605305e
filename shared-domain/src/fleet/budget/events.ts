import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Limits, Override } from './limits.ts'
import { Unit, Window } from './windows.ts'

/** Null in the budget of the organization. */
const orchestrator = OrchestratorId.nullable()
const recipient = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

/** Of the limits that are reached still, the one whose window ends last. */
export const Blocked = z.object({ until: StoredInstant, window: Window, unit: Unit })
export type Blocked = z.output<typeof Blocked>

const Reached = z.object({ orchestrator, window: Window, unit: Unit, blocked: Blocked.nullable() })

export const causes = ['window', 'override', 'limit', 'off'] as const

export const Budget = events({
  BudgetConfigured: {
    about: 'It was said how much may be used.', data: z.object({ orchestrator, limits: Limits, before: Limits.nullable() }), recipient,
  },
  BudgetOverrideGranted: { about: 'A limit is higher by so much until then.', data: Override.extend({ orchestrator }), recipient },
  BudgetExhausted: {
    about: 'A limit is reached: until then, or until it is higher, nothing new starts.',
    data: Reached.extend({ used: z.int(), limit: z.int(), until: StoredInstant }),
    recipient,
  },
  BudgetResumed: {
    about: 'A limit is reached no more: its window ended, it is higher, or nothing pauses at it.',
    data: Reached.extend({ cause: z.enum(causes) }),
    recipient,
  },
})

export type BudgetEvent = EventOf<typeof Budget>
