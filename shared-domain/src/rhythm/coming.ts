import { sha256 } from '../kernel/sha-256.ts'
import { elapsed_ms, later, second_ms, type Instant } from '../kernel/time.ts'

/** So many due times are gone through at once, and so many of them lead to something; those behind them come at once after. */
const dues_max = 500
const fired_max = 100

/** How due times of somebody are waited for. */
export interface Waiting {
  readonly id: string
  /** Each comes up to so many seconds later. */
  readonly jitter_s: number
  /** What comes later than by so much was missed. */
  readonly late_s: number
  /** Of those that were missed the latest so many are made up for. */
  readonly kept: number
  /** Whether what the last one led to still goes on, where only one may; nothing, where they may go on side by side. */
  readonly isOccupied?: boolean | undefined
  /** It may lead to something so many more times. */
  readonly left?: number | undefined
  readonly duesAfter: (due: Instant) => Iterable<Instant>
}

export interface Coming {
  readonly due: Instant
  /** Nothing comes before what is due earlier has come. */
  readonly comesAt: Instant
}

/** When a due time comes: spread over the jitter by what names it, so that it is the same whoever asks. */
export function comingOf(id: string, due: Instant, jitter_s: number): Instant {
  if (jitter_s === 0) return due
  return later(due, Number.parseInt(sha256(`${id}/${due}`).slice(0, 8), 16) % (jitter_s + 1) * second_ms)
}

/** What a fact tells of the due time that is next. */
export const nothing = { next: null, comesAt: null } as const

export const ahead = ({ id, jitter_s }: Pick<Waiting, 'id' | 'jitter_s'>, next: Instant | null) =>
  (next === null ? nothing : { next, comesAt: comingOf(id, next, jitter_s) })

/** From when on what is next is looked for. None comes twice, though clocks go back. */
export const behind = ({ covered }: { readonly covered: Instant | null }, at: Instant): Instant =>
  (covered !== null && covered > at ? covered : at)

interface Come {
  readonly come: readonly Coming[]
  /** The first that has not come yet, or was not gone through. */
  readonly next: Instant | null
  readonly isAll: boolean
}

/** The due times that have come: the one that was waited for, whatever the clock says now, and those behind it. */
function comeOf({ id, jitter_s, duesAfter }: Waiting, first: Coming, at: Instant): Come {
  const come = [first]
  let { comesAt } = first
  for (const due of duesAfter(first.due)) {
    const own = comingOf(id, due, jitter_s)
    comesAt = own > comesAt ? own : comesAt
    if (comesAt > at || come.length === dues_max) return { come, next: due, isAll: comesAt > at }
    come.push({ due, comesAt })
  }
  return { come, next: null, isAll: true }
}

/** What becomes of due times that have come: in this order, each of them is one of these. */
export interface Dealt {
  /** Missed, and not made up for. */
  readonly lost: readonly Coming[]
  readonly fired: readonly Coming[]
  /** What the last one led to still goes on. */
  readonly occupied: readonly Coming[]
  /** Which is next. */
  readonly next: Instant | null
}

export function dealt(waiting: Waiting, first: Coming, at: Instant): Dealt {
  const { late_s, kept, isOccupied, left = Infinity } = waiting
  const { come, next, isAll } = comeOf(waiting, first, at)
  const missed = come.filter(({ comesAt }) => elapsed_ms(comesAt, at) > late_s * second_ms).length
  const behind = Math.max(0, missed - kept)
  const [lost, wanted] = [come.slice(0, behind), come.slice(behind)]
  // What was not gone through was missed, too, and later: there what is made up for is found.
  if (!isAll && missed === come.length) return { lost, fired: [], occupied: [], next: wanted[0]?.due ?? next }
  if (isOccupied !== undefined) {
    const free = isOccupied ? 0 : 1
    return { lost, fired: wanted.slice(0, free), occupied: wanted.slice(free), next }
  }
  const most = Math.min(fired_max, left)
  return { lost, fired: wanted.slice(0, most), occupied: [], next: wanted[most]?.due ?? next }
}
