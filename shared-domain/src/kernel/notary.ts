import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import type { Fold } from './decider.ts'
import type { Intent } from './intent.ts'

/** The SHA-256 of the key's 32 bytes, in hex: its fingerprint, by which people pin it. */
export const KeyId = z.string().regex(/^[0-9a-f]{64}$/)

const base64 = (bytes: number) => z.base64().length(Math.ceil(bytes / 3) * 4)

/** An ed25519 key that signs for Baton, which the one before it vouches for; the first is vouched for by nobody. */
export const PublicKey = z.strictObject({
  keyId: KeyId, publicKey: base64(32), signedBy: KeyId.nullable(), signature: base64(64).nullable(),
})
export type PublicKey = z.output<typeof PublicKey>

/** What the key before signs when it vouches for another. */
export const vouched = ({ keyId, publicKey }: Pick<PublicKey, 'keyId' | 'publicKey'>): string =>
  canonicalJson({ format: 'baton-notary-key/1', keyId, publicKey })

export interface Published extends PublicKey {
  readonly since: string
  readonly until: string | null
}

/** Where the keys stand that ever signed, in their order. */
export interface NotaryStand<State = any> {
  readonly fold: Fold<State>
  readonly id: string
  readonly of: (state: State) => readonly Published[]
  /** Makes known those of these keys that are not yet. */
  readonly publish: (keys: readonly PublicKey[]) => Intent
}
