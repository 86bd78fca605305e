import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { Slot } from '../calendar/slots.ts'
import { Terms } from './terms.ts'

export const causes = ['override', 'always', 'holiday', 'break', 'weekly'] as const

/** Why it is open or closed then, and when there will be something to tell next. */
const now = { cause: z.enum(causes), turnsAt: StoredInstant.nullable() }
const recipient = (_: unknown, id: string) => id

export const Override = z.object({
  /** Named after the command that added it. */
  override: CommandId,
  from: StoredInstant,
  to: StoredInstant,
  kind: z.enum(['UNAVAILABLE', 'AVAILABLE', 'CUSTOM_HOURS']),
  hours: z.array(Slot).max(8),
  reason: text(500),
})

export const Schedule = events({
  WorkHoursConfigured: { about: 'It was said when the orchestrator works; the fact holds everything.', data: Terms.extend(now), recipient },
  ScheduleOverrideAdded: { about: 'For a while hours are others than usual.', data: Override.extend(now), recipient },
  ScheduleOverrideRemoved: { about: 'Hours are as usual then after all.', data: z.object({ override: CommandId, ...now }), recipient },
  WorkHoursOpened: {
    about: 'The orchestrator is within its hours, until then.', data: z.object({ until: StoredInstant.nullable(), ...now }), recipient,
  },
  WorkHoursClosed: {
    about: 'The orchestrator is outside its hours; what runs goes on.',
    data: z.object({
      nextOpenAt: StoredInstant.nullable(),
      /** When it will be told what runs still. */
      overtimeAt: StoredInstant.nullable(),
      ...now,
    }),
    recipient,
  },
  WorkHoursClosing: { about: 'The hours end soon.', data: z.object({ closesAt: StoredInstant, ...now }), recipient },
  OvertimeNoticed: {
    about: 'The hours have ended for some time, and these tasks run still.',
    data: z.object({ closedAt: StoredInstant, tasks: z.array(TaskId).max(50), ...now }),
    recipient,
  },
})

export type ScheduleEvent = EventOf<typeof Schedule>
