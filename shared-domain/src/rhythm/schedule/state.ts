import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { Schedule, type Override, type ScheduleEvent } from './events.ts'
import type { Terms } from './terms.ts'

export type OverrideSaid = z.output<typeof Override>

/** What was told last of whether it is open, and until when. */
export interface Told {
  readonly open: boolean
  readonly until: string | null
  /** Since when it is closed. */
  readonly since: string
}

export interface ScheduleState {
  /** Null before anything was said: always open. */
  readonly terms: Terms | null
  /** Those that were not over when the last was added. */
  readonly overrides: readonly OverrideSaid[]
  readonly told: Told | null
  /** The closing that was announced last. */
  readonly closing: string | null
  /** The closing whose overtime was noticed last. */
  readonly overtime: string | null
}

/** When it closed: told late, when it was to close; told again, since it opens at another time, when that was told first. */
export function closedSince({ told }: Pick<ScheduleState, 'told'>, at: string): string {
  if (told?.open === false) return told.since
  return told && told.until !== null && told.until < at ? told.until : at
}

const evolve: Evolve<ScheduleState, ScheduleEvent> = {
  WorkHoursConfigured: (state, { cause: _, turnsAt: __, ...terms }) => ({ ...state, terms }),
  ScheduleOverrideAdded: (state, { cause: _, turnsAt: __, ...override }, { at }) =>
    ({ ...state, overrides: [...state.overrides.filter(({ to }) => to > at), override] }),
  ScheduleOverrideRemoved: (state, { override }) =>
    ({ ...state, overrides: state.overrides.filter((one) => one.override !== override) }),
  WorkHoursOpened: (state, { until }, { at }) => ({ ...state, told: { open: true, until, since: at } }),
  WorkHoursClosed: (state, { nextOpenAt: until }, { at }) => ({ ...state, told: { open: false, until, since: closedSince(state, at) } }),
  WorkHoursClosing: (state, { closesAt: closing }) => ({ ...state, closing }),
  OvertimeNoticed: (state, { closedAt: overtime }) => ({ ...state, overtime }),
}

export const scheduleState = fold('schedule', Schedule, { terms: null, overrides: [], told: null, closing: null, overtime: null }, evolve)

/** Whether there is anything to heed. */
export const isKept = ({ terms, overrides }: ScheduleState): boolean => terms !== null || overrides.length > 0
