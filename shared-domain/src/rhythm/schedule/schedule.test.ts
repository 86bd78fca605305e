import t from 'tap'
import { Capacity } from '../../fleet/capacity/events.ts'
import { capacityState } from '../../fleet/capacity/state.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { admin, behaviour, daemon, on, orchestrator as actor, replay, subject, tool, uuid } from '../../kernel/testing.ts'
import { CommandId } from '../../vocabulary.ts'
import { schedule } from './decider.ts'
import { Schedule, type ScheduleEvent } from './events.ts'
import { registered, terms, workdays } from './scene.ts'
import { closedSince, scheduleState } from './state.ts'
import { SomeTerms, usual } from './terms.ts'

// It is Tuesday, one o'clock at night in Berlin; work begins at nine.
const nine = '2030-01-01T08:00:00.000Z'
const five = '2030-01-01T16:00:00.000Z'
const tomorrow = '2030-01-02T08:00:00.000Z'
const monday = '2030-01-07T08:00:00.000Z'
const midnight = '2030-01-01T00:00:00.000Z'
const news = { cause: 'weekly', turnsAt: midnight } as const

const { given } = behaviour(t, schedule)
const known = (...facts: readonly ScheduleEvent[]) => given(...facts).seeing(orchestratorState, subject, registered)
const configured = Schedule.WorkHoursConfigured({ ...terms, ...news })
const closed = Schedule.WorkHoursClosed({ nextOpenAt: nine, overtimeAt: null, cause: 'weekly', turnsAt: nine })
const opened = on(Schedule.WorkHoursOpened({ until: five, cause: 'weekly', turnsAt: five }), { at: nine })

t.test('R-4 R-7 hours are said as a whole, or in part; the zone is that of the profile at that moment', async () => {
  known().when('configure', { weekly: workdays }).yields(configured)
  known().when('configure', {})
    .yields(Schedule.WorkHoursConfigured({ zone: 'Europe/Berlin', ...usual, cause: 'always', turnsAt: midnight }))
  known(configured).when('configure', { weekly: workdays }).changesNothing()
  known(configured).when('change', { notice_s: 60 }).yields(Schedule.WorkHoursConfigured({ ...terms, notice_s: 60, ...news }))
  known(configured).when('change', { always24x7: true, zone: 'UTC' })
    .yields(Schedule.WorkHoursConfigured({ ...terms, zone: 'UTC', always24x7: true, cause: 'always', turnsAt: midnight }))
  known(configured).when('configure', { onUnavailable: 'defer' })
    .yields(Schedule.WorkHoursConfigured({ zone: 'Europe/Berlin', ...usual, onUnavailable: 'defer', cause: 'always', turnsAt: midnight }))
  known(configured, closed).when('change', { mode: 'reactive' })
    .yields(Schedule.WorkHoursConfigured({ ...terms, mode: 'reactive', cause: 'weekly', turnsAt: nine }))
  const offset = Orchestrator.OrchestratorUpdated({ ...registered.data, timezone: '+01:00', previousEmail: null })
  given().seeing(orchestratorState, subject, registered, offset).when('configure', {}).refuses('VALIDATION_ERROR')
})

t.test('R-7 what does not fit is not taken', async (t) => {
  const slot = { start: '09:00', end: '17:00' }
  const wrong: readonly object[] = [
    { zone: '+01:00' }, { zone: 'Mars/Olympus' }, { weekly: { MONDAY: [slot, { start: '16:00', end: '18:00' }] } },
    { weekly: { MONDAY: [{ start: '22:00', end: '06:00' }], TUESDAY: [{ start: '05:00', end: '07:00' }] } },
    { weekly: { FUNDAY: [slot] } }, { weekly: { MONDAY: [{ start: '24:00', end: '01:00' }] } },
    { weekly: { MONDAY: [{ start: '9:00', end: '17:00' }] } },
    { weekly: { MONDAY: Array.from({ length: 9 }, (_, n) => ({ start: `0${n}:00`, end: `0${n}:30` })) } },
    { breaks: Array.from({ length: 11 }, () => slot) }, { quietHours: Array.from({ length: 6 }, () => slot) },
    { holidays: { country: 'Germany' } }, { holidays: { region: 'BE' } },
    { holidays: { country: 'DE', add: [{ date: '2030-02-30', name: 'x' }] } },
    { notice_s: 3_601 }, { grace_s: 28_801 }, { mode: 'lazy' }, { onUnavailable: 'never' }, { autoReply: 'x'.repeat(501) },
  ]
  for (const wish of wrong) t.notOk(SomeTerms.safeParse(wish).success, JSON.stringify(wish).slice(0, 80))
  const right = { weekly: { MONDAY: [{ start: '00:00', end: '24:00' }] }, breaks: [slot], holidays: { country: 'DE', region: 'BE' } }
  t.ok(SomeTerms.safeParse(right).success)
})

const vacation = { from: '2030-01-10T00:00:00.000Z', to: '2030-01-20T00:00:00.000Z', kind: 'UNAVAILABLE', reason: 'Vacation.' } as const
const one = CommandId.parse(uuid(900))
const added = Schedule.ScheduleOverrideAdded({ override: one, hours: [], ...vacation, ...news })
const hours = [{ start: '20:00', end: '23:00' }]

t.test('R-5 for a while hours are others, and overrides lie side by side', async (t) => {
  known(configured).when('addOverride', vacation).yields(added)
  known(configured, added).with({ commandId: uuid(901) }).when('addOverride', vacation).changesNothing()
  known(configured, added).when('addOverride', { ...vacation, reason: 'Illness.' }).refuses('SCHEDULE_CONFLICT', { override: one })
  const next = { from: vacation.to, to: '2030-01-21T00:00:00.000Z' }
  known(configured, added).with({ commandId: uuid(901) }).when('addOverride', { ...vacation, ...next })
    .yields(Schedule.ScheduleOverrideAdded({ ...added.data, override: CommandId.parse(uuid(901)), ...next }))
  known().when('addOverride', { ...vacation, kind: 'CUSTOM_HOURS', hours }).yields(Schedule.ScheduleOverrideAdded({
    ...added.data, kind: 'CUSTOM_HOURS', hours, cause: 'always',
  }))
  const wrong = [
    { from: '2029-12-01T00:00:00.000Z', to: midnight }, { from: vacation.to, to: vacation.to },
    { from: vacation.from, to: '2031-01-12T00:00:00.000Z' },
  ]
  for (const times of wrong) known(configured).when('addOverride', { ...vacation, ...times }).refuses('VALIDATION_ERROR')
  const { data } = schedule.commands.addOverride
  t.notOk(data.safeParse({ ...vacation, kind: 'CUSTOM_HOURS' }).success)
  t.notOk(data.safeParse({ ...vacation, hours }).success)
  t.notOk(data.safeParse({ ...vacation, kind: 'CUSTOM_HOURS', hours: [...hours, { start: '22:00', end: '01:00' }] }).success)
  const many = Array.from({ length: 50 }, (_, n) => {
    const minute = `2030-02-01T00:${String(n).padStart(2, '0')}`
    return Schedule.ScheduleOverrideAdded({
      ...added.data, override: CommandId.parse(uuid(n)), from: `${minute}:00.000Z`, to: `${minute}:30.000Z`,
    })
  })
  known(configured, ...many).when('addOverride', vacation).refuses('LIMIT_REACHED', { max: 50 })
  const over = on(Schedule.ScheduleOverrideAdded({ ...added.data, from: midnight, to: nine }), { at: midnight })
  const later = replay(scheduleState, [over, on(added, { at: tomorrow })])
  t.equal(later.overrides.length, 1, 'what is over is forgotten when another is added')
})

t.test('R-5 an override is removed, once', async (t) => {
  const removed = Schedule.ScheduleOverrideRemoved({ override: one, ...news })
  known(configured, added).when('removeOverride', { override: one }).yields(removed)
  known(configured).when('removeOverride', { override: one }).changesNothing()
  known().when('removeOverride', { override: one }).refuses('NOT_FOUND')
  const { of } = schedule.commands.addOverride.answers!
  const state = replay(scheduleState, [configured, added])
  t.strictSame(of(state, { commandId: one } as never, vacation), { override: one })
  t.strictSame(of(state, { commandId: uuid(5) } as never, vacation), { override: one }, 'that is there already')
  t.strictSame(of(scheduleState.initial, { commandId: one } as never, vacation), { override: null })
})

t.test('R-4 R-5 an admin, the orchestrator and its daemons plan its hours', async () => {
  for (const [by, actsFor] of [[admin, null], [actor(subject), subject], [daemon, subject]] as const)
    known().by(by, actsFor).when('configure', { weekly: workdays }).yields(configured)
  for (const by of [tool, actor(uuid(7))]) {
    known().by(by).when('configure', {}).refuses('FORBIDDEN')
    known().by(by).when('addOverride', vacation).refuses('FORBIDDEN')
    known().by(by).when('removeOverride', { override: one }).refuses('FORBIDDEN')
  }
  given().when('configure', {}).refuses('NOT_FOUND')
  known().with({ organization: 'other' }).when('configure', {}).refuses('NOT_FOUND')
  const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  const left = given(configured).seeing(orchestratorState, subject, registered, archived)
  left.when('change', { grace_s: 1 }).refuses('INVALID_STATE_TRANSITION')
  left.when('turn', {}).changesNothing()
})

t.test('R-6 it is told that it opened or closed when that was not told last', async () => {
  known(configured).when('turn', {}).yields(closed)
  known(configured, closed).at('2030-01-01T07:59:59.999Z').when('turn', {}).changesNothing()
  known(configured, closed).at(nine).when('turn', {}).yields(Schedule.WorkHoursOpened({ until: five, cause: 'weekly', turnsAt: five }))
  known(configured, opened).at(five).when('turn', {})
    .yields(Schedule.WorkHoursClosed({ nextOpenAt: tomorrow, overtimeAt: null, cause: 'weekly', turnsAt: tomorrow }))
  known(configured, closed).at('2030-01-05T12:00:00.000Z').when('turn', {})
    .yields(Schedule.WorkHoursClosed({ nextOpenAt: monday, overtimeAt: null, cause: 'weekly', turnsAt: monday }))
  known().when('turn', {}).changesNothing()
})

t.test('R-6 R-23 closing is told before it comes, and what runs still after it', async (t) => {
  const careful = Schedule.WorkHoursConfigured({ ...terms, notice_s: 600, grace_s: 900, ...news })
  const soon = '2030-01-01T15:50:00.000Z'
  const late = '2030-01-01T16:15:00.000Z'
  known(careful, closed).at(nine).when('turn', {}).yields(Schedule.WorkHoursOpened({ until: five, cause: 'weekly', turnsAt: soon }))
  const closing = on(Schedule.WorkHoursClosing({ closesAt: five, cause: 'weekly', turnsAt: five }), { at: soon })
  known(careful, opened).at(soon).when('turn', {}).yields(closing)
  const ended = Schedule.WorkHoursClosed({ nextOpenAt: tomorrow, overtimeAt: late, cause: 'weekly', turnsAt: tomorrow })
  known(careful, opened, closing).at('2030-01-01T16:00:01.000Z').when('turn', {}).yields(ended)
  const after = known(careful, opened, closing, on(ended, { at: five }))
  after.at('2030-01-01T16:10:00.000Z').when('turn', {}).changesNothing()
  after.at(late).when('turn', {}).changesNothing()
  const needs = { priority: null, capabilities: [], energy: 0, energyRemaining: null, refillAt: null }
  const slot = Capacity.SlotReserved({ ...needs, task: uuid(3) as never, command: uuid(4) as never, max: 5, active: 0, reserved: 1 })
  after.at(late).seeing(capacityState, subject, slot).when('turn', {})
    .yields(Schedule.OvertimeNoticed({ closedAt: five, tasks: [uuid(3) as never], cause: 'weekly', turnsAt: tomorrow }))
  const { told } = replay(scheduleState, [careful, opened, on(ended, { at: late })])
  t.equal(told!.since, five, 'told late, it closed when it was to close')
  t.equal(closedSince({ told }, tomorrow), five)
})

t.test('R-5 R-6 what lies beyond the horizon is looked at when it is within', async () => {
  const far = Schedule.ScheduleOverrideAdded({ ...added.data, from: '2031-06-01T00:00:00.000Z', to: '2031-07-01T00:00:00.000Z' })
  known(far).when('turn', {}).yields(Schedule.WorkHoursOpened({ until: null, cause: 'always', turnsAt: '2031-01-02T00:00:00.000Z' }))
})
