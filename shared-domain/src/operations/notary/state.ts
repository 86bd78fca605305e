import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Published } from '../../kernel/notary.ts'
import { NotaryKeys, type NotaryKeysEvent } from './events.ts'

export interface NotaryKeysState { readonly keys: readonly Published[] }

const evolve: Evolve<NotaryKeysState, NotaryKeysEvent> = {
  NotaryKeyPublished: ({ keys }, { keyId, publicKey, signedBy, signature }, { at: since }) =>
    ({ keys: [...keys, { keyId, publicKey, signedBy, signature, since, until: null }] }),
  NotaryKeyRetired: ({ keys }, { keyId }, { at: until }) => ({ keys: keys.map((key) => (key.keyId === keyId ? { ...key, until } : key)) }),
}

export const notaryKeysState = fold('notaryKeys', NotaryKeys, { keys: [] }, evolve)
