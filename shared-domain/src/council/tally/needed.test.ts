import t from 'tap'
import { binary } from './binary.ts'
import { isRanked } from './ranked.ts'
import { needed } from './needed.ts'
import { shareOf } from './share.ts'
import { protocols, standingOf } from './standing.ts'
import { ballotsOf, electorateOf, ruleOf } from './testing.ts'

const five = electorateOf([5, 3, 2, 1, 1])
const after = (protocol: (typeof protocols)[number], said: string, over: object = {}) => {
  const rule = ruleOf(protocol, over)
  return needed(rule, standingOf(rule, five, ballotsOf(said.split(' '))))
}

t.test('C-60 what it still takes for the quorum, and to be sure', async (t) => {
  t.strictSame(after('majority', 'A R'), { quorum: 1n, approve: 2n, reject: 2n })
  t.strictSame(after('majority', 'A A A'), { quorum: 0n, approve: 0n, reject: null }, 'three of five approve')
  t.strictSame(after('majority', '- - - - -', { quorum: shareOf('1/100') }), { quorum: 1n, approve: 3n, reject: 3n }, 'one voter at least')
  t.strictSame(after('weighted', 'A', { threshold: shareOf('3/4') }), { quorum: 1n, approve: 4n, reject: 4n }, 'of twelve')
  t.strictSame(after('unanimous', 'A A'), { quorum: 1n, approve: 3n, reject: 1n })
  t.strictSame(after('schulze', '- -', { options: ['A', 'B'] }), { quorum: 3n, approve: null, reject: null })
})

t.test('C-60 whatever was said, more than what is needed does as well, and less does not', async (t) => {
  const words = ['A', 'R', 'B', '-']
  for (const protocol of protocols.filter((one) => !isRanked(one))) for (let said = 0; said < 4 ** 5; said++) {
    const rule = ruleOf(protocol)
    const standing = standingOf(rule, five, ballotsOf(Array.from({ length: 5 }, (_, index) => words[Math.floor(said / 4 ** index) % 4]!)))
    const { sums } = standing
    const found = needed(rule, standing)
    for (let units = 0n; units <= sums.missing; units++) {
      const missing = sums.missing - units
      const { surelyApproves, surelyRejects } = binary[protocol as 'majority']
      const does = {
        approve: surelyApproves({ ...sums, approve: sums.approve + units, missing }, rule),
        reject: surelyRejects({ ...sums, reject: sums.reject + units, missing }, rule),
      }
      for (const way of ['approve', 'reject'] as const) {
        const isSaid = found[way] !== null && units >= found[way]
        if (does[way] !== isSaid) throw new Error(`${protocol} ${said} ${way} ${units}`)
      }
    }
  }
  t.pass('of every situation of five')
})
