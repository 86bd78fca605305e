import { fold, type Evolve } from '../../kernel/decider.ts'
import { HolidaySet, type HolidayEvent } from './events.ts'
import type { Holiday } from './shapes.ts'

export interface HolidayState {
  /** Null before anything was said. */
  readonly dates: readonly Holiday[] | null
}

const evolve: Evolve<HolidayState, HolidayEvent> = { HolidaysSet: (_, { dates }) => ({ dates }) }

export const holidayState = fold('holidays', HolidaySet, { dates: null }, evolve)
