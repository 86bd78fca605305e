import { z } from 'zod'
import { decider, operators, reject } from '../../kernel/decider.ts'
import { PublicKey, type NotaryStand } from '../../kernel/notary.ts'
import { send } from '../../kernel/process.ts'
import { conflict } from '../../kernel/refusal.ts'
import { NotaryKeys, type NotaryKeysEvent } from './events.ts'
import { notaryKeysState, type NotaryKeysState } from './state.ts'

export const notaryKeys = decider(notaryKeysState, {
  collection: 'notary-keys',
  rejections: { KEY_UNLINKED: conflict('The key that signed last does not vouch for the new one.') },
  commands: {
    publish: {
      about: 'Make known with which keys Baton signs, each vouched for by the one before; the last one signs.',
      internal: true,
      data: z.object({ keys: z.array(PublicKey).min(1).max(20) }),
      decide({ keys: known }, { keys }) {
        const facts: NotaryKeysEvent[] = []
        const seen = new Set(known.map(({ keyId }) => keyId))
        let last = known.at(-1)?.keyId ?? null
        for (const key of keys) {
          if (seen.has(key.keyId)) continue
          if (key.signedBy !== last) return reject('KEY_UNLINKED', { keyId: key.keyId, last })
          facts.push(NotaryKeys.NotaryKeyPublished({ algorithm: 'ed25519', ...key }))
          if (last !== null) facts.push(NotaryKeys.NotaryKeyRetired({ keyId: last, by: key.keyId }))
          last = key.keyId
          seen.add(last)
        }
        return facts
      },
    },
  },
})

export const notary: NotaryStand<NotaryKeysState> = {
  fold: notaryKeysState,
  id: operators,
  of: ({ keys }) => keys,
  publish: (keys) => send(notaryKeys, operators, 'publish', { keys: [...keys] }),
}
