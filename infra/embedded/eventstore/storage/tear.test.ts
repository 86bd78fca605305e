import t from 'tap'
import { frameHeader_bytes, frameTrailer_bytes, seal } from './frame.ts'
import { isTear } from './tear.ts'

const noise = (length: number) => Buffer.from(Array.from({ length }, (_, n) => 1 + ((n * 131) % 255)))

/** What events may hold, zeros above all. */
const contents: Readonly<Record<string, Buffer>> = {
  'a few bytes': noise(30),
  bytes: noise(1_700),
  'bytes that end in zeros': Buffer.concat([noise(1_100), Buffer.alloc(9)]),
  'nothing but zeros': Buffer.alloc(2_100),
  'zeros in the middle': Buffer.concat([noise(400), Buffer.alloc(1_100), noise(300)]),
}

/** The end of a file, from an acknowledged frame on that stands at this offset. */
function tailOf(content: Buffer, at: number, behind = 700): { readonly tail: Buffer; readonly length: number } {
  const length = frameHeader_bytes + 4 + content.length + frameTrailer_bytes
  const tail = Buffer.alloc(length + behind)
  tail.writeUInt32LE(content.length, frameHeader_bytes)
  content.copy(tail, frameHeader_bytes + 4)
  seal(tail.subarray(0, length), 64, at)
  return { tail, length }
}

const altered = (tail: Buffer, alter: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(tail)
  alter(copy)
  return copy
}

for (const [what, content] of Object.entries(contents)) {
  // Frames begin anywhere in a sector.
  const offsets = [0, 1, 100, 340, 490, 492, 495, 500, 503, 508, 509, 511]

  t.test(`§10.4: no flipped bit makes a whole frame look torn that holds ${what}`, async (t) => {
    for (const at of offsets) {
      const { tail, length } = tailOf(content, at)
      const mistaken: number[] = []
      for (let bit = 0; bit < 8 * length; bit += bit < 8 * 30 || bit > 8 * (length - 8) ? 1 : 3) {
        if (isTear(altered(tail, (copy) => { copy[bit >> 3]! ^= 1 << (bit & 7) }), at, 100_000)) mistaken.push(bit)
      }
      t.same(mistaken, [], `at ${at}`)
    }
  })

  t.test(`§10.4: wherever a write is torn, or its taking back is interrupted, it shows in a frame that holds ${what}`, async (t) => {
    for (const at of offsets) {
      for (const follows of [false, true]) {
        const { tail, length } = tailOf(content, at)
        // Another frame of the same write may have arrived behind it.
        if (follows) tailOf(noise(400), at + length).tail.copy(tail, length)
        const mistaken: (readonly [number, number])[] = []
        const expectTorn = (from: number, to: number) => {
          if (!tail.subarray(from, Math.min(to, length)).some((byte) => byte !== 0)) return
          if (!isTear(altered(tail, (copy) => copy.fill(0, from, to)), at, 100_000)) mistaken.push([from, to])
        }
        for (let from = 0; from < length;) {
          const to = 512 * Math.ceil((at + from + 1) / 512) - at
          expectTorn(from, to)
          from = to
        }
        for (let from = 0; from < length; from++) if (!follows) expectTorn(from, tail.length)
        for (let to = 4; to <= length; to++) expectTorn(0, to)
        t.same(mistaken, [], `at ${at}${follows ? ', with another frame behind it' : ''}`)
      }
    }
  })
}
