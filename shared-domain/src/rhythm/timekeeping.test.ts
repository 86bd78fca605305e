import t from 'tap'
import { deciders } from '../catalogue.ts'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { orchestratorState } from '../fleet/orchestrator/state.ts'
import { send } from '../kernel/process.ts'
import { uuid } from '../kernel/testing.ts'
import { hour_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { coverage } from './schedule/coverage.ts'
import { schedule } from './schedule/decider.ts'
import { openAfter, openHours, openTime, orchestratorHours } from './schedule/questions.ts'
import { scheduleOverrides, schedules } from './schedule/schedules.ts'
import { workdays } from './schedule/scene.ts'
import { scheduleState } from './schedule/state.ts'
import { timekeeping } from './timekeeping.ts'

const [ada, bob] = [uuid(1), uuid(2)]
const at = (text: string) => `2030-01-${text}:00.000Z`

// Ada works on workdays from nine to five in Berlin, where it is one o'clock on a Tuesday; Bob always, but for Thursday.
function office() {
  const world = new World(deciders)
  const courier = new Courier(world, [timekeeping])
  const berlin = { timezone: 'Europe/Berlin', maxConcurrentTasks: 3 }
  for (const [id, skill] of [[ada, 'writing'], [bob, 'reading']] as const) {
    world.carryOut(send(orchestrator, id, 'register', { name: skill, capabilities: [skill], ...berlin }))
    world.carryOut(send(capacity, id, 'announce', { maxConcurrentTasks: 3 }))
  }
  const wish = (id: string, command: string, data: unknown) => {
    const facts = world.do({ category: schedule.category, id, command, data })
    courier.settle()
    return facts
  }
  wish(ada, 'configure', { weekly: workdays, grace_s: 900, quietHours: [{ start: '22:00', end: '06:00' }] })
  wish(bob, 'addOverride', { from: at('03T00:00'), to: at('04T00:00'), kind: 'UNAVAILABLE', reason: 'The dentist.' })
  const wait = (hours: number) => {
    world.pass(hours * hour_ms)
    courier.settle()
  }
  return { world, courier, wish, wait, told: (id = ada) => world.look(scheduleState, id).told! }
}

t.test('R-6 a schedule is noted where every command looks, and tells when hours begin and end', async (t) => {
  const { world, wish, wait, told, courier } = office()
  for (const id of [ada, bob]) t.match(world.look(orchestratorState, id), { keepsHours: true })
  t.match(told(), { open: false, until: at('01T08:00') })
  t.match(told(bob), { open: true, until: at('03T00:00') })
  const turns = [[8, true, '01T16:00'], [8, false, '02T08:00'], [16, true, '02T16:00'], [72, false, '07T08:00']] as const
  for (const [hours, open, until] of turns) {
    wait(hours)
    t.match(told(), { open, until: at(until) }, world.at)
  }
  t.strictSame(courier.waiting.filter(({ id }) => id === ada).map(({ key, due }) => [key, due]).sort(), [
    [`schedule-${ada}`, at('07T08:00')],
  ])
  wish(ada, 'change', { always24x7: true })
  t.match(told(), { open: true, until: null })
  t.strictSame(courier.waiting.filter(({ id }) => id === ada), [], 'there is nothing to tell any more')
  const facts = world.log.filter(({ category, id }) => category === 'schedule' && id === ada).map(({ type }) => type)
  t.equal(facts.filter((type) => type === 'WorkHoursClosed').length, 3, 'what was missed in between is not made up')
})

t.test('R-4 R-5 rows tell the hours, and whether they are on', async (t) => {
  const { world, wait, wish } = office()
  const rows = (model: typeof schedules | typeof scheduleOverrides) =>
    world.find({ rows: { from: model, columns: Object.keys(model.row.shape), limit: 10 } }).rows['rows']!
  wait(8)
  t.match(rows(schedules).find(({ orchestrator }) => orchestrator === ada), {
    zone: 'Europe/Berlin', always_open: false, open: true, until: at('01T16:00'), next_open_at: null, cause: 'weekly', grace_s: 900,
  })
  t.match(rows(schedules).find(({ orchestrator }) => orchestrator === bob), { zone: null, always_open: true, open: true, cause: 'always' })
  const [override] = rows(scheduleOverrides)
  t.match(override, { orchestrator: bob, kind: 'UNAVAILABLE', from: at('03T00:00'), reason: 'The dentist.' })
  wish(bob, 'removeOverride', { override: override!['override'] })
  t.strictSame(rows(scheduleOverrides), [])
})

t.test('R-60 whether it is open now, why, and until when', async (t) => {
  const { world } = office()
  const asked = (orchestrator: string, query: object = {}) => world.ask(orchestratorHours, { params: { orchestrator }, query, tz: '2026c' })
  t.strictSame(asked(ada), {
    open: false, cause: 'weekly', nextOpen: at('01T08:00'), nextClose: world.at, quiet: { open: true, until: at('01T05:00') }, office: null,
    batch: null, zone: 'Europe/Berlin', local: '2030-01-01T01:00:00.000', tz: '2026c',
  })
  t.match(asked(ada, { at: at('02T08:00') }), { open: true, nextOpen: at('02T08:00'), nextClose: at('02T16:00'), quiet: { open: false } })
  t.match(asked(bob, { at: at('03T12:00') }), { open: false, cause: 'override', nextOpen: at('04T00:00'), quiet: null })
  t.equal(asked(uuid(7)), undefined)
})

t.test('R-61 the times that are open, how much there is, and when so much has passed', async (t) => {
  const { world } = office()
  const params = { orchestrator: ada }
  const days = { from: at('01T00:00'), to: at('03T12:00') }
  t.strictSame(world.ask(openHours, { params, query: days }), { intervals: [
    { from: at('01T08:00'), to: at('01T16:00') }, { from: at('02T08:00'), to: at('02T16:00') },
    { from: at('03T08:00'), to: at('03T12:00') },
  ] })
  t.strictSame(world.ask(openTime, { params, query: days }), { open_ms: 20 * hour_ms })
  t.strictSame(world.ask(openAfter, { params, query: { from: at('01T15:00'), open_ms: 2 * hour_ms } }), { at: at('02T09:00') })
  for (const question of [openHours, openTime, openAfter])
    t.equal(world.ask(question, { params: { orchestrator: uuid(7) }, query: { ...days, open_ms: 0 } }), undefined)
  for (const wrong of [{ from: days.to, to: days.from }, { from: days.from, to: '2030-03-05T00:00:00.000Z' }])
    t.notOk(openHours.query.safeParse(wrong).success)
})

t.test('R-63 in which hours somebody works, with how many slots, and in which nobody does', async (t) => {
  const { world } = office()
  const all = world.ask(coverage, { params: {}, query: { from: at('03T07:30'), days: 1 } }) as any
  t.equal(all.hours.length, 24)
  t.strictSame(all.hours.slice(0, 2), [
    { from: at('03T07:00'), orchestrators: 0, slots: 0 }, { from: at('03T08:00'), orchestrators: 1, slots: 3 },
  ])
  t.equal(all.none.length, 9, 'from seven to eight, and from four in the afternoon to midnight')
  const reading = world.ask(coverage, { params: {}, query: { days: 1, capability: 'reading' } }) as any
  t.ok(reading.hours.every((hour: any) => hour.orchestrators === 1 && hour.slots === 3))
})
