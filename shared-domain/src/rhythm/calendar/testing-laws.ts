import fc from 'fast-check'
import { day_ms, hour_ms, instant, minute_ms } from '../../kernel/time.ts'
import { boundary_ms, dateAfter, dateOf, wallOf } from '../../kernel/zone.ts'
import { always, verdictAt, type Calendar, type Override } from './calendar.ts'
import { addOpenTime, isOpen, nextClose, nextOpen, openIntervals, openTimeBetween } from './hours.ts'
import { days, overlapIn, type Slot } from './slots.ts'

/** A change of the offset of a zone, around which a calendar is asked. */
export interface Around {
  readonly zone: string
  readonly at: number
}

const two = (n: number) => String(n).padStart(2, '0')
const clock = fc.integer({ min: 0, max: 95 }).map((quarter) => `${two(Math.floor(quarter / 4))}:${two((quarter % 4) * 15)}`)
const slot: fc.Arbitrary<Slot> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ start: clock, end: clock }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ start: '00:00', end: '24:00' }, { start: '02:00', end: '03:00' }, { start: '23:30', end: '00:30' }),
  },
)
const slots = fc.array(slot, { maxLength: 2 })
const window = fc.record({ start: clock, end: clock, days: fc.subarray([...days], { minLength: 1 }) })
const weekly = fc.record(Object.fromEntries(days.map((day) => [day, slots]))).filter((weekly) => !overlapIn(weekly))

/** No two overrides of a schedule overlap. */
const apart = (overrides: readonly Override[]) => overrides
  .every((one, no) => overrides.slice(no + 1).every((other) => one.to <= other.from || other.to <= one.from))

/** Calendars in whose days something happens around the change. */
export const calendarAround = ({ zone, at }: Around): fc.Arbitrary<Calendar> => {
  const near = fc.integer({ min: -6, max: 6 })
  const override: fc.Arbitrary<Override> = fc.record({
    kind: fc.constantFrom('UNAVAILABLE', 'AVAILABLE', 'CUSTOM_HOURS'), hours: slots,
    from: fc.integer({ min: -40, max: 40 }).map((quarters) => at + quarters * 15 * minute_ms), length: fc.integer({ min: 1, max: 100 }),
  }).map(({ length, ...rest }) => ({ ...rest, to: rest.from + length * 15 * minute_ms }))
  return fc.record({
    zone: fc.constant(zone),
    weekly: fc.option(weekly, { freq: 9 }),
    breaks: fc.array(window, { maxLength: 2 }),
    holidays: fc.array(fc.tuple(near.map((day) => dateAfter(dateOf(zone, at), day)), slots), { maxLength: 2 })
      .map((pairs) => new Map(pairs)),
    overrides: fc.array(override, { maxLength: 3 }).filter(apart),
  })
}

function holdThat(isSo: boolean, what: string, calendar: Calendar, at: number) {
  if (!isSo) throw new Error(`${what} ${instant(at)} ${JSON.stringify({ ...calendar, holidays: [...calendar.holidays] })}`)
}

/** What one function says of a calendar is what the others say, and what is true by definition. */
export function agree(calendar: Calendar, around: Around): void {
  const [from, to] = [around.at - 2 * day_ms, around.at + 2 * day_ms]
  const intervals = openIntervals(calendar, from, to)
  const edges = intervals.flatMap((each) => [each.from, each.to]).filter((edge) => edge > from && edge < to)
  holdThat(edges.every((edge, no) => no === 0 || edges[no - 1]! < edge), 'not ascending or not joined', calendar, from)
  for (const edge of edges) holdThat(isReal(calendar, around, edge), 'an edge of nothing', calendar, edge)

  const moments = [from, ...edges.flatMap((edge) => [edge - 1, edge]), around.at - 1, around.at, around.at + 37 * minute_ms]
  for (const moment of moments) {
    const { open } = verdictAt(calendar, moment)
    holdThat(isOpen(calendar, moment) === open, 'openness differs', calendar, moment)
    holdThat(intervals.some((each) => each.from <= moment && moment < each.to) === open, 'intervals differ', calendar, moment)
    const [opens, closes] = [nextOpen(calendar, moment), nextClose(calendar, moment)]
    holdThat(open ? opens === moment : closes === moment, 'what is so now is not next', calendar, moment)
    for (const [next, isOne] of [[opens, true], [closes, false]] as const) {
      if (next === null || next === moment) continue
      const isThere = verdictAt(calendar, next).open === isOne && verdictAt(calendar, next - 1).open !== isOne
      holdThat(isThere, 'not where it changes', calendar, next)
      holdThat(openTimeBetween(calendar, moment, next) === (isOne ? 0 : next - moment), 'not the least', calendar, next)
    }
  }
  const sum_ms = intervals.reduce((sum, each) => sum + each.to - each.from, 0)
  holdThat(openTimeBetween(calendar, from, to) === sum_ms, 'sums differ', calendar, from)
  if (sum_ms === 0) return
  for (const part_ms of [1, Math.ceil(sum_ms / 2), sum_ms]) {
    const end = addOpenTime(calendar, from, part_ms)!
    const isLeast = openTimeBetween(calendar, from, end) === part_ms && openTimeBetween(calendar, from, end - 1) === part_ms - 1
    holdThat(isLeast, 'adding is not the least', calendar, end)
  }
}

/** Where hours begin or end the clocks show a time that is written somewhere, or jump, or an override begins or ends. */
function isReal(calendar: Calendar, { zone, at }: Around, edge: number): boolean {
  if (edge === at || calendar.overrides.some(({ from, to }) => from === edge || to === edge)) return true
  const { weekly, breaks, holidays, overrides } = calendar
  const written = [...Object.values(weekly ?? {}), breaks, ...holidays.values(), ...overrides.map(({ hours }) => hours)].flat()
    .flatMap(({ start, end }) => [start, end.replace('24:00', '00:00')])
  const shown = wallOf(zone, edge)
  return written.includes(shown.slice(11, 16)) && shown.slice(16) === ':00.000'
}

/** Whole days follow each other without a gap, each as long as the clocks let it be. */
export function daysTile({ zone, at }: Around): void {
  const whole = { ...always, zone, weekly: Object.fromEntries(days.map((day) => [day, [{ start: '00:00', end: '24:00' }]])) }
  const first = dateAfter(dateOf(zone, at), -2)
  const [from, to] = [boundary_ms(zone, `${first}T00:00`), boundary_ms(zone, `${dateAfter(first, 5)}T00:00`)]
  holdThat(openTimeBetween(whole, from, to) === to - from, 'days do not tile', whole, at)
  const lengths = [0, 1, 2, 3, 4].map((day) => {
    const one = { ...whole, weekly: {}, holidays: new Map([[dateAfter(first, day), whole.weekly['MONDAY']!]]) }
    return openTimeBetween(one, from - hour_ms, to + hour_ms)
  })
  holdThat(lengths.reduce((sum, length) => sum + length, 0) === to - from, 'days overlap', whole, at)
}
