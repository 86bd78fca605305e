import type { EventStoreDBClient } from '@eventstore/db-client'
import { streamOf } from 'shared-domain/kernel/decider.ts'
import { decode } from 'shared-domain/kernel/events.ts'
import type { Meta } from 'shared-domain/kernel/fact.ts'
import type { NotaryStand, PublicKey, Published as PublishedKey } from 'shared-domain/kernel/notary.ts'
import { Problem } from 'shared-service/problems.ts'
import { z } from 'zod'
import type { Config } from './config.ts'
import { question } from './question.ts'
import { readWithin } from './reading.ts'

/** Keys that were ever made known: two facts each. */
const facts_max = 1_000

export interface Published {
  all(): Promise<{ readonly keys: readonly PublishedKey[]; readonly position: string }>
  /** The chain that leads to a key. Throws a problem where it has not been made known yet. */
  upTo(keyId: string): Promise<readonly PublicKey[]>
}

/** Reads the public keys out of the log. */
export function publishedKeys(store: EventStoreDBClient, { fold, id, of }: NotaryStand, { eventStoreTimeout_ms }: Config): Published {
  async function all() {
    const events = await readWithin(eventStoreTimeout_ms, store.readStream(streamOf(fold, id), { maxCount: facts_max }))
    const state = events.reduce((state, { type, data, metadata, revision, position }) => {
      const meta = metadata as unknown as Meta & { readonly version: number }
      const fact = { type, data: decode(fold.events.definitions[type]!, data, meta.version) }
      return fold.evolve(state, fact, { ...meta, revision: Number(revision), position: String(position?.commit ?? 0n) })
    }, fold.initial)
    return { keys: of(state), position: String(events.at(-1)?.position?.commit ?? 0n) }
  }
  return {
    all,
    async upTo(keyId) {
      const { keys } = await all()
      const index = keys.findIndex((key) => key.keyId === keyId)
      if (index < 0) throw new Problem('SERVICE_UNAVAILABLE', 'The key to sign with has not been made known yet: the command service does so when it starts.')
      return keys.slice(0, index + 1).map(({ keyId, publicKey, signedBy, signature }) => ({ keyId, publicKey, signedBy, signature }))
    },
  }
}

export const notaryKeys = (published: Published) => question({
  operation: 'notary.keys',
  about: 'The public keys that Baton signs and has signed with, each vouched for by the one before (`signedBy`, `signature`).',
  tag: 'notary',
  path: '/notary/keys',
  params: z.object({}),
  query: z.object({}),
  answer: z.object({
    items: z.array(z.object({
      keyId: z.string().describe('SHA-256 of the 32 bytes of the key, in hex: the fingerprint to pin.'), publicKey: z.string(),
      signedBy: z.string().nullable(), signature: z.string().nullable(), since: z.string(), until: z.string().nullable(),
    })),
  }),
  scope: null,
  reads: [],
  async reply() {
    const { keys, position } = await published.all()
    return { body: { items: keys }, position }
  },
})
