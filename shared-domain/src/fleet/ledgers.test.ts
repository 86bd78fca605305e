import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../kernel/decider.ts'
import type { Recorded } from '../kernel/fact.ts'
import { organization, system, uuid } from '../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../kernel/time.ts'
import { limitOf } from './budget/limits.ts'
import { budgetState } from './budget/state.ts'
import { monthOf, none, sum, units, windows, type Amount } from './budget/windows.ts'
import { countsAt } from './ledger/counts.ts'
import { holder, purse, reservationIn, tokens } from './ledger/scene.ts'
import { holderOf, ledgerOf, ledgerState } from './ledger/state.ts'

const seed = 2030

t.test('F-81 what the organization has left bounds every orchestrator: both set it aside, or neither', async (t) => {
  const [ada, bob] = [holder, uuid(2)]
  const { reserve, configure, counts, live } = purse(bob)
  configure({ tokens: { daily: 100 } }, organization)
  const reservation = reservationIn(reserve(tokens(60), ada))
  t.match(reserve(tokens(50), bob), { code: 'BUDGET_EXHAUSTED', detail: { holder: organization, window: 'day', unit: 'tokens' } })
  t.equal(counts(bob), null)
  t.match(reserve(tokens(40), bob), [{ type: 'TokensReserved' }])
  t.match(counts(organization), { reserved: { tokens: 100 } })
  t.ok(live(organization).includes(reservation), 'under the same name')
})

t.test('F-81 what an orchestrator cannot set aside is not kept of the organization', async (t) => {
  const { reserve, configure, counts, live } = purse()
  configure({ tokens: { daily: 100 } })
  t.match(reserve(tokens(101)), { code: 'BUDGET_EXHAUSTED', detail: { holder } })
  t.strictSame([counts(organization), live(organization)], [null, []])
})

t.test('F-82 what an orchestrator uses, gives back or lets expire is so of the organization', async (t) => {
  const { reserve, consume, release, counts, live, world, settle, last } = purse()
  const [first, second] = [reservationIn(reserve(tokens(100))), reservationIn(reserve({ ...tokens(10), ttl_s: 60 }))]
  consume({ reservation: first, tokens: 30, cost: 3 })
  t.match(counts(organization), { hour: { tokens: 30, cost: 3 }, reserved: { tokens: 80 } })
  t.match(last('TokensConsumed', organization), { reservation: first, overrun: { tokens: 0, cost: 3 } })
  release({ ledger: '203001', reservation: first })
  t.match(counts(organization), { hour: { tokens: 30 }, reserved: { tokens: 10 } })
  world.pass(minute_ms)
  settle()
  t.match(last('TokenReservationExpired', holder), { reservation: second, unused: { tokens: 10 } })
  t.strictSame([counts()!.reserved, counts(organization)!.reserved], [{ tokens: 0, cost: 0 }, { tokens: 0, cost: 0 }])
  t.strictSame([live(), live(organization)], [[], []])
  t.match(consume({ reservation: second, ...tokens(1) }), { code: 'RESERVATION_UNKNOWN' })
})

t.test('F-82 of a reservation that was given back in time no timer is left', async (t) => {
  const { reserve, release, courier } = purse()
  release({ ledger: '203001', reservation: reservationIn(reserve(tokens(1))) })
  t.strictSame(courier.waiting, [])
})

const bob = uuid(2)
const holders = [holder, bob, organization]

const amounts = fc.record({ tokens: fc.integer({ min: 0, max: 60 }), cost: fc.integer({ min: 0, max: 60 }) })
const limit = fc.option(fc.integer({ min: 20, max: 200 }))
const allowance = fc.record({ hourly: limit, daily: limit, monthly: limit })
const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('reserve' as const), wish: amounts }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('consume' as const), wish: amounts, of: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('overrun' as const), wish: amounts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), of: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('configure' as const), wish: fc.record({ tokens: allowance, cost: allowance }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('override' as const), extra: fc.integer({ min: 1, max: 50 }), hours: fc.nat(30) }) },
)
const deeds = fc.array(fc.record({
  deed, who: fc.constantFrom(...holders), wait_ms: fc.constantFrom(0, 0, minute_ms, 20 * minute_ms, hour_ms, 9 * hour_ms, 8 * day_ms),
}), { maxLength: 60, size: 'max' })

type House = ReturnType<typeof purse>
type Deed = typeof deed extends fc.Arbitrary<infer One> ? One : never

/** What orchestrators have set aside is theirs to use. */
function carryOut({ world, live, ...say }: House, deed: Deed, who: string) {
  const foreign = who === organization ? [...live(holder), ...live(bob)] : []
  const own = live(who).filter((one) => !foreign.includes(one))
  const reservation = 'of' in deed ? own[deed.of % Math.max(1, own.length)] : undefined
  switch (deed.do) {
    case 'reserve': return say.reserve(deed.wish, who)
    case 'overrun': return say.consume(deed.wish, who)
    case 'consume': return reservation && say.consume({ ...deed.wish, reservation }, who)
    case 'release': return reservation && say.release({ ledger: monthOf(world.at), reservation }, who)
    case 'configure': return say.configure(deed.wish, who)
    case 'override': {
      const until = later(world.at, (deed.hours + 1) * hour_ms)
      return say.override({ unit: 'tokens', window: 'day', extra: deed.extra, until, reason: 'more' }, who)
    }
  }
}

/** What is used and reserved of each limit that there is now. */
function taken({ world }: House, who: string) {
  const allowed = world.look(budgetState, who)
  const counts = countsAt(world.look(ledgerState, ledgerOf(who, monthOf(world.at))).counts, world.at)
  return windows.flatMap((window) => units.map((unit) =>
    ({ used: counts[window][unit] + counts.reserved[unit], limit: limitOf(allowed, unit, window, world.at) })))
}

/** What was booked, of all ledgers of which this is so. */
const sums = (facts: readonly Recorded[], isMeant: (fact: Recorded) => boolean) =>
  facts.filter((fact) => fact.type === 'TokensConsumed' && isMeant(fact)).map(({ data }) => data as Amount).reduce(sum, none)

const isOf = (who: string) => ({ id }: Recorded) => holderOf(id) === who
const passes = ({ type, data }: any) => type === 'TokensConsumed' && (data.overrun.tokens > 0 || data.overrun.cost > 0)

function lawful(house: House, who: string, before: ReturnType<typeof taken>, news: readonly Recorded[]) {
  const isOver = news.filter(isOf(who)).some(passes)
  for (const [place, { used, limit }] of taken(house, who).entries())
    if (limit !== null && used > limit && used > before[place]!.used && !isOver) throw new Error(`${who} has ${used} of ${limit}`)
  const { counts, reservations } = house.world.look(ledgerState, ledgerOf(who, monthOf(house.world.at)))
  const left = [...reservations.values()].reduce<Amount>(sum, none)
  if (counts && !isDeepStrictEqual(counts.reserved, left)) throw new Error(`${who} has another sum of what is reserved`)
}

t.test('F-103 used and reserved pass a limit only by overruns and lowered limits', async (t) => {
  const met = { TokensReserved: 0, BUDGET_EXHAUSTED: 0, BudgetExhausted: 0, TokenReservationExpired: 0 }
  fc.assert(fc.property(deeds, (all) => {
    const house = purse(bob)
    const { world, settle } = house
    for (const { deed, who, wait_ms } of all) {
      world.pass(wait_ms)
      settle()
      const before = holders.map((one) => taken(house, one))
      const known = world.log.length
      const answer = carryOut(house, deed, who)
      if (answer instanceof Rejection && answer.code === 'BUDGET_EXHAUSTED') met.BUDGET_EXHAUSTED++
      for (const [n, one] of holders.entries()) lawful(house, one, before[n]!, world.log.slice(known))
    }
    for (const { type } of world.log) if (type in met) met[type as keyof typeof met]++
    const above = sums(world.log, (fact) => isOf(organization)(fact))
    const below = sums(world.log, (fact) => !isOf(organization)(fact) || fact.by !== system)
    if (!isDeepStrictEqual(above, below)) throw new Error('the organization has booked otherwise than its orchestrators')
  }), { seed, numRuns: 200 })
  for (const [what, times] of Object.entries(met)) t.ok(times > 100, `${what} was met ${times} times`)
})
