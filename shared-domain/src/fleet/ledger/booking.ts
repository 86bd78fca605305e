import type { Context } from '../../kernel/decider.ts'
import type { Instant } from '../../kernel/time.ts'
import type { CommandId, OrchestratorId } from '../../vocabulary.ts'
import type { Allowed } from '../budget/limits.ts'
import { budgetState } from '../budget/state.ts'
import { none, rest, sum, type Amount } from '../budget/windows.ts'
import { countsAt, withUsed, type Counts } from './counts.ts'
import { Ledger, type LedgerEvent } from './events.ts'
import { fullFor } from './room.ts'
import { holderOf, type LedgerState } from './state.ts'
import { crossings } from './thresholds.ts'

/** A ledger at an instant, with what may be used of it. */
export interface Page {
  readonly holder: string
  /** Null where the organization is the holder. */
  readonly orchestrator: OrchestratorId | null
  readonly state: LedgerState
  readonly counts: Counts
  readonly allowed: Allowed
  readonly at: Instant
}

export function pageOf(state: LedgerState, at: Instant, { id, organization, look }: Context): Page {
  const holder = holderOf(id)
  const orchestrator = holder === organization ? null : holder as OrchestratorId
  return { holder, orchestrator, state, counts: countsAt(state.counts, at), allowed: look(budgetState, holder), at }
}

/** Where the wish does not fit, in the words of the refusal. */
export function fullOf({ holder, allowed, counts, at }: Page, wish: Amount) {
  const full = fullFor(allowed, counts, wish, at)
  return full && { holder, ...full }
}

export const reserved = ({ orchestrator, counts }: Page, reservation: CommandId, { tokens, cost }: Amount, until: Instant) =>
  Ledger.TokensReserved({
    orchestrator, reservation, tokens, cost, until, counts: { ...counts, reserved: sum(counts.reserved, { tokens, cost }) },
  })

/** What was used, as far as a reservation covers it and beyond, with the percentages of limits that it reaches. */
export function consumed(page: Page, reservation: CommandId | null, used: Amount): readonly LedgerEvent[] {
  const { orchestrator, state: { reservations, told }, allowed, at } = page
  const left: Amount = (reservation === null ? undefined : reservations.get(reservation)) ?? none
  const covered = rest(left, rest(left, used))
  const counts = withUsed(page.counts, used, rest(page.counts.reserved, covered))
  return [
    Ledger.TokensConsumed({ orchestrator, reservation, ...used, overrun: rest(used, left), counts }),
    ...crossings(allowed, counts, told, at).map((crossing) => Ledger.BudgetThresholdCrossed({ orchestrator, ...crossing })),
  ]
}

export type Ending = 'TokenReservationReleased' | 'TokenReservationExpired'

/** What was not used of a reservation is free again; nothing, when it has ended. */
export function ended({ orchestrator, state, counts }: Page, reservation: CommandId, how: Ending): readonly LedgerEvent[] {
  const left = state.reservations.get(reservation)
  if (!left) return []
  const unused = { tokens: left.tokens, cost: left.cost }
  return [Ledger[how]({ orchestrator, reservation, unused, counts: { ...counts, reserved: rest(counts.reserved, unused) } })]
}

/** What was used in all, as far as it was not told before, and then the end: of what nobody knows all that was set aside counts. */
export function settled(page: Page, reservation: CommandId, used: Amount, isWhole: boolean): readonly LedgerEvent[] {
  const known = page.state.reservations.get(reservation)
  if (!known) return []
  const more = isWhole ? known : rest(used, known.used)
  const booked = more.tokens > 0 || more.cost > 0 ? consumed(page, reservation, { tokens: more.tokens, cost: more.cost }) : []
  const state = { ...page.state, reservations: new Map(page.state.reservations).set(reservation, { ...known, ...rest(known, more) }) }
  const counts = booked.reduce((counts, fact) => (fact.type === 'TokensConsumed' ? fact.data.counts : counts), page.counts)
  return [...booked, ...ended({ ...page, state, counts }, reservation, 'TokenReservationReleased')]
}
