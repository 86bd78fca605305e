import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { emailAddress, emailReservation_ms } from './email/decider.ts'
import type { EmailAddressEvent } from './email/events.ts'
import { addressId } from './email/state.ts'
import type { OrchestratorEvent } from './orchestrator/events.ts'

interface Fact { readonly id: string; readonly organization: string; readonly commandId: string }

const confirmed = ({ id: orchestrator, organization, commandId: command }: Fact, email: string | null) =>
  (email === null ? [] : [send(emailAddress, addressId(organization, email), 'confirm', { orchestrator, command })])

const released = ({ id: orchestrator, organization }: Fact, email: string | null, reason: 'changed' | 'archived') =>
  (email === null ? [] : [send(emailAddress, addressId(organization, email), 'release', { orchestrator, reason })])

const keyOf = (address: string) => `email-${address}`

export const emails = process<OrchestratorEvent | EmailAddressEvent>({
  name: 'emails',
  about: 'Confirms the email addresses that orchestrators have, and frees those that they have no more.',
  react: {
    OrchestratorRegistered: (fact) => confirmed(fact, fact.data.email),
    OrchestratorUpdated: (fact) => [...released(fact, fact.data.previousEmail, 'changed'), ...confirmed(fact, fact.data.email)],
    OrchestratorArchived: (fact) => released(fact, fact.data.previousEmail, 'archived'),
    EmailReserved: ({ id, at, data }) => [send(emailAddress, id, 'expire', data, { due: later(at, emailReservation_ms), key: keyOf(id) })],
    EmailConfirmed: ({ id }) => [forget(keyOf(id))],
    EmailReleased: ({ id }) => [forget(keyOf(id))],
  },
})
