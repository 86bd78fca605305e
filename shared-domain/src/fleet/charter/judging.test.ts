import t from 'tap'
import type { Context } from '../../kernel/decider.ts'
import { organization, uuid } from '../../kernel/testing.ts'
import { hour_ms } from '../../kernel/time.ts'
import { holder, purse } from '../ledger/scene.ts'
import { judgedFor } from './judging.ts'
import { activated, published } from './scene.ts'
import { charterState } from './state.ts'

function scene(document: object) {
  const { world, ...money } = purse()
  const facts = [published(1, 'a'.repeat(64), document), activated(1, null)]
  world.append(charterState, holder, facts, world.contextOf({ id: holder }))
  const looks: string[] = []
  const look: Context['look'] = (fold, id) => {
    looks.push(`${fold.category}-${id}`)
    return world.look(fold, id)
  }
  const says = (cost?: number, whose: string = holder) => {
    const context = { ...world.contextOf({ id: holder }), look }
    const { verdict, rule } = judgedFor(whose, { action: 'buy', ...(cost === undefined ? {} : { cost }) }, context)
    return rule ? [verdict, rule.list, rule.pattern] : [verdict]
  }
  return { world, ...money, says, looks }
}

t.test('F-76 what costs more than is left is denied: more than the tightest window has neither used nor set aside', async (t) => {
  const { configure, consume, reserve, override, says, world } = scene({})
  t.strictSame(says(1_000_000), ['allowed'], 'without limits all may be spent')
  configure({ cost: { hourly: 100, daily: 150 } })
  t.strictSame([says(100), says(101)], [['allowed'], ['denied', 'budget', '100']])
  consume({ cost: 30 })
  reserve({ cost: 20 })
  t.strictSame([says(50), says(51)], [['allowed'], ['denied', 'budget', '50']])
  override({ unit: 'cost', window: 'hour', extra: 40, until: '2030-01-01T02:00:00.000Z', reason: 'a rush' })
  t.strictSame([says(90), says(91)], [['allowed'], ['denied', 'budget', '90']])
  consume({ cost: 200 })
  t.strictSame([says(0), says(1)], [['allowed'], ['denied', 'budget', '0']], 'what was overrun leaves nothing')
  world.pass(24 * hour_ms)
  t.strictSame(says(81), ['denied', 'budget', '80'], 'what is set aside still is so on the next day')
})

t.test('F-76 F-81 what the organization has left bounds its orchestrators as well', async (t) => {
  const { configure, consume, says } = scene({})
  configure({ cost: { monthly: 100 } }, organization)
  configure({ cost: { monthly: 400 } })
  consume({ cost: 60 }, organization)
  t.strictSame([says(40), says(41)], [['allowed'], ['denied', 'budget', '40']])
})

t.test('F-76 F-8 budgets are looked at only where a charter holds and something costs, ledgers where there is a limit', async (t) => {
  const charter = `charter-${holder}`
  const { looks, says, configure } = scene({ limits: { costPerAction: 10 } })
  const seen = () => looks.splice(0)
  says()
  says(0)
  t.strictSame(seen(), [charter, charter])
  t.strictSame(says(11), ['needs_approval', 'costPerAction', '10'])
  t.strictSame(seen(), [charter, `budget-${holder}`, `budget-${organization}`])
  configure({ tokens: { hourly: 10 } })
  says(11)
  t.strictSame(seen(), [charter, `budget-${holder}`, `budget-${organization}`], 'tokens are no cost')
  configure({ cost: { hourly: 10 } })
  t.strictSame(says(11), ['denied', 'budget', '10'], 'before costPerAction')
  t.strictSame(seen(), [charter, `budget-${holder}`, `ledger-${holder}.203001`, `budget-${organization}`])
  t.strictSame([says(11, uuid(9)), seen()], [['allowed'], [`charter-${uuid(9)}`]], 'without a charter all is allowed')
})
