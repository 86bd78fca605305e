import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { StartFailure } from './start-failure.ts'

export interface Secret {
  readonly secret: string
  readonly isNew: boolean
}

/** A word that nobody guesses: the prefix and 43 base64url characters. */
export const isSecret = (text: string, prefix: string) => text.startsWith(prefix) && /^[A-Za-z0-9_-]{43}$/.test(text.slice(prefix.length))

/** The secret that the file keeps: made once, and given to nobody but its owner. `kind` says what it is. */
export function secretIn(file: string, kind: string, prefix = ''): Secret {
  if (!existsSync(file)) {
    const secret = `${prefix}${randomBytes(32).toString('base64url')}`
    writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
    return { secret, isNew: true }
  }
  const secret = readFileSync(file, 'utf8').trim()
  if (isSecret(secret, prefix)) return { secret, isNew: false }
  const form = prefix ? `${prefix} and 43 base64url characters` : '43 base64url characters'
  throw new StartFailure(`${file} does not hold ${kind} (${form}): restore it, or remove it and a new one is made.`)
}
