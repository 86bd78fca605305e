import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { vouched, type PublicKey } from 'shared-domain/kernel/notary.ts'

/** What comes before the 32 bytes of an ed25519 key in its DER (SPKI) form. */
const prefix = Buffer.from('302a300506032b6570032100', 'hex')

const publicOf = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(prefix.length)

export const fingerprintOf = (publicKey: string): string => createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex')

/** Whether the signature, in base64 as it is written and not otherwise, is of the text and by the key. */
export function isSigned(publicKey: string, text: string, signature: string): boolean {
  const [key, value] = [Buffer.from(publicKey, 'base64'), Buffer.from(signature, 'base64')]
  if (key.length !== 32 || key.toString('base64') !== publicKey || value.toString('base64') !== signature) return false
  return verify(null, Buffer.from(text), createPublicKey({ key: Buffer.concat([prefix, key]), format: 'der', type: 'spki' }), value)
}

/** The keys that Baton signs and has signed with, each vouched for by the one before; the last one signs. */
export interface NotaryKeys {
  readonly keys: readonly PublicKey[]
  readonly keyId: string
  readonly sign: (text: string) => string
}

const blocks = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/g

const freshKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** Makes the file with its first key where there is none; nobody but its owner reads it. */
export function notaryKeyIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, freshKey(), { mode: 0o600, flag: 'wx' })
  return file
}

/** Another key behind those that the file holds: the next one to sign, once the services were started again. */
export function rotated(file: string): NotaryKeys {
  notaryKeysOf(file)
  writeFileSync(file, `${readFileSync(file, 'utf8').trimEnd()}\n${freshKey()}`, { mode: 0o600 })
  return notaryKeysOf(file)
}

/** Reads PKCS#8 keys in PEM form, the oldest first. Throws a sentence when the file does not hold any. */
export function notaryKeysOf(file: string): NotaryKeys {
  const keys = privateKeysIn(file)
  const chain: PublicKey[] = []
  for (const key of keys) {
    const publicKey = publicOf(key).toString('base64')
    const own = { keyId: fingerprintOf(publicKey), publicKey }
    const before = keys[chain.length - 1]
    const signature = before ? sign(null, Buffer.from(vouched(own)), before).toString('base64') : null
    chain.push({ ...own, signedBy: chain.at(-1)?.keyId ?? null, signature })
  }
  const last = keys.at(-1)!
  return { keys: chain, keyId: chain.at(-1)!.keyId, sign: (text) => sign(null, Buffer.from(text), last).toString('base64') }
}

function privateKeysIn(file: string): readonly KeyObject[] {
  const wrong = (why: string) => new Error(`${file} holds no key to sign with (PKCS#8, ed25519): ${why}`)
  let keys: readonly KeyObject[]
  try {
    keys = [...readFileSync(file, 'utf8').matchAll(blocks)].map(([block]) => createPrivateKey(block))
  } catch (error) {
    throw wrong((error as Error).message)
  }
  if (keys.length === 0) throw wrong('there is none')
  if (keys.some(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519')) throw wrong('there is one of another kind')
  return keys
}
