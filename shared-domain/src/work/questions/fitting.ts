import { digestOf } from '../../kernel/digest.ts'

/** So much is handed to an agent at once. */
export const bytes_max = 1024 * 1024
/** Of that, what one thing that is needed delivered, and all of them. */
const [output_max, outputs_max] = [16 * 1024, 256 * 1024]

const bytes = new TextEncoder()
const sizeOf = (value: unknown) => bytes.encode(JSON.stringify(value)).length

/** What was delivered, in this order, as long as there is room; what is too long by itself or for the rest is left out. */
export function withinRoom<Delivered extends { readonly output: unknown }>(deliveries: readonly Delivered[]) {
  let left = outputs_max
  let isCut = false
  const told = deliveries.map((delivery) => {
    const size = delivery.output === null ? 0 : sizeOf(delivery.output)
    if (size <= Math.min(output_max, left)) {
      left -= size
      return delivery
    }
    isCut = true
    return { ...delivery, output: null }
  })
  return { told, isCut }
}

/** What fits: where it is too much, the last lists go first. */
export function fitted<Parts extends Readonly<Record<string, unknown>>>(parts: Parts, before: readonly string[] = [], most = bytes_max) {
  const cut = [...before]
  let rest = parts
  for (const [name, part] of Object.entries(parts).toReversed()) {
    if (sizeOf(rest) <= most) break
    if (!Array.isArray(part) || part.length === 0) continue
    rest = { ...rest, [name]: [] }
    cut.push(name)
  }
  return { ...rest, digest: digestOf(rest), cut }
}
