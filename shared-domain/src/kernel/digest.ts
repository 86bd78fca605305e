/**
 * Stands for something that was said, so that a state can tell the same words from others without keeping them: the length and two
 * 32-bit FNV-1a hashes of the JSON. Another order of keys is another digest. Nothing is to be gained by finding two alike.
 */
export function digestOf(said: unknown): string {
  const text = JSON.stringify(said)
  let [one, other] = [0x811c9dc5, 0x050c5d1f]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    one = Math.imul(one ^ unit, 0x01000193)
    other = Math.imul(other ^ (unit * 31 + index), 0x01000193)
  }
  return [text.length, one >>> 0, other >>> 0].map((part) => part.toString(36)).join('-')
}
