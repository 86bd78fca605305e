import t from 'tap'
import { byRule, citationsIn } from './rules.ts'

/** Written with another mark, so that this file cites no rule. */
const ruled = (text: string) => text.replaceAll('§', '-')

const source = ruled(String.raw`
import t from 'tap'
// S§1 is shown below.
t.test('S§66 W§3 said once, it\'s S§66', async (t) => {
  t.ok(true, 'as W§30 says, W§30')
  await t.test("within: F§14", async () => {})
})
for (const what of ['a', 'b']) t.test(${'`'}L§11 a key ${'${what}'}${'`'}, async () => {})
t.test('no rule: XS§12, S§, s§3, S§4x', async () => {})
`)

t.test('a rule is cited by the test in whose name or body it stands, once', async (t) => {
  t.strictSame(citationsIn('a.test.ts', source).map(({ rule, test }) => [rule, test]), [
    ['S§1', undefined],
    ['S§66', 'S§66 W§3 said once, it\'s S§66'],
    ['W§3', 'S§66 W§3 said once, it\'s S§66'],
    ['W§30', 'S§66 W§3 said once, it\'s S§66'],
    ['F§14', 'within: F§14'],
    ['L§11', 'L§11 a key ${what}'],
  ].map((pair) => pair.map((text) => text && ruled(text))))
})

t.test('rules stand by letter, then by number', async (t) => {
  t.strictSame(['W§10', 'S§9', 'W§9', 'S§10'].map(ruled).toSorted(byRule), ['S§9', 'S§10', 'W§9', 'W§10'].map(ruled))
})
