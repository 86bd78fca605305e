import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Change, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { causes, Override, type ScheduleEvent } from './events.ts'
import { Terms, usual } from './terms.ts'

const shape = Terms.shape

const row = z.object({
  orchestrator: OrchestratorId,
  /** Null where there are overrides alone. */
  zone: shape.zone.nullable(),
  always_open: shape.always24x7,
  weekly: shape.weekly,
  breaks: shape.breaks,
  holidays: shape.holidays,
  quiet_hours: shape.quietHours,
  office_hours: shape.officeHours,
  batch_windows: shape.batchWindows,
  allow_critical: shape.allowCriticalOutsideHours,
  on_unavailable: shape.onUnavailable,
  notice_s: shape.notice_s,
  grace_s: shape.grace_s,
  mode: shape.mode,
  auto_reply: shape.autoReply,
  /** As it was told last; null before anything was. */
  open: z.boolean().nullable(),
  until: StoredInstant.nullable(),
  next_open_at: StoredInstant.nullable(),
  cause: z.enum(causes),
})
type Row = z.output<typeof row>

const columnsOf = ({ zone, always24x7, weekly, breaks, holidays, ...terms }: Terms) => ({
  zone, always_open: always24x7, weekly, breaks, holidays, quiet_hours: terms.quietHours, office_hours: terms.officeHours,
  batch_windows: terms.batchWindows, allow_critical: terms.allowCriticalOutsideHours, on_unavailable: terms.onUnavailable,
  notice_s: terms.notice_s, grace_s: terms.grace_s, mode: terms.mode, auto_reply: terms.autoReply,
})

/** The terms that a row stands for; null where nothing was said. */
export const termsIn = (row: Row): Terms | null => (row.zone === null ? null : {
  zone: row.zone, always24x7: row.always_open, weekly: row.weekly, breaks: row.breaks, holidays: row.holidays,
  quietHours: row.quiet_hours, officeHours: row.office_hours, batchWindows: row.batch_windows,
  allowCriticalOutsideHours: row.allow_critical, onUnavailable: row.on_unavailable, notice_s: row.notice_s, grace_s: row.grace_s,
  mode: row.mode, autoReply: row.auto_reply,
})

const altered = ({ id }: Pick<Recorded, 'id'>, alter: (row: Row) => Partial<Row>): readonly Change<Row, 'orchestrator'>[] => {
  const orchestrator = OrchestratorId.parse(id)
  const unknown: Row = {
    orchestrator, ...columnsOf({ zone: 'UTC', ...usual }), zone: null, open: null, until: null, next_open_at: null, cause: 'always',
  }
  return [{ alter: (row = unknown) => ({ ...row, ...alter(row) }), at: { orchestrator } }]
}

const project: Project<typeof row, 'orchestrator', ScheduleEvent> = {
  WorkHoursConfigured: (fact) => altered(fact, () => ({ ...columnsOf(fact.data), cause: fact.data.cause })),
  ScheduleOverrideAdded: (fact) => altered(fact, () => ({ cause: fact.data.cause })),
  ScheduleOverrideRemoved: (fact) => altered(fact, () => ({ cause: fact.data.cause })),
  WorkHoursOpened: (fact) =>
    altered(fact, () => ({ open: true, until: fact.data.until, next_open_at: null, cause: fact.data.cause })),
  WorkHoursClosed: (fact) =>
    altered(fact, () => ({ open: false, until: null, next_open_at: fact.data.nextOpenAt, cause: fact.data.cause })),
}

export const schedules = readModel({
  name: 'schedule',
  about: 'When orchestrators work, and whether they do at the moment.',
  version: 1,
  path: '/schedules',
  row,
  key: ['orchestrator'],
  filters: ['open', 'zone', 'cause'],
  aliases: [{ route: 'GET /orchestrators/:orchestrator/schedule', item: true }],
  project,
})

const overrideRow = z.object({ orchestrator: OrchestratorId, ...Override.shape })

const projectOverrides: Project<typeof overrideRow, 'orchestrator' | 'override', ScheduleEvent> = {
  ScheduleOverrideAdded: ({ id, data: { cause: _, turnsAt: __, ...override } }) =>
    [{ put: { orchestrator: OrchestratorId.parse(id), ...override } }],
  ScheduleOverrideRemoved: ({ id, data: { override } }) => [{ remove: { orchestrator: OrchestratorId.parse(id), override } as never }],
}

export const scheduleOverrides = readModel({
  name: 'schedule_override',
  about: 'For which times hours are, or were, others than usual.',
  version: 1,
  path: '/schedule-overrides',
  row: overrideRow,
  key: ['orchestrator', 'override'],
  filters: ['orchestrator', 'kind'],
  ranges: ['from', 'to'],
  order: ['from'],
  aliases: [{ route: 'GET /orchestrators/:orchestrator/schedule/overrides' }],
  project: projectOverrides,
})
