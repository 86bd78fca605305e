import { z } from 'zod'
import { isNamedZone } from '../kernel/zone.ts'
import { text } from '../vocabulary.ts'
import { Day } from './calendar/slots.ts'
import { isCron } from './cron.ts'

export const Zone = text(64).refine(isNamedZone, { error: 'is not an IANA time zone' }).meta({ examples: ['UTC', 'Europe/Berlin'] })

/** A time of the day on the wall, to the minute. */
const Time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'is not a time of the day, HH:MM' })
  .meta({ examples: ['07:30', '23:00'] })

export const Cron = text(100).refine(isCron, { error: 'is not minute, hour, day, month and weekday as cron has them' })
  .meta({ examples: ['30 2 * * *', '0 9 * * MON-FRI', '0 0 L * *'] })

/** When something comes round, on the clocks of a zone. */
export const Rule = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('DAILY'), time: Time }),
  z.object({ kind: z.literal('WEEKLY'), days: z.array(Day).min(1).max(7), time: Time }),
  // Shorter months: their last.
  z.object({ kind: z.literal('MONTHLY'), day: z.int().min(1).max(31), time: Time }),
  z.object({ kind: z.literal('CRON'), cron: Cron }),
])
export type Rule = z.output<typeof Rule>

/** As patterns of cron: it is due whenever one of them is. */
export function patternsOf(rule: Rule): readonly string[] {
  if (rule.kind === 'CRON') return [rule.cron]
  const [hour, minute] = rule.time.split(':').map(Number)
  const at = `${minute} ${hour}`
  switch (rule.kind) {
    case 'DAILY': return [`${at} * * *`]
    case 'WEEKLY': return [`${at} * * ${rule.days.map((day) => day.slice(0, 3)).join(',')}`]
    case 'MONTHLY': return monthly(at, rule.day)
  }
}

function monthly(at: string, day: number): readonly string[] {
  if (day === 31) return [`${at} L * *`]
  return day > 28 ? [`${at} ${day} * *`, `${at} L 2 *`] : [`${at} ${day} * *`]
}
