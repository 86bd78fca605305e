import fc from 'fast-check'
import t from 'tap'
import { Commands } from './commands.ts'

const idOf = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

t.test('S-61 a stream knows of every command where its last fact stands, and of no other', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 60 })
  fc.assert(fc.property(lengths, (lengths) => {
    const commands = new Commands()
    let revision = -1
    const ends = lengths.map((facts, n) => {
      for (let fact = 0; fact < facts; fact++) commands.add(idOf(n), ++revision)
      return revision
    })
    for (const [n, end] of ends.entries()) if (String([...commands.revisionsOf(idOf(n))]) !== String(end)) throw new Error(`command ${n}`)
    if ([...commands.revisionsOf(idOf(lengths.length))].length > 0) throw new Error('a command that never came is known')
  }), { seed: 2030, numRuns: 200 })
})

t.test('ids that end alike are told apart by whoever looks', async (t) => {
  const commands = new Commands()
  commands.add(idOf(7), 0)
  commands.add(idOf(8), 1)
  commands.add(idOf(7 + 2 ** 32), 2)
  t.strictSame([...commands.revisionsOf(idOf(7))], [2, 0])
})

t.test('of the commands of a long stream at least the last 8,192 are remembered, and at most 16,384', async (t) => {
  const commands = new Commands()
  for (let n = 0; n < 50_000; n++) {
    commands.add(idOf(n), n)
    const oldest = Math.max(0, n - 8_191)
    if (n % 997 === 0 && [...commands.revisionsOf(idOf(oldest))][0] !== oldest) t.fail(`after ${n} the one of ${oldest} is forgotten`)
  }
  t.strictSame([...commands.revisionsOf(idOf(50_000 - 16_385))], [])
  t.strictSame([...commands.revisionsOf(idOf(49_999))], [49_999])
})
