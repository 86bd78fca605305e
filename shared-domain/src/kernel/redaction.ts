import { below } from './pointer.ts'

const mask = '[REDACTED]'

const isCard = (text: string): boolean => {
  const digits = [...text.replace(/\D/g, '')].reverse().map(Number)
  const sum = digits.reduce((sum, digit, index) => sum + (index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2), 0)
  // What no issuer gives out is a measure, an id or a time in milliseconds.
  return /^(?:4|5[1-5]|2[2-7]|3[0-8]|6)/.test(text) && digits.length >= 13 && sum % 10 === 0
}

/** What secrets look like wherever they stand; of those that have a `verdict` only what it takes for one. */
const shapes: readonly { readonly shape: RegExp; readonly verdict?: (text: string) => boolean }[] = [
  { shape: /\bbk_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g },
  { shape: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  { shape: /\bA[KS]IA[0-9A-Z]{16}\b/g },
  { shape: /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g },
  { shape: /\bgithub_pat_[A-Za-z0-9_]{22,255}\b/g },
  { shape: /\bglpat-[A-Za-z0-9_-]{20,255}/g },
  { shape: /\bxox[abprs]-[A-Za-z0-9-]{10,255}\b/g },
  { shape: /\b[sr]k-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,255}/g },
  { shape: /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}\b/g },
  { shape: /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g },
  { shape: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { shape: /\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}(?![A-Za-z0-9_-])/g },
  { shape: /(?<=\bBearer )[A-Za-z0-9._~+/-]{16,4000}=*/gi },
  { shape: /(?<=:\/\/[^\s/:@]{1,100}:)(?!\[REDACTED\]@)[^\s/@]{1,200}(?=@)/g },
  { shape: /(?<![\w.])\d{13,19}(?![\w]|\.\d)/g, verdict: isCard },
  { shape: /(?<![\w-])\d{4}([ -])(?:\d{4}\1\d{4}\1\d{1,7}|\d{6}\1\d{4,5})(?![\w-])/g, verdict: isCard },
]

/** No shape is in a text without one of these: one cheap look spares nearly every text the others. */
const suspicious =
  /bk_|private key|a[ks]ia|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|[sr]k[-_]|aiza|npm_|eyj|bearer |:\/\/[^\s/]*@|\d{13}|\d{4}[ -]\d{4}/i

/** The text without what has the shape of a key, a token, a card's number or a password in an address. */
export const redactText = (text: string): string => (suspicious.test(text)
  ? shapes.reduce((text, { shape, verdict }) => text.replace(shape, (found) => (verdict?.(found) === false ? found : mask)), text)
  : text)

/** A connection string without whoever logs in, and without what parameters with telling names hold. */
export const withoutSecrets = (url: string): string => url
  .replace(/^([a-z+]+:\/\/)?.*@/is, '$1***@')
  .replace(/((?:password|secret|token|key)[^=&]*=)[^&]*/gi, '$1***')

const telling = new Set(['password', 'passwd', 'pwd', 'secret', 'authorization', 'cookie', 'credential', 'credentials'])
const tellingPairs = new Set(
  ['api key', 'access key', 'private key', 'client secret', 'auth token', 'access token', 'refresh token', 'bearer token'])
const tellingRuns = new Set([...tellingPairs].map((pair) => pair.replace(' ', '')))

const mayTell = /pass|pwd|secret|auth|cookie|credential|key|token/i

/** Whether what stands under this name is a secret: by the words of the name, as camelCase, `_`, `-` and the like part them. */
export function isTelling(name: string): boolean {
  if (!mayTell.test(name)) return false
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/)
  return words.some((word, index) => telling.has(word) || tellingRuns.has(word) || tellingPairs.has(`${word} ${words[index + 1]}`))
}

export interface Redacted<T> {
  readonly value: T
  /** JSON pointers to what was masked, the first ones. */
  readonly redacted: readonly string[]
}

const pointers_max = 100

const isNumber = (item: unknown) => typeof item === 'string' && /^\d+$/.test(item)

/**
 * A JSON value without secrets: by the shape of any text and name in it, and of any type under a telling name. Under the names of measures
 * a text of digits is a number, also where it could be that of a card.
 */
export function redact<T>(value: T, measures: readonly string[] = []): Redacted<T> {
  const redacted: string[] = []
  const note = (pointer: string) => { if (redacted.length < pointers_max) redacted.push(pointer) }
  const within = (value: unknown, pointer: string): unknown => {
    if (typeof value === 'string') {
      const shown = redactText(value)
      if (shown !== value) note(pointer)
      return shown
    }
    if (Array.isArray(value)) return value.map((item, index) => within(item, `${pointer}/${index}`))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => {
      const shown = redactText(name)
      const place = below(pointer, shown)
      const isSecret = item !== null && item !== mask && isTelling(shown)
      if (isSecret || shown !== name) note(place)
      return [shown, isSecret ? mask : measures.includes(name) && isNumber(item) ? item : within(item, place)]
    }))
  }
  return { value: within(value, '') as T, redacted }
}
