import { below } from 'shared-domain/kernel/pointer.ts'

/** Bytes of JSON. */
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

/**
 * A value of JSON within so many bytes, and JSON pointers to what was cut for it: what takes most of it is halved, again and again. Lists
 * lose their last items, texts their ends, objects their last fields.
 */
export function fitting(value: unknown, bytes_max: number): { readonly value: unknown; readonly cut: readonly string[] } {
  const cut = new Set<string>()
  let fit = value
  while (bytesOf(fit) > bytes_max) fit = halved(fit, '', cut)
  return { value: fit, cut: [...cut] }
}

/** With the greatest part halved, as deep as one child is more than half of what holds it. */
function halved(value: unknown, pointer: string, cut: Set<string>): unknown {
  if (typeof value === 'object' && value !== null) {
    const children = Object.entries(value)
    const total = bytesOf(value)
    const great = children.find(([, child]) => bytesOf(child) * 2 > total)
    if (great) {
      const [name, child] = great
      const less = halved(child, below(pointer, name), cut)
      return Array.isArray(value) ? value.with(Number(name), less) : { ...value, [name]: less }
    }
    cut.add(pointer)
    const half = Math.floor(children.length / 2)
    return Array.isArray(value) ? value.slice(0, half) : Object.fromEntries(children.slice(0, half))
  }
  cut.add(pointer)
  return typeof value === 'string' ? Buffer.from(value).subarray(0, Math.floor(Buffer.byteLength(value) / 2)).toString().replace(/\uFFFD$/, '') : null
}
