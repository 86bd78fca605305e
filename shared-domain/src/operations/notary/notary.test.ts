import t from 'tap'
import { behaviour, now } from '../../kernel/testing.ts'
import { notary, notaryKeys } from './decider.ts'
import { NotaryKeys } from './events.ts'
import { notaryKeysState } from './state.ts'

const key = (letter: string, before: string | null) => ({
  keyId: letter.repeat(64), publicKey: `${'A'.repeat(43)}=`, signedBy: before && before.repeat(64),
  signature: before && `${'A'.repeat(86)}==`,
})
const published = (letter: string, before: string | null) => NotaryKeys.NotaryKeyPublished({ algorithm: 'ed25519', ...key(letter, before) })
const retired = (letter: string, by: string) => NotaryKeys.NotaryKeyRetired({ keyId: letter.repeat(64), by: by.repeat(64) })

t.test('O-31 keys are made known once, each vouched for by the one before, which is retired', async (t) => {
  const given = behaviour(t, notaryKeys).given
  given().when('publish', { keys: [key('a', null)] }).yields(published('a', null))
  const rotated = [published('b', 'a'), retired('a', 'b')]
  given(published('a', null)).when('publish', { keys: [key('a', null), key('b', 'a')] }).yields(...rotated)
  given(published('a', null), ...rotated).when('publish', { keys: [key('b', null)] }).changesNothing()
  given(published('a', null)).when('publish', { keys: [key('b', null)] }).refuses('KEY_UNLINKED')
  given(published('a', null)).when('publish', { keys: [key('c', 'b')] }).refuses('KEY_UNLINKED')
  const state = [published('a', null), ...rotated].reduce(
    (state, fact) => notaryKeysState.evolve(state, fact, { at: now } as never), notaryKeysState.initial)
  t.strictSame(notary.of(state).map(({ keyId, until }) => [keyId[0], until]), [['a', now], ['b', null]])
})
