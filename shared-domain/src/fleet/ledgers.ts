import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { budget } from './budget/decider.ts'
import { ledger } from './ledger/decider.ts'
import type { LedgerEvent } from './ledger/events.ts'
import { holderOf, ledgerOf, monthIn } from './ledger/state.ts'

interface Fact { readonly id: string; readonly organization: string; readonly data: { readonly orchestrator: string | null } }

/** Of a ledger of an orchestrator, the organization's of the same month. */
const above = ({ id, organization, data: { orchestrator } }: Fact): readonly string[] =>
  (orchestrator === null ? [] : [ledgerOf(organization, monthIn(id))])

const keyOf = (id: string, reservation: string) => `expire ledger-${id} ${reservation}`

const ended = (fact: Fact & { readonly data: { readonly reservation: string } }) => {
  const { id, data: { reservation } } = fact
  return [forget(keyOf(id, reservation)), ...above(fact).map((organization) => send(ledger, organization, 'letGo', { reservation }))]
}

export const ledgers = process<LedgerEvent>({
  name: 'ledgers',
  about: 'Books for the organization what its orchestrators use and no longer reserve, ends reservations in time, has limits looked at.',
  react: {
    TokensReserved: ({ id, data: { reservation, until: due } }) =>
      [send(ledger, id, 'expire', { reservation }, { due, key: keyOf(id, reservation) })],
    TokensConsumed: (fact) => {
      const { id, at, data: { reservation, tokens, cost } } = fact
      const booked = above(fact).map((organization) => send(ledger, organization, 'book', { reservation, tokens, cost, at }))
      return [...booked, send(budget, holderOf(id), 'review', {})]
    },
    TokenReservationReleased: ended,
    TokenReservationExpired: ended,
  },
})
