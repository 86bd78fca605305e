/** What the metadata of a stream says about reading it. Other keys are the application's own. */
export interface StreamMetadata {
  readonly maxCount: number | undefined
  readonly maxAge_s: number | undefined
  /** First revision that is still there; `deletedBefore` where the stream is soft-deleted. */
  readonly truncateBefore: bigint | undefined
}

/** `$tb` of a soft-deleted stream: int64 max. */
export const deletedBefore = 9223372036854775807n

export const noMetadata: StreamMetadata = { maxCount: undefined, maxAge_s: undefined, truncateBefore: undefined }

const int64_max = deletedBefore

/** Finds whole numbers in JSON that a JavaScript number cannot hold, and keeps them as bigints. */
const exact = (_: string, value: unknown, { source }: { source?: string } = {}): unknown =>
  (typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? BigInt(source) : value)

type Exact = {
  parse(text: string, reviver: typeof exact): unknown
  rawJSON(text: string): unknown
}
const json = JSON as unknown as Exact

/** The object in a metadata event, or undefined when it is none. */
export function parseMetadata(data: Buffer): Record<string, unknown> | undefined {
  try {
    const value = json.parse(data.toString(), exact)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}

const known = ['$maxCount', '$maxAge', '$tb', '$cacheControl'] as const

/** One malformed known key spoils them all; a value that makes no sense only itself. */
export function metadataFrom(data: Buffer): StreamMetadata {
  const object = parseMetadata(data)
  if (!object) return noMetadata
  const values = new Map<string, bigint>()
  for (const key of known) {
    const value = object[key]
    if (value === undefined) continue
    if (typeof value === 'bigint' ? value > int64_max || value < -int64_max : !Number.isInteger(value)) return noMetadata
    values.set(key, BigInt(value as number | bigint))
  }
  if (!isAccessList(object.$acl)) return noMetadata
  const positive = (key: string) => {
    const value = values.get(key)
    return value !== undefined && value > 0n ? Number(value) : undefined
  }
  const truncateBefore = values.get('$tb')
  return { maxCount: positive('$maxCount'), maxAge_s: positive('$maxAge'), truncateBefore: truncateBefore !== undefined && truncateBefore >= 0n ? truncateBefore : undefined }
}

const isRoles = (value: unknown) => value === undefined || typeof value === 'string' || (Array.isArray(value) && value.every((role) => typeof role === 'string'))

function isAccessList(acl: unknown): boolean {
  if (acl === undefined) return true
  if (typeof acl !== 'object' || acl === null || Array.isArray(acl)) return false
  return ['$r', '$w', '$d', '$mr', '$mw'].every((key) => isRoles((acl as Record<string, unknown>)[key]))
}

/** The same metadata with another `$tb`; integers of the application stay as they were, however large. */
export function withTruncateBefore(metadata: Record<string, unknown>, before: number | bigint): Buffer {
  const { $tb: _, ...others } = metadata
  const rest = JSON.stringify(others, (_key, value: unknown) => (typeof value === 'bigint' ? json.rawJSON(String(value)) : value))
  return Buffer.from(rest === '{}' ? `{"$tb":${before}}` : `${rest.slice(0, -1)},"$tb":${before}}`)
}
