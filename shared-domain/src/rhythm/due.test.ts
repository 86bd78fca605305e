import fc from 'fast-check'
import t from 'tap'
import { boundary_ms, dateAfter, dateOf, isSkipped, wallOf } from '../kernel/zone.ts'
import { day_ms, instant, minute_ms } from '../kernel/time.ts'
import { duesAfter, impracticable, nextDue, type Rota } from './due.ts'
import { patternsOf, Rule } from './rule.ts'

const ruled = (rule: object, zone = 'UTC'): Rota => ({ patterns: patternsOf(Rule.parse(rule)), zone })
const rota = (cron: string, zone = 'UTC') => ruled({ kind: 'CRON', cron }, zone)

function first(count: number, rota: Rota, after: string): string[] {
  const found: string[] = []
  for (const due of duesAfter(rota, after)) {
    if (found.length === count) break
    found.push(due)
  }
  return found
}

/** `2026-03-29T01:00`, or of the day, or the hour, that was named before. */
const written = (dues: readonly string[]) => dues.map((due) => due.replace(/:00\.000Z$/, ''))

t.test('R-53 examples', async (t) => {
  const examples: readonly (readonly [Rota, after: string, ...next: readonly string[]])[] = [
    [rota('30 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00', '2026-03-29T01:00', '2026-03-30T00:30'],
    [rota('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00', '2026-10-25T00:30', '2026-10-26T01:30'],
    [rota('15,45 2 * * *', 'Europe/Berlin'), '2026-03-28T12:00', '2026-03-29T01:00', '2026-03-30T00:15'],
    [rota('30 * * * *', 'Europe/Berlin'), '2026-03-29T00:00', '2026-03-29T00:30', '2026-03-29T01:30'],
    [rota('30 * * * *', 'Europe/Berlin'), '2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'],
    [rota('0 1,13 * * *', 'America/New_York'), '2026-11-01T00:00', '2026-11-01T05:00', '2026-11-01T18:00', '2026-11-02T06:00'],
    [rota('15 2 * * *', 'Australia/Lord_Howe'), '2026-10-02T20:00', '2026-10-03T15:30', '2026-10-04T15:15'],
    [rota('0 12 * * *', 'Pacific/Apia'), '2011-12-29T00:00', '2011-12-29T22:00', '2011-12-30T22:00'],
    [rota('0 0 * * *', 'Africa/Cairo'), '2026-04-22T12:00', '2026-04-22T22:00', '2026-04-23T22:00', '2026-04-24T21:00'],
    [rota('0 0 13 * FRI'), '2026-02-01T00:00', '2026-02-06T00:00', '2026-02-13T00:00', '2026-02-20T00:00'],
    [rota('0 0 29 2 *'), '2026-01-01T00:00', '2028-02-29T00:00'],
    [
      ruled({ kind: 'MONTHLY', day: 31, time: '09:00' }, 'Europe/Berlin'), '2026-01-01T00:00',
      '2026-01-31T08:00', '2026-02-28T08:00', '2026-03-31T07:00',
    ],
  ]
  for (const [rota, after, ...next] of examples)
    t.strictSame(written(first(next.length, rota, `${after}:00.000Z`)), next, `${rota.patterns.join(' or ')} ${rota.zone}`)
})

t.test('R-52 a rule by the day, the week or the month, in which shorter months have their last day', async (t) => {
  const of = (rule: object, count: number, after = '2026-01-30T00:00:00.000Z') =>
    written(first(count, ruled(rule), after))
  t.strictSame(of({ kind: 'DAILY', time: '07:30' }, 2), ['2026-01-30T07:30', '2026-01-31T07:30'])
  const days = ['SUNDAY', 'WEDNESDAY']
  t.strictSame(of({ kind: 'WEEKLY', days, time: '23:59' }, 3), ['2026-02-01T23:59', '2026-02-04T23:59', '2026-02-08T23:59'])
  const monthly = (day: number) => of({ kind: 'MONTHLY', day, time: '00:00' }, 3, '2026-01-31T00:00:00.000Z')
  t.strictSame(monthly(28), ['2026-02-28T00:00', '2026-03-28T00:00', '2026-04-28T00:00'])
  t.strictSame(monthly(29), ['2026-02-28T00:00', '2026-03-29T00:00', '2026-04-29T00:00'])
  t.strictSame(monthly(30), ['2026-02-28T00:00', '2026-03-30T00:00', '2026-04-30T00:00'])
  t.strictSame(monthly(31), ['2026-02-28T00:00', '2026-03-31T00:00', '2026-04-30T00:00'])
  const leap = of({ kind: 'MONTHLY', day: 29, time: '00:00' }, 2, '2028-02-01T00:00:00.000Z')
  t.strictSame(leap, ['2028-02-29T00:00', '2028-03-29T00:00'])
})

t.test('R-52 patterns of five fields, and nothing that needs to be guessed', async (t) => {
  const takes = (cron: string) => Rule.safeParse({ kind: 'CRON', cron }).success
  const good = [
    '* * * * *', '0-59/5 * * * *', ' 5  4 * jan,Mar-MAY sun ', '0 0 L * *', '0 0 1,L * *', '0 9 * * MON#1', '0 9 * * 1#5,fri', '0 0 * * 7',
    '0 0 * * FRI-SUN', '0 0 * * 0-7', '*/60 */24 */31 */12 */7', '59 23 31 12 0',
  ]
  for (const cron of good) t.ok(takes(cron) && nextDue(rota(cron), '2026-01-01T00:00:00.000Z'), cron)
  const bad = [
    '0 22-2 * * *', '5/15 * * * *', '60 * * * *', '? * * * *', '@daily', '', '* * * *', '* * * * * *', '0 24 * * *', '0 0 0 * *',
    '0 0 32 * *', '0 0 * 0 *', '0 0 * 13 *', '0 0 * * 8', '0 0 * * */8', '*/0 * * * *', '*/61 * * * *', '1-5/ * * * *', '/5 * * * *',
    ', * * * *', '1, * * * *', '1-2-3 * * * *', '0 0 LW * *', '0 0 15W * *', '0 0 * * 5L', '0 0 * * MON#6', '0 0 * * MON#0', '0 0 * * L',
    '0 0 * L *', 'L * * * *', '0 MON * * *', '0 0 * * JAN', '0 0 * * MON-', '0 0 * * FRI-MON', '-1 * * * *', '1.5 * * * *',
    '*/5/2 * * * *', '0 0 * * 1#1#1', '0 0 * * *-5', '001 * * * *',
  ]
  for (const cron of bad) t.notOk(takes(cron), cron)
  t.notOk(Rule.safeParse({ kind: 'CRON', cron: `${'1,'.repeat(50)}1 * * * *` }).success, 'nor more than a hundred characters')
  for (const time of ['24:00', '7:30', '07:60', '07:30:00']) t.notOk(Rule.safeParse({ kind: 'DAILY', time }).success, time)
})

t.test('R-52 whatever is a pattern here croner understands', async (t) => {
  const of = (first: number, last: number, ...words: readonly string[]) => {
    const number = fc.integer({ min: first, max: last })
    const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
    const step = fc.integer({ min: 1, max: last === 7 ? 7 : last - first + 1 })
    const stepped = fc.tuple(fc.oneof(fc.constant('*'), range), step).map(([all, by]) => `${all}/${by}`)
    const item = fc.oneof(fc.constant('*'), number.map(String), range, stepped, ...(words.length > 0 ? [fc.constantFrom(...words)] : []))
    return fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','))
  }
  const pattern = fc.tuple(
    of(0, 59), of(0, 23), of(1, 31, 'L', 'l'), of(1, 12, 'jan', 'FEB-Apr', 'Nov-dec/2'),
    of(0, 7, 'sun', 'Mon-FRI', 'wed#3', '5#5', 'SAT-SUN'),
  ).map((fields) => fields.join(' ')).filter((cron) => cron.length <= 100)
  fc.assert(fc.property(pattern, (cron) => {
    const found = first(3, rota(cron), '2026-01-01T00:00:00.000Z')
    if (found.some((due, index) => due <= (found[index - 1] ?? '2026-01-01T00:00:00.000Z'))) throw new Error('it does not grow')
  }), { seed: 2026, numRuns: 200 })
  t.pass('and times grow')
})

t.test('R-50 what is never due, or soon too often, follows no rule', async (t) => {
  const at = '2026-01-01T00:00:00.000Z'
  t.equal(impracticable(rota('0 0 30 2 *'), at), 'never')
  t.equal(nextDue(rota('0 0 30 2 *'), at), null)
  t.equal(nextDue(rota('15 * 30 2 *'), at), null, 'nor at any hour of a day that there is not')
  t.equal(impracticable(rota('0 0 29 2 *'), '2096-03-01T00:00:00.000Z'), undefined, 'eight years without one are 2921 days')
  t.equal(impracticable(rota('0 0 29 2 MON#5'), at), undefined)
  t.equal(impracticable(rota('*/5 * * * *'), at), undefined)
  t.equal(impracticable(rota('*/4 * * * *'), at), 'too often')
  t.equal(impracticable(rota('0,4 5 * * *'), at), 'too often')
  t.equal(impracticable(rota('0,4 5 1 6 *'), at), 'too often', 'also if not within the year')
})

const minutes = [0, 15, 30, 45]
const hours = Array.from({ length: 24 }, (_, hour) => hour)

/** Round a change of clocks, as seen minute by minute, quarter by quarter. */
const changes = [
  ['Europe/Berlin', '2026-03-29'], ['Europe/Berlin', '2026-10-25'], ['America/New_York', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05'], ['Australia/Lord_Howe', '2026-10-04'], ['Africa/Cairo', '2026-04-24'],
  ['Africa/Cairo', '2026-10-30'], ['Pacific/Apia', '2011-12-30'], ['America/Havana', '2026-03-08'], ['America/Havana', '2026-11-01'],
  ['Asia/Kathmandu', '2026-05-05'], ['Pacific/Kwajalein', '1969-09-30'],
] as const

t.test('R-53 around a change of clocks it is due whenever somebody says so who looks at the clock all the time', async (t) => {
  for (const [zone, date] of changes) {
    const from_ms = boundary_ms(zone, `${dateAfter(date, -1)}T00:00`) - 1
    const quarters = Array.from({ length: 4 * 96 }, (_, quarter) => from_ms + 1 + quarter * 15 * minute_ms)
    const clock = quarters.map((at_ms) => ({ at: instant(at_ms), wall: wallOf(zone, at_ms).slice(0, 16), date: dateOf(zone, at_ms) }))
    const until = instant(from_ms + 4 * day_ms - 1)
    const dues = (cron: string) => {
      const found: string[] = []
      for (const due of duesAfter(rota(cron, zone), instant(from_ms))) {
        if (due >= until) break
        found.push(due)
      }
      return found
    }
    const isAt = (wall: string, times: readonly string[]) => times.includes(wall.slice(11))
    for (const minute of minutes) {
      const times = hours.map((hour) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
      const seen = clock.filter(({ wall }) => isAt(wall, times)).map(({ at }) => at)
      t.strictSame(dues(`${minute} */1 * * *`), seen, `${zone} ${date} :${minute}`)
    }
    for (const hour of hours) for (const minute of [0, 30]) {
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
      const dates = [...new Set(clock.map(({ date }) => date))].filter((date) => !isSkipped(zone, date))
      const reached = dates.map((date) => clock.find(({ wall }) => wall >= `${date}T${time}`)?.at).filter((at) => at !== undefined)
      t.strictSame(dues(`${minute} ${hour} * * *`), [...new Set(reached)], `${zone} ${date} ${time}`)
    }
  }
})
