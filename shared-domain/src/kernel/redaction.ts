const mask = '[redacted]'

/** What secrets look like in running text. */
const patterns: readonly RegExp[] = [
  /\bbk_[A-Za-z0-9_-]{43}\b/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,255}\b/g,
  /\bsk-[A-Za-z0-9_-]{20,255}\b/g,
  /\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}\b/g,
  /(?<=\bBearer )[A-Za-z0-9._~+/-]{16,4000}=*/gi,
  /(?<=\b(?:password|passwd|secret|api[_-]?key)\s{0,3}[=:]\s{0,3})[^\s,;"'}]{4,200}/gi,
  /(?<=:\/\/[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)/g,
]

/** No pattern matches a text without one of these: one cheap look spares nearly every text the ten. */
const suspicious = /bk_|private key|akia|gh[pousr]_|xox[abprs]-|sk-|eyj|bearer |passw|secret|api[_-]?key|@/i

const secretName = /^(?:password|passwd|secret|client_?secret|api_?key|access_?token|private_?key|authorization)$/i

/** The text without what looks like a key, a token or a password. */
export const redactText = (text: string): string =>
  (suspicious.test(text) ? patterns.reduce((text, pattern) => text.replace(pattern, mask), text) : text)

/** A connection string without whoever logs in, and without what parameters with telling names hold. */
export const withoutSecrets = (url: string): string => url
  .replace(/^([a-z+]+:\/\/)?.*@/is, '$1***@')
  .replace(/((?:password|secret|token|key)[^=&]*=)[^&]*/gi, '$1***')

/** The same for every text in a JSON value; values under telling names go whole. */
export function redact<T>(value: T): T {
  if (typeof value === 'string') return redactText(value) as T
  if (Array.isArray(value)) return value.map((item) => redact(item)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) =>
    [name, typeof item === 'string' && secretName.test(name) ? mask : redact(item)])) as T
}
