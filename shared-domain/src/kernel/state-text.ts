const marks = { map: '$map', set: '$set', nothing: '$undefined', number: '$number', object: '$object' } as const

/** A state as text, from which `stateOf` makes one that is equal in everything. Throws on what is no plain data. */
export const textOf = (state: unknown): string => JSON.stringify(plain(state))

export const stateOf = (text: string): unknown => restored(JSON.parse(text))

function plain(value: unknown): unknown {
  switch (typeof value) {
    case 'string': case 'boolean': return value
    case 'undefined': return { [marks.nothing]: true }
    // What JSON has no number for.
    case 'number':
      if (Object.is(value, -0)) return { [marks.number]: '-0' }
      return Number.isFinite(value) ? value : { [marks.number]: String(value) }
  }
  if (value === null) return null
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return { [marks.map]: [...value].map(plain) }
  if (value instanceof Set) return { [marks.set]: [...value].map(plain) }
  const isPlain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
  if (!isPlain) throw new TypeError(`${typeof value} is no plain data`)
  const entries = Object.entries(value).map(([key, part]) => [key, plain(part)] as const)
  // A name that could be taken for a mark.
  return entries.some(([key]) => key.startsWith('$')) ? { [marks.object]: entries } : Object.fromEntries(entries)
}

function restored(value: any): unknown {
  if (Array.isArray(value)) return value.map(restored)
  if (typeof value !== 'object' || value === null) return value
  if (marks.map in value) return new Map(value[marks.map].map(restored))
  if (marks.set in value) return new Set(value[marks.set].map(restored))
  if (marks.nothing in value) return undefined
  if (marks.number in value) return Number(value[marks.number])
  const entries: readonly (readonly [string, unknown])[] = marks.object in value ? value[marks.object] : Object.entries(value)
  return Object.fromEntries(entries.map(([key, part]) => [key, restored(part)]))
}
