import type { Instant } from '../../kernel/time.ts'
import { limitOf, type Allowed } from '../budget/limits.ts'
import { units, windows, type Unit, type Window } from '../budget/windows.ts'
import type { Counts } from './counts.ts'

export const levels = ['info', 'warning', 'critical', 'emergency'] as const
export type Level = (typeof levels)[number]

export function levelOf(percent: number): Level {
  if (percent >= 100) return 'emergency'
  if (percent >= 90) return 'critical'
  return percent >= 75 ? 'warning' : 'info'
}

/** A percentage of a limit that was reached in the window that began then. */
export interface Crossing {
  readonly window: Window
  readonly start: Instant
  readonly unit: Unit
  readonly percent: number
  readonly level: Level
  readonly used: number
  readonly limit: number
}

/** What was told, by `placeOf`; of each place for the window that is counted now. */
export type Told = ReadonlyMap<string, { readonly start: Instant; readonly percents: readonly number[] }>

const placeOf = ({ window, unit }: Pick<Crossing, 'window' | 'unit'>): string => `${unit} ${window}`

const percentsOf = (told: Told, { window, unit, start }: Pick<Crossing, 'window' | 'unit' | 'start'>): readonly number[] => {
  const one = told.get(placeOf({ window, unit }))
  return one?.start === start ? one.percents : []
}

export const toldAlso = (told: Told, crossing: Pick<Crossing, 'window' | 'unit' | 'start' | 'percent'>): Told =>
  new Map(told).set(placeOf(crossing), { start: crossing.start, percents: [...percentsOf(told, crossing), crossing.percent] })

/** The percentages that are reached and were not told in their windows. */
export const crossings = (allowed: Allowed, counts: Counts, told: Told, at: Instant): readonly Crossing[] =>
  windows.flatMap((window) => units.flatMap((unit) => {
    const limit = limitOf(allowed, unit, window, at)
    if (limit === null) return []
    const { start, [unit]: used } = counts[window]
    const known = percentsOf(told, { window, unit, start })
    return allowed.limits!.thresholds
      .filter((percent) => used * 100 >= limit * percent && !known.includes(percent))
      .map((percent) => ({ window, start, unit, percent, level: levelOf(percent), used, limit }))
  }))
