/** Texts in which there is nothing to escape, as most are. */
const plain = /^[ !#-[\]-~]*$/

const written = (text: string): string => {
  if (plain.test(text)) return `"${text}"`
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
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} has no canonical form`)
    return String(value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return list(value)
  if (typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  return object(value, orderOf(Object.keys(value)))
}

/** Names of members as they come, and in the order in which they are written. */
interface Order {
  readonly names: readonly string[]
  readonly sorted: readonly { readonly name: string; readonly written: string }[]
}

const orderOf = (names: readonly string[]): Order =>
  ({ names, sorted: [...names].sort((a, b) => (a < b ? -1 : 1)).map((name) => ({ name, written: written(name) })) })

/** Rows of a table come by the thousand, and each has the names of the one before. */
function list(items: readonly unknown[]): string {
  let order: Order | undefined
  const texts = items.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return canonicalJson(item)
    const names = Object.keys(item)
    if (order?.names.length !== names.length || !names.every((name, n) => order!.names[n] === name)) order = orderOf(names)
    return object(item, order)
  })
  return `[${texts.join(',')}]`
}

function object(value: object, { sorted }: Order): string {
  let text = ''
  for (const { name, written } of sorted) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined) text += `${text === '' ? '' : ','}${written}:${canonicalJson(member)}`
  }
  return `{${text}}`
}
