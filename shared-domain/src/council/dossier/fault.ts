import { canonicalJson } from '../../kernel/canonical-json.ts'
import { below } from '../../kernel/pointer.ts'

/** The first thing about a dossier that is not as it was made, and where. */
export interface Fault { readonly pointer: string; readonly says: string }

export const fault = (pointer: string, says: string): Fault => ({ pointer, says })

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** Where two JSON values differ first, if they do. */
export function difference(pointer: string, a: unknown, b: unknown): string | undefined {
  if (canonicalJson(a) === canonicalJson(b)) return undefined
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return pointer
  for (const name of [...Object.keys(a), ...Object.keys(b)]) {
    const found = difference(below(pointer, name), a[name] ?? null, b[name] ?? null)
    if (found !== undefined) return found
  }
  return pointer
}
