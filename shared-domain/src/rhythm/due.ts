import { Cron } from 'croner'
import { day_ms, elapsed_ms, instant, type Instant } from '../kernel/time.ts'
import { boundary_ms, isSkipped, passesOf, wallOf } from '../kernel/zone.ts'
import { fieldsOf } from './cron.ts'

/** What is not due within so many days is as good as never. */
const horizon_ms = 3_000 * day_ms
/** A clock that goes back shows what it showed in so much time once more, at the most. */
const back_max_ms = day_ms
const crons_max = 1_000

/** Times on the clocks of one zone: whenever one of the patterns of cron says so. */
export interface Rota {
  readonly patterns: readonly string[]
  readonly zone: string
}

type Dues = Generator<number, undefined>

const crons = new Map<string, Cron>()

/** Without an offset there is no hour that a clock jumps over or shows twice: what it finds are times on any wall. */
function cronOf(pattern: string): Cron {
  const known = crons.get(pattern)
  if (known) return known
  if (crons.size >= crons_max) crons.clear()
  const cron = new Cron(fieldsOf(pattern).join(' '), { mode: '5-part', utcOffset: 0, paused: true })
  crons.set(pattern, cron)
  return cron
}

/** What a clock shows as if it were an instant, so that it can be compared and counted. */
const asInstant_ms = (wall: string) => Date.parse(`${wall}Z`)

/** What the clocks show when it is due, growing. */
function* walls(patterns: readonly string[], after_ms: number): Generator<string, undefined> {
  const found = patterns.map(cronOf)
  for (let last_ms = after_ms; ;) {
    const nexts = found.map((cron) => cron.nextRun(new Date(last_ms))).filter((next) => next !== null).map(Number)
    if (nexts.length === 0) return
    last_ms = Math.min(...nexts)
    yield instant(last_ms).slice(0, 16)
  }
}

/** Due is when the clocks have reached it for the first time; what they jump over, when they have jumped. */
function* reached(patterns: readonly string[], zone: string, after_ms: number): Dues {
  let last_ms = after_ms
  for (const wall of walls(patterns, asInstant_ms(wallOf(zone, after_ms)))) {
    if (asInstant_ms(wall) > last_ms + horizon_ms + day_ms) return
    const reached_ms = boundary_ms(zone, wall)
    if (reached_ms <= last_ms || isSkipped(zone, wall.slice(0, 10))) continue
    yield last_ms = reached_ms
  }
}

/** By how much the clocks go back soon after an instant. */
const back_ms = (zone: string, at_ms: number) =>
  Math.max(0, back_max_ms - (asInstant_ms(wallOf(zone, at_ms + back_max_ms)) - asInstant_ms(wallOf(zone, at_ms))))

/** Due is whenever the clocks show it: twice where they go back, not at all where they jump over it. */
function* shown(patterns: readonly string[], zone: string, after_ms: number): Dues {
  let last_ms = after_ms
  // What a later wall shows comes no sooner than the clocks have reached it.
  const found_ms: number[] = []
  for (const wall of walls(patterns, asInstant_ms(wallOf(zone, after_ms)) - back_ms(zone, after_ms))) {
    if (asInstant_ms(wall) > last_ms + horizon_ms + day_ms) break
    found_ms.push(...passesOf(zone, wall).map((pass) => Date.parse(pass)))
    found_ms.sort((a, b) => a - b)
    for (const reached_ms = boundary_ms(zone, wall); found_ms.length > 0 && found_ms[0]! <= reached_ms;) {
      const pass_ms = found_ms.shift()!
      if (pass_ms > last_ms) yield last_ms = pass_ms
    }
  }
  yield* found_ms.filter((pass_ms) => pass_ms > last_ms)
}

/** Every hour means each that there is. */
const isHourly = (patterns: readonly string[]) => patterns.some((pattern) => fieldsOf(pattern)[1]!.startsWith('*'))

/** When it is due after an instant, growing, as often as somebody wants to know; it ends where it is never due again. */
export function* duesAfter({ patterns, zone }: Rota, after: Instant): Generator<Instant, undefined> {
  let last_ms = Date.parse(after)
  for (const due_ms of (isHourly(patterns) ? shown : reached)(patterns, zone, last_ms)) {
    if (due_ms > last_ms + horizon_ms) return
    yield instant(last_ms = due_ms)
  }
}

export function nextDue(rota: Rota, after: Instant): Instant | null {
  for (const due of duesAfter(rota, after)) return due
  return null
}

const apart_min_ms = 300_000
const apart_tries = 100

/** One minute of one hour: twice are never on one day. */
const isOnceADay = (patterns: readonly string[]) => new Set(patterns.map((pattern) => fieldsOf(pattern).slice(0, 2).join(' '))).size === 1
  && patterns.every((pattern) => /^\d+ \d+ /.test(fieldsOf(pattern).join(' ')))

/** Why nothing can follow this rule, if so: it is never due, or soon too often. */
export function impracticable(rota: Rota, after: Instant): 'never' | 'too often' | undefined {
  const tries = isOnceADay(rota.patterns) ? 1 : apart_tries
  let last: Instant | undefined
  let count = 0
  for (const due of duesAfter(rota, after)) {
    if (last !== undefined && elapsed_ms(last, due) < apart_min_ms) return 'too often'
    last = due
    if (++count === tries) break
  }
  return last === undefined ? 'never' : undefined
}
