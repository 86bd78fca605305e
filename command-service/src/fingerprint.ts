import { createHash } from 'node:crypto'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/** What the fingerprints that are made now begin with, which none of the first ones holds. */
const form = '2.'

/** Tells a repetition of a request from another one under the same key: in whatever order its fields are, it is the same. */
export const fingerprintOf = (command: string, data: unknown): string => form + hashOf(`${command}\n${canonicalJson(data)}`)

/**
 * Whether the fingerprint is this request's. One of the first form knows an order of fields, and what was taken for a secret then: a
 * request in which something is, or was, redacted cannot be told by it and counts as repeated, for a key that was good must stay good.
 */
export function isOf(fingerprint: string, command: string, data: unknown): boolean {
  if (fingerprint.startsWith(form)) return fingerprint === fingerprintOf(command, data)
  const text = JSON.stringify(data)
  return fingerprint === hashOf(`${command}\n${text}`) || /\[redacted\]|(?:password|passwd|secret|api[_-]?key)\s{0,3}[=:]/i.test(text)
}
