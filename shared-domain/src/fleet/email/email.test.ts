import t from 'tap'
import { behaviour, now, organization, subject as orchestrator, system, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { registered } from '../../work/task/scene.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { emailAddress, emailReservation_ms } from './decider.ts'
import { EmailAddress, type EmailAddressEvent } from './events.ts'
import { addressId } from './state.ts'

const email = 'ada@example.org'
const id = addressId(organization, email)
const own = { orchestrator, command: uuid(900) }
const next = { orchestrator, command: uuid(901) }
const other = { orchestrator: uuid(2), command: uuid(902) }

const reserved = EmailAddress.EmailReserved(own)
const confirmed = EmailAddress.EmailConfirmed(own)
const has = Orchestrator.OrchestratorRegistered({ ...registered.data, email })
const after = later(now, emailReservation_ms)

const given = (...facts: readonly EmailAddressEvent[]) => behaviour(t, emailAddress).given(...facts).by(system).with({ id })
const released = (reason: 'changed' | 'archived' | 'not-started' | 'expired', whose = own) =>
  EmailAddress.EmailReleased({ ...whose, reason })

t.test('F-60 an address names its stream, in each organization another, and tells nobody what it is', async (t) => {
  t.not(id, addressId('other', email))
  t.equal(addressId('acme', email), '51c14824d0759883c8b6fa5c772da8452644e7200a16926964bf7d9310d5211f')
})

t.test('F-60 an address is reserved for one orchestrator and no other', async () => {
  given().when('reserve', own).yields(reserved)
  given(reserved).when('reserve', own).changesNothing()
  given(reserved).at(after).when('reserve', own).yields(reserved)
  given(reserved).when('reserve', other).refuses('DUPLICATE_EMAIL')
  given(reserved).when('reserve', next).refuses('DUPLICATE_EMAIL')
  given(reserved, confirmed).when('reserve', own).changesNothing()
  given(reserved, confirmed).when('reserve', other).refuses('DUPLICATE_EMAIL')
  given(reserved, confirmed, released('changed')).when('reserve', other).yields(EmailAddress.EmailReserved(other))
})

t.test('F-60 who gave an address up may have it again before that was heard of', async () => {
  given(reserved, confirmed).when('reserve', next).yields(EmailAddress.EmailReserved(next))
  const again = given(reserved, confirmed, EmailAddress.EmailReserved(next))
  again.when('release', { orchestrator, reason: 'changed' }).changesNothing()
  again.when('confirm', own).changesNothing()
  again.when('confirm', next).yields(EmailAddress.EmailConfirmed(next))
})

t.test('F-60 the profile that has the address confirms it, however late', async () => {
  given(reserved).when('confirm', own).yields(confirmed)
  given(reserved, confirmed).when('confirm', own).changesNothing()
  given().when('confirm', own).changesNothing()
  given().seeing(orchestratorState, orchestrator, has).when('confirm', own).yields(confirmed)
  given(reserved, confirmed).seeing(orchestratorState, orchestrator, has).when('confirm', next).changesNothing()
  given(EmailAddress.EmailReserved(other)).seeing(orchestratorState, orchestrator, has).when('confirm', own).refuses('DUPLICATE_EMAIL')
})

t.test('F-60 what is given up is free again; what a profile has stays', async () => {
  given(reserved, confirmed).when('release', { orchestrator, reason: 'archived' }).yields(released('archived'))
  given(reserved, confirmed).seeing(orchestratorState, orchestrator, has).when('release', { orchestrator, reason: 'changed' })
    .changesNothing()
  given(reserved).when('release', { ...own, reason: 'not-started' }).yields(released('not-started'))
  given(reserved).when('release', { ...next, reason: 'not-started' }).changesNothing()
  given(reserved, confirmed).when('release', { ...own, reason: 'not-started' }).changesNothing()
  given(reserved).seeing(orchestratorState, orchestrator, has).when('release', { ...own, reason: 'not-started' }).yields(confirmed)
  given(reserved, confirmed).when('release', { orchestrator: uuid(2), reason: 'changed' }).changesNothing()
  given().when('release', { orchestrator, reason: 'changed' }).changesNothing()
})

t.test('F-60 a reservation ends after 30 seconds: confirmed if the profile has the address, else given back', async (t) => {
  t.equal(emailReservation_ms, 30_000)
  given(reserved).at(later(after, -1)).when('expire', own).changesNothing()
  given(reserved).at(after).when('expire', own).yields(released('expired'))
  given(reserved).at(after).seeing(orchestratorState, orchestrator, has).when('expire', own).yields(confirmed)
  given(reserved).at(after).when('expire', next).changesNothing()
  given(reserved, confirmed).at(after).when('expire', own).changesNothing()
})
