import { day_ms } from '../../kernel/time.ts'
import { computed, type Calendar } from './calendar.ts'
import { cut, holds, type Interval } from './intervals.ts'

/** So far ahead hours are looked for. */
export const horizon_ms = 366 * day_ms

const block_ms = day_ms
const blocks_max = 512

/** The open time of stretches of the time line, as far as it was asked for: of few calendars few are asked for again and again. */
const remembered = new WeakMap<Calendar, Map<number, readonly Interval[]>>()

function blockOf(calendar: Calendar, no: number): readonly Interval[] {
  let blocks = remembered.get(calendar)
  if (!blocks) remembered.set(calendar, blocks = new Map())
  let block = blocks.get(no)
  if (!block) {
    if (blocks.size >= blocks_max) blocks.clear()
    blocks.set(no, block = computed(calendar, no * block_ms, (no + 1) * block_ms))
  }
  return block
}

const noOf = (at: number) => Math.floor(at / block_ms)

export const isOpen = (calendar: Calendar, at: number): boolean => blockOf(calendar, noOf(at)).some((interval) => holds(interval, at))

/** The open time between two instants, in pieces that may touch. */
function* pieces(calendar: Calendar, from: number, to: number): Generator<Interval, void> {
  for (let no = noOf(from); no * block_ms < to; no++) yield* cut(blockOf(calendar, no), from, to)
}

/** The first open instant from there on, within the horizon. */
export function nextOpen(calendar: Calendar, at: number): number | null {
  for (const { from } of pieces(calendar, at, at + horizon_ms)) return from
  return null
}

/** The first instant from there on that is not open, within the horizon. */
export function nextClose(calendar: Calendar, at: number): number | null {
  let closes = at
  for (const { from, to } of pieces(calendar, at, at + horizon_ms)) {
    if (from > closes) return closes
    closes = to
  }
  return closes < at + horizon_ms ? closes : null
}

/** Open milliseconds between two instants, as far as the horizon of the first. */
export function openTimeBetween(calendar: Calendar, from: number, to: number): number {
  let sum_ms = 0
  for (const piece of pieces(calendar, from, Math.min(to, from + horizon_ms))) sum_ms += piece.to - piece.from
  return sum_ms
}

/** The first instant by which so much open time has passed, within the horizon. */
export function addOpenTime(calendar: Calendar, from: number, open_ms: number): number | null {
  let left_ms = open_ms
  if (left_ms <= 0) return from
  for (const piece of pieces(calendar, from, from + horizon_ms)) {
    if (piece.to - piece.from >= left_ms) return piece.from + left_ms
    left_ms -= piece.to - piece.from
  }
  return null
}

/** The open time between two instants, disjoint, ascending and joined, as far as the horizon of the first. */
export function openIntervals(calendar: Calendar, from: number, to: number): readonly Interval[] {
  const whole: Interval[] = []
  for (const piece of pieces(calendar, from, Math.min(to, from + horizon_ms))) {
    const last = whole.at(-1)
    if (last?.to === piece.from) whole[whole.length - 1] = { from: last.from, to: piece.to }
    else whole.push(piece)
  }
  return whole
}
