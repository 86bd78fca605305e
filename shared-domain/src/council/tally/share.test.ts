import fc from 'fast-check'
import t from 'tap'
import { reaches, shareMeant, shareOf, ShareSaid, shareText } from './share.ts'

const meant = (said: string | number) => {
  const share = shareMeant(said)
  return share && shareText(share)
}

t.test('C-11 a share is taken by its decimal digits and kept in lowest terms', async (t) => {
  const cases: readonly [said: string | number, text: string | undefined][] = [
    ['2/3', '2/3'], ['66/99', '2/3'], ['1/1', '1/1'], ['1000000/1000000', '1/1'], ['1/1000000', '1/1000000'],
    [0.7, '7/10'], [1, '1/1'], [0.5, '1/2'], [1e-7, '1/10000000'], [0.1 + 0.2, '7500000000000001/25000000000000000'],
    ['66.7%', '667/1000'], ['100%', '1/1'], ['50%', '1/2'], ['.5%', '1/200'], ['7.%', '7/100'],
    [0, undefined], [1.01, undefined], [-0.5, undefined], [NaN, undefined], [Infinity, undefined],
    ['0/3', undefined], ['4/3', undefined], ['1/0', undefined], ['1/1000001', undefined], ['1/2/3', undefined], ['a/b', undefined],
    ['0%', undefined], ['101%', undefined], ['%', undefined], ['.%', undefined], ['66.7', undefined], ['', undefined],
    ['1'.repeat(41) + '%', undefined],
  ]
  for (const [said, text] of cases) t.equal(meant(said), text, String(said))
  t.equal(ShareSaid.parse('66.7%'), '667/1000')
  t.match(ShareSaid.safeParse('7/5').error?.issues[0]?.message, /is no share: say n\/d/)
})

t.test('C-11 every number that JSON can hold within 0 < x <= 1 is its digits, no more and no less', async () => {
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 1, noNaN: true }), (x) => {
    const { n, d } = shareMeant(x)!
    return Number(n) / Number(d) === x || Math.abs(Number(n) / Number(d) - x) <= x * 2 ** -50
  }), { seed: 11, numRuns: 500 })
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (a, b) => {
    const [n, d] = a < b ? [a, b] : [b, a]
    const share = shareOf(meant(`${n}/${d}`)!)
    const [part, whole] = [BigInt(n), BigInt(d)]
    return share.n * whole === share.d * part && reaches(part, whole, share) && !reaches(part, whole, share, true)
  }), { seed: 12, numRuns: 500 })
})
