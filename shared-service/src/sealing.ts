import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Where something sealed stands: it opens nowhere else. */
export interface Place {
  readonly organization: string
  readonly stream: string
  readonly field: string
}

export interface Sealing {
  seal(text: string, place: Place): string
  /** Throws where it was sealed for another place, by a key that is not here, or changed since. */
  open(sealed: string, place: Place): string
  /** The same for the same text, and tells nothing of it. */
  markOf(text: string): string
}

const iv_bytes = 12
const tag_bytes = 16
const algorithm = 'aes-256-gcm'

interface Key {
  readonly id: string
  readonly bytes: Buffer
}

const freshLine = () => `${randomBytes(32).toString('base64url')}\n`

/** Makes the file with its first key where there is none; nobody but its owner reads it. */
export function secretsKeyIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, freshLine(), { mode: 0o600, flag: 'wx' })
  return file
}

/** The keys in a file, a line each, the oldest first: the last one seals. Throws a sentence when the file does not hold any. */
export function sealingOf(file: string): Sealing {
  const lines = readFileSync(file, 'utf8').split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const isKey = (line: string) => /^[A-Za-z0-9_-]{43}$/.test(line)
  if (lines.length === 0 || !lines.every(isKey)) throw new Error(`${file} does not hold keys to seal with (32 bytes in base64url, a line each): restore it`)
  const keys = lines.map((line): Key => {
    const bytes = Buffer.from(line, 'base64url')
    return { bytes, id: createHash('sha256').update(bytes).digest('base64url').slice(0, 11) }
  })
  return sealingWith(keys as [Key, ...Key[]])
}

function sealingWith(keys: readonly [Key, ...Key[]]): Sealing {
  const last = keys.at(-1)!
  const byId = new Map(keys.map((key) => [key.id, key]))
  const boundTo = ({ organization, stream, field }: Place) => Buffer.from(JSON.stringify([organization, stream, field]))
  return {
    seal(text, place) {
      const iv = randomBytes(iv_bytes)
      const cipher = createCipheriv(algorithm, last.bytes, iv).setAAD(boundTo(place))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `sealed:${last.id}:${Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')}`
    },
    open(sealed, place) {
      const [, id = '', text = ''] = sealed.split(':')
      const key = byId.get(id)
      if (!key) throw new Error(`there is no key ${id} to open with`)
      const bytes = Buffer.from(text, 'base64url')
      const decipher = createDecipheriv(algorithm, key.bytes, bytes.subarray(0, iv_bytes), { authTagLength: tag_bytes })
        .setAAD(boundTo(place)).setAuthTag(bytes.subarray(-tag_bytes))
      return Buffer.concat([decipher.update(bytes.subarray(iv_bytes, -tag_bytes)), decipher.final()]).toString('utf8')
    },
    // By the first key, so that a request is known again when another has come to seal.
    markOf: (text) => createHmac('sha256', keys[0].bytes).update(text).digest('base64url'),
  }
}
