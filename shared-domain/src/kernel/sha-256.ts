/** FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const constants = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])

/** 5.3.3: the same of the square roots of the first eight. */
const start = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]

export const block_bytes = 64
const encoder = new TextEncoder()

const turned = (word: number, by: number) => (word >>> by) | (word << (32 - by))

/** 5.1.1: the bytes, a text's in UTF-8, then a one bit, zeros, and the length in bits, so that they fill whole blocks. */
export function padded(said: string | Uint8Array): DataView {
  const bytes = typeof said === 'string' ? encoder.encode(said) : said
  const filled = new Uint8Array(Math.ceil((bytes.length + 9) / block_bytes) * block_bytes)
  filled.set(bytes)
  filled[bytes.length] = 0x80
  const view = new DataView(filled.buffer)
  view.setUint32(filled.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(filled.length - 4, bytes.length << 3)
  return view
}

/** 6.2.2: what one block does to the hash so far; `words` is room for the message schedule. */
function mix(hash: Uint32Array, block: DataView, offset: number, words: Uint32Array) {
  for (let t = 0; t < 16; t++) words[t] = block.getUint32(offset + 4 * t)
  for (let t = 16; t < 64; t++) {
    const [early, late] = [words[t - 15]!, words[t - 2]!]
    const small0 = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3)
    const small1 = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10)
    words[t] = words[t - 16]! + small0 + words[t - 7]! + small1
  }
  let a = hash[0]!, b = hash[1]!, c = hash[2]!, d = hash[3]!, e = hash[4]!, f = hash[5]!, g = hash[6]!, h = hash[7]!
  for (let t = 0; t < 64; t++) {
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[t]! + words[t]!) | 0
    const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  hash.set([hash[0]! + a, hash[1]! + b, hash[2]! + c, hash[3]! + d, hash[4]! + e, hash[5]! + f, hash[6]! + g, hash[7]! + h])
}

export const hexOf = (words: Uint32Array): string => [...words].map((word) => word.toString(16).padStart(8, '0')).join('')

/** SHA-256 in hex, of bytes or of a text in UTF-8. */
export function sha256(said: string | Uint8Array): string {
  const message = padded(said)
  const [hash, words] = [new Uint32Array(start), new Uint32Array(64)]
  for (let offset = 0; offset < message.byteLength; offset += block_bytes) mix(hash, message, offset, words)
  return hexOf(hash)
}
