import { z } from 'zod'
import { given } from '../../kernel/given.ts'
import { isNamedZone } from '../../kernel/zone.ts'
import { text } from '../../vocabulary.ts'
import { Holidays } from '../holidays/shapes.ts'
import { days, Day, overlapIn, Slot, slots_max, Window } from '../calendar/slots.ts'

export const Zone = z.string().max(64).refine(isNamedZone, { error: 'is not the name of an IANA time zone' })
const Slots = z.array(Slot).max(slots_max)
const Weekly = z.partialRecord(Day, Slots)

const Break = Window.extend({ name: text(100).optional() })

/** Everything about the hours of an orchestrator. */
export const Terms = z.object({
  zone: Zone,
  always24x7: z.boolean(),
  weekly: Weekly,
  breaks: z.array(Break).max(10),
  holidays: Holidays.nullable().describe('Null for those of the organization.'),
  quietHours: z.array(Window).max(5),
  officeHours: z.array(Window).max(5),
  batchWindows: z.array(Window).max(5),
  allowCriticalOutsideHours: z.boolean(),
  onUnavailable: z.enum(['reject', 'defer']),
  notice_s: z.int().min(0).max(3_600),
  grace_s: z.int().min(0).max(28_800),
  mode: z.enum(['proactive', 'reactive']),
  autoReply: text(500).nullable(),
})
export type Terms = z.output<typeof Terms>

export const usual: Omit<Terms, 'zone'> = {
  always24x7: true, weekly: {}, breaks: [], holidays: null, quietHours: [], officeHours: [], batchWindows: [],
  allowCriticalOutsideHours: false, onUnavailable: 'reject', notice_s: 0, grace_s: 0, mode: 'proactive', autoReply: null,
}

/** Some of them; what is not given is as usual, or stays. */
export const SomeTerms = Terms.partial().extend({
  weekly: Weekly.refine((weekly) => !overlapIn(weekly), { error: 'has slots that overlap' }).optional(),
})
export type SomeTerms = z.output<typeof SomeTerms>

/** Who gives slots is not always open, unless that is said. */
export const termsOf = (before: Terms, { always24x7, ...said }: SomeTerms): Terms => Terms.parse({
  ...before, ...given(said),
  always24x7: always24x7 ?? (said.weekly === undefined && before.always24x7),
})

/** The hours of an override: of each day the same. */
export const OverrideHours = Slots.min(1).refine((hours) => !overlapIn(Object.fromEntries(days.map((day) => [day, hours]))),
  { error: 'has slots that overlap' })
