import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { KeyId, PublicKey } from '../../kernel/notary.ts'

export const NotaryKeys = events({
  NotaryKeyPublished: {
    about: 'Baton signs with this key from now on; the one before vouches for it.',
    data: z.object({ algorithm: z.literal('ed25519'), ...PublicKey.shape }),
  },
  NotaryKeyRetired: {
    about: 'Baton signs with this key no more; what it signed stays signed.',
    data: z.object({ keyId: KeyId, by: KeyId }),
  },
})

export type NotaryKeysEvent = EventOf<typeof NotaryKeys>
