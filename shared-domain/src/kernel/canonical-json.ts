const written = (text: string): string => {
  if (!text.isWellFormed()) throw new RangeError('half of a surrogate pair has no canonical form')
  return JSON.stringify(text)
}

/**
 * The one way to write a JSON value (RFC 8785): no spaces, members in the order of their names' UTF-16 units, numbers as ECMAScript
 * writes them. What `JSON.stringify` leaves out is left out. Throws a RangeError where there is no such form: of a number that is not
 * finite, and of half a surrogate pair, which no request gets past the edge.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return written(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${value} has no canonical form`)
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${written(name)}:${canonicalJson(member)}`).join(',')}}`
}
