import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './sha-256.ts'

/** Stands for something that was said: SHA-256 in hex of its canonical JSON. The order of members does not count. */
export const digestOf = (said: unknown): string => sha256(canonicalJson(said))
