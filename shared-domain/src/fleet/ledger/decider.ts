import { z } from 'zod'
import { decider, mayActAs, reject, type Answers, type Context, type Hold, type Rejection } from '../../kernel/decider.ts'
import { busy, conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { later, minute_ms, second_ms, type Instant } from '../../kernel/time.ts'
import { CommandId, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Amount, Month, monthOf, startOf, startOfMonth } from '../budget/windows.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { consumed, ended, fullOf, pageOf, reserved, settled, type Ending, type Page } from './booking.ts'
import { countedAt } from './counts.ts'
import type { LedgerEvent } from './events.ts'
import { ledgerOf, ledgerState, monthIn, type LedgerState } from './state.ts'

const reservations_max = 1_000

type Code =
  'NOT_FOUND' | 'FORBIDDEN' | 'INVALID_STATE_TRANSITION' | 'VALIDATION_ERROR' | 'LIMIT_REACHED' | 'BUDGET_EXHAUSTED' | 'RESERVATION_UNKNOWN'
type Decision = readonly LedgerEvent[] | Rejection<Code>

const Holder = z.object({ orchestrator: OrchestratorId })
const unsaid = { tokens: Amount.shape.tokens.default(0), cost: Amount.shape.cost.default(0) }

const Reserving = z.object({ ...unsaid, ttl_s: z.int().min(60).max(90_000).default(3_600) })
const Consuming = z.object({ ...unsaid, ledger: Month.optional(), reservation: CommandId.optional() })
const Releasing = z.object({ ledger: Month, reservation: CommandId })

/** What is taken of the organization's ledger for one of an orchestrator, or booked in it: as of the same instant. */
const Holding = Amount.extend({ reservation: CommandId, at: StoredInstant, until: StoredInstant })
const Booking = Amount.extend({ reservation: CommandId.nullable(), at: StoredInstant })
const Ended = z.object({ reservation: CommandId })
const Settled = Amount.extend({ reservation: CommandId, whole: z.boolean() })

interface Place { readonly at: Instant; readonly organization: string }
/** Whose ledger is meant, and which. */
type Ofs = { readonly orchestrator?: OrchestratorId; readonly ledger?: string | undefined }

/** The ledger of an orchestrator, or of the organization where none is named: that of the month, when no other is. */
function place(said: object, { at, organization }: Place): string {
  const { orchestrator, ledger }: Ofs = said
  return ledgerOf(orchestrator ?? organization, ledger ?? monthOf(at))
}
const placed = { place, creates: false, scope: 'execute' } as const

/** Books in the ledger of a month as of an instant, which has its limits; before the month has begun there is nothing to book. */
function booked(state: LedgerState, month: Instant, context: Context, book: (page: Page) => Decision, at: Instant = context.at): Decision {
  const counted = countedAt(month, state.counts, at)
  if (counted === undefined) return reject('VALIDATION_ERROR', { errors: [{ pointer: '/ledger', message: 'has not begun' }] })
  return book(pageOf(state, counted, context))
}

/** Decides if the caller may book for the orchestrator, or for the whole organization: only who may act for any orchestrator does that. */
function allowed({ orchestrator }: Ofs, context: Context, decide: () => Decision, whileHere?: string): Decision {
  const known = orchestrator === undefined ? undefined : context.look(orchestratorState, orchestrator)
  if (known && (known.stage === 'unknown' || known.organization !== context.organization)) return reject('NOT_FOUND')
  if (!mayActAs(context, orchestrator ?? context.organization)) return reject('FORBIDDEN')
  const isGone = whileHere !== undefined && known?.stage === 'archived'
  return isGone ? reject('INVALID_STATE_TRANSITION', { command: whileHere, status: 'ARCHIVED' }) : decide()
}

function reserve(state: LedgerState, { at: month, until, ...wish }: z.output<typeof Holding>, context: Context, at?: Instant): Decision {
  if (state.reservations.has(wish.reservation)) return []
  return booked(state, startOf('month', month), context, (page) => {
    if (state.reservations.size >= reservations_max) return reject('LIMIT_REACHED', { max: reservations_max })
    const full = fullOf(page, wish)
    return full ? reject('BUDGET_EXHAUSTED', full) : [reserved(page, wish.reservation, wish, until)]
  }, at)
}

/** Whoever reserves reserves under the command that it is. */
const reservationOf = (
  { ttl_s, tokens, cost }: z.output<typeof Reserving>, { at, commandId }: Pick<Context, 'at' | 'commandId'>,
): z.output<typeof Holding> => ({ tokens, cost, reservation: CommandId.parse(commandId), at, until: later(at, ttl_s * second_ms) })

const answers: Answers<LedgerState> = {
  fields: z.object({ ledger: Month, reservation: CommandId }),
  of: (_, { id, commandId: reservation }) => ({ ledger: monthIn(id), reservation }),
}

/** The same of the organization's ledger, before the orchestrator's has it. */
function ofOrganization(wish: z.output<typeof Reserving>, context: Pick<Context, 'at' | 'commandId' | 'organization'>): Hold {
  const own = reservationOf(wish, context)
  const id = ledgerOf(context.organization, monthOf(context.at))
  return {
    take: { category: ledgerState.category, id, command: 'hold', data: own },
    giveBack: () => ({ category: ledgerState.category, id, command: 'letGo', data: { reservation: own.reservation } }),
    within_ms: minute_ms,
  }
}

const reserving = (state: LedgerState, wish: z.output<typeof Reserving> & Ofs, context: Context): Decision =>
  allowed(wish, context, () => reserve(state, reservationOf(wish, context), context), 'reserve')

const consuming = (state: LedgerState, wish: z.output<typeof Consuming> & Ofs, context: Context): Decision => allowed(wish, context, () => {
  const { ledger = monthOf(context.at), reservation, tokens, cost } = wish
  if (reservation !== undefined && !state.reservations.has(reservation)) return reject('RESERVATION_UNKNOWN')
  return booked(state, startOfMonth(ledger), context, (page) => consumed(page, reservation ?? null, { tokens, cost }))
})

/** A reservation ends as of now, or as of the last instant of its month. */
const ending = (state: LedgerState, reservation: CommandId, context: Context, how: Ending) =>
  (state.counts ? booked(state, state.counts.month.start, context, (page) => ended(page, reservation, how)) : [])

const releasing = (state: LedgerState, wish: z.output<typeof Releasing> & Ofs, context: Context): Decision =>
  allowed(wish, context, () => ending(state, wish.reservation, context, 'TokenReservationReleased'))

export const ledger = decider(ledgerState, {
  collection: 'ledgers',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself or an admin may do this, for the organization a tool, too.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left.'),
    VALIDATION_ERROR: invalid('What is said does not fit together.'),
    LIMIT_REACHED: conflict('There are as many of these as there may be.'),
    BUDGET_EXHAUSTED: busy('So much is not left of what may be used.'),
    RESERVATION_UNKNOWN: conflict('The reservation has ended, or never was in this ledger.'),
  },

  commands: {
    reserve: {
      about: 'Set tokens and cost aside for what is about to begin, of the orchestrator\'s limits and of the organization\'s.',
      route: 'POST /orchestrators/:orchestrator/budget/reserve',
      ...placed,
      data: Reserving.extend(Holder.shape),
      answers,
      holds: (_, wish, context) => ofOrganization(wish, context),
      decide: reserving,
    },
    consume: {
      about: 'Book what was used: of a reservation as far as that goes, and beyond.',
      route: 'POST /orchestrators/:orchestrator/budget/consume',
      ...placed,
      data: Consuming.extend(Holder.shape),
      decide: consuming,
    },
    release: {
      about: 'Give back what is left of a reservation.',
      route: 'POST /orchestrators/:orchestrator/budget/release',
      ...placed,
      data: Releasing.extend(Holder.shape),
      decide: releasing,
    },

    reserveOfOrganization: {
      about: 'Set tokens and cost of the organization aside for what no orchestrator does.',
      route: 'POST /budget/reserve',
      ...placed,
      data: Reserving,
      answers,
      decide: reserving,
    },
    consumeOfOrganization: {
      about: 'Book what was used by the organization and by no orchestrator.',
      route: 'POST /budget/consume',
      ...placed,
      data: Consuming,
      decide: consuming,
    },
    releaseOfOrganization: {
      about: 'Give back what is left of a reservation of the organization.',
      route: 'POST /budget/release',
      ...placed,
      data: Releasing,
      decide: releasing,
    },

    hold: {
      about: 'Set aside of the organization what an orchestrator reserves.',
      internal: true,
      data: Holding,
      decide: (state, wish, context) => reserve(state, wish, context, wish.at),
    },
    book: {
      about: 'An orchestrator used so much.',
      internal: true,
      data: Booking,
      decide: (state, { reservation, at, tokens, cost }, context) =>
        booked(state, startOf('month', at), context, (page) => consumed(page, reservation, { tokens, cost }), at),
    },
    letGo: {
      about: 'A reservation of an orchestrator led to nothing or has ended.',
      internal: true,
      data: Ended,
      decide: (state, { reservation }, context) => ending(state, reservation, context, 'TokenReservationReleased'),
    },
    settle: {
      about: 'What a reservation was made for is over: so much was used in all, or nobody knows.',
      internal: true,
      data: Settled,
      decide: (state, { reservation, whole, tokens, cost }, context) => (state.counts === null ? []
        : booked(state, state.counts.month.start, context, (page) => settled(page, reservation, { tokens, cost }, whole))),
    },
    expire: {
      about: 'The time of a reservation is up.',
      internal: true,
      data: Ended,
      decide(state, { reservation }, context) {
        const known = state.reservations.get(reservation)
        return known && context.at >= known.until ? ending(state, reservation, context, 'TokenReservationExpired') : []
      },
    },
  },
})
