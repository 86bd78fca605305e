import { z } from 'zod'
import type { Said } from '../../kernel/alias.ts'
import type { OlderWords } from '../../kernel/decider.ts'
import { days } from '../calendar/slots.ts'
import type { ScheduleState } from './state.ts'
import { Zone } from './terms.ts'

const two = (n: number) => String(n).padStart(2, '0')

const Hours = z.strictObject({
  startHour: z.int().min(0).max(23), endHour: z.int().min(0).max(24),
  startMinute: z.int().min(0).max(59).default(0), endMinute: z.int().min(0).max(59).default(0),
}).transform(({ startHour, startMinute, endHour, endMinute }) => ({
  start: `${two(startHour)}:${two(startMinute)}`, end: endHour === 24 ? '24:00' : `${two(endHour)}:${two(endMinute)}`,
})).optional()

/** 0 for Sunday. */
const Days = z.array(z.int().min(0).max(6)).min(1).max(7).optional()

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)
const Breaks = z.array(z.strictObject({ start: clock, end: clock, name: z.string().trim().min(1).max(100).optional() })).max(10).optional()

const nameOf = (day: number) => days[(day + 6) % 7]!

/** Slots are the same on every active day. */
function said({ workHours, workingHours, activeDays, workDays, timezone, breakTimes, ...rest }: Said): Said {
  const slot = workHours ?? workingHours
  const active = (activeDays ?? workDays ?? [1, 2, 3, 4, 5]) as readonly number[]
  return {
    ...rest,
    ...(slot === undefined ? {} : { weekly: Object.fromEntries([...new Set(active)].map((day) => [nameOf(day), [slot]])) }),
    ...(timezone === undefined ? {} : { zone: timezone }),
    ...(breakTimes === undefined ? {} : { breaks: (breakTimes as object[]).map((one) => ({ days: [...days], ...one })) }),
  }
}

export const olderHours = (method: 'POST' | 'PATCH'): OlderWords<ScheduleState> => ({
  route: `${method} /orchestrators/:id/schedule`,
  about: 'The same hours on every active day, Monday to Friday where none are said; 0 is Sunday.',
  fields: {
    workHours: Hours, workingHours: Hours, activeDays: Days, workDays: Days, timezone: Zone.optional(), breakTimes: Breaks,
  },
  without: ['weekly', 'zone', 'breaks'],
  meant: (said) => ['workHours', 'workingHours', 'activeDays', 'workDays', 'timezone', 'breakTimes'].some((name) => name in said),
  say: said,
})
