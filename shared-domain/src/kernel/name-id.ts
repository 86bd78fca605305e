import { block_bytes, hexOf, padded } from './sha-256.ts'

const turned = (word: number, by: number) => (word << by) | (word >>> (32 - by))

/** FIPS 180-4, 4.1.1 and 4.2.1: the function and the constant of each twenty steps. */
const mixed = (t: number, b: number, c: number, d: number): number => {
  if (t < 20) return ((b & c) ^ (~b & d)) + 0x5a827999
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (t < 60) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

/** SHA-1 in hex (6.1.2). It makes names and keeps no secrets. */
function sha1(said: string | Uint8Array): string {
  const message = padded(said)
  const hash = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0])
  const words = new Uint32Array(80)
  for (let offset = 0; offset < message.byteLength; offset += block_bytes) {
    for (let t = 0; t < 16; t++) words[t] = message.getUint32(offset + 4 * t)
    for (let t = 16; t < 80; t++) words[t] = turned(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1)
    let [a, b, c, d, e] = hash as unknown as [number, number, number, number, number]
    for (let t = 0; t < 80; t++) [a, b, c, d, e] = [(turned(a, 5) + mixed(t, b, c, d) + e + words[t]!) | 0, a, turned(b, 30), c, d]
    hash.set([hash[0]! + a, hash[1]! + b, hash[2]! + c, hash[3]! + d, hash[4]! + e])
  }
  return hexOf(hash)
}

const encoder = new TextEncoder()
const bytesOf = (id: string) => Uint8Array.from(id.replaceAll('-', '').match(/../g) as string[], (pair) => Number.parseInt(pair, 16))

/** Uuid version 5 (RFC 9562, 5.5). */
export function uuid5(name: string, namespace: string): string {
  const hash = sha1(new Uint8Array([...bytesOf(namespace), ...encoder.encode(name)]))
  const variant = ((Number.parseInt(hash[16]!, 16) & 3) | 8).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

const namespace = 'c0a7b1de-52f3-5d0c-8e64-0b9d5d1f3a77'

/** The id of what these words name together, such as an organization, a kind and a subject: the same words, the same id. */
export const idNamed = (...words: readonly string[]): string => uuid5(JSON.stringify(words), namespace)
