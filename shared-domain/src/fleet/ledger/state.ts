import { fold, type Evolve } from '../../kernel/decider.ts'
import { none, rest, sum, type Amount } from '../budget/windows.ts'
import type { Counts } from './counts.ts'
import { Ledger, type LedgerEvent } from './events.ts'
import { toldAlso, type Told } from './thresholds.ts'

/** What is left of it. */
interface Reservation extends Amount {
  readonly until: string
  /** What was used under it. */
  readonly used: Amount
}

export interface LedgerState {
  /** After the last fact; null before the first. */
  readonly counts: Counts | null
  readonly reservations: ReadonlyMap<string, Reservation>
  readonly told: Told
}

const less = ({ reservations }: LedgerState, id: string | null, used: Amount): LedgerState['reservations'] => {
  const reservation = id === null ? undefined : reservations.get(id)
  if (!reservation) return reservations
  return new Map(reservations).set(id!, { ...reservation, ...rest(reservation, used), used: sum(reservation.used, used) })
}

const ended = (state: LedgerState, { reservation, counts }: { reservation: string; counts: Counts }): LedgerState => {
  const reservations = new Map(state.reservations)
  reservations.delete(reservation)
  return { ...state, counts, reservations }
}

const evolve: Evolve<LedgerState, LedgerEvent> = {
  TokensReserved: (state, { reservation, tokens, cost, until, counts }) =>
    ({ ...state, counts, reservations: new Map(state.reservations).set(reservation, { tokens, cost, until, used: none }) }),
  TokensConsumed: (state, { reservation, tokens, cost, counts }) =>
    ({ ...state, counts, reservations: less(state, reservation, { tokens, cost }) }),
  TokenReservationReleased: ended,
  TokenReservationExpired: ended,
  BudgetThresholdCrossed: (state, crossing) => ({ ...state, told: toldAlso(state.told, crossing) }),
}

export const ledgerState = fold('ledger', Ledger, { counts: null, reservations: new Map(), told: new Map() }, evolve)

/** The ledger of a holder, an orchestrator or the organization, for a month such as `203001`. */
export const ledgerOf = (holder: string, month: string): string => `${holder}.${month}`

export const holderOf = (ledger: string): string => ledger.split('.')[0]!
export const monthIn = (ledger: string): string => ledger.slice(holderOf(ledger).length + 1)
