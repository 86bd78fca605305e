import t from 'tap'
import { deciders, processes } from '../../catalogue.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { organization } from '../../fleet/organization/decider.ts'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded, rowsAfter } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { behaviour, now, orchestrator as actor, tool, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { why } from '../../work/questions/why.ts'
import { coverage } from '../schedule/coverage.ts'
import { openHours, orchestratorHours } from '../schedule/questions.ts'
import { workdays } from '../schedule/scene.ts'
import { schedules } from '../schedule/schedules.ts'
import { scheduleSweep } from '../schedule/sweeping.ts'
import { holidays } from './decider.ts'
import { HolidaySet } from './events.ts'
import { holidayRows } from './holiday-rows.ts'
import { yearsAround } from './shapes.ts'
import { holidayState } from './state.ts'

const dates = [{ date: '2030-01-01', name: 'Neujahr' }, { date: '2030-12-26', name: '2. Weihnachtstag' }]
const source = { library: 'almanac', version: '7' }
const set = (more: object = {}) => HolidaySet.HolidaysSet({ country: 'DE', region: null, year: 2030, dates, source, ...more })
const supplied = (found: unknown) => ({ supplied: { found, ...source } })
const { given } = behaviour(t, holidays)

t.test('R-2 R-8 holidays are those of a library, which the fact names with its version, or set by hand', async () => {
  const wish = { country: 'DE', year: 2030 }
  given().with(supplied(dates)).when('set', wish).yields(set())
  given().with(supplied(dates)).when('ensure', wish).yields(set())
  const own = [{ date: '2030-02-02', name: 'Lichtmess' }, { date: '2030-01-06', name: 'Epiphanie' }]
  given(set()).when('set', { ...wish, dates: own }).yields(set({ dates: own.toReversed(), source: 'hand' }))
  given(set()).with(supplied(dates)).when('set', wish).changesNothing()
  given(set({ dates: [], source: 'hand' })).with(supplied(dates)).when('ensure', wish).changesNothing()
  given().with(supplied(null)).when('set', { ...wish, country: 'XX' }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/country' }] })
  given().with(supplied(null)).when('set', { ...wish, region: 'QQ' }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/region' }] })
  given().with({}).when('ensure', wish).refuses('VALIDATION_ERROR')
  given().when('set', { ...wish, dates: [...own, { date: '2031-01-01', name: 'x' }] })
    .refuses('VALIDATION_ERROR', { errors: [{ pointer: '/dates/2/date' }] })
  for (const by of [tool, actor(uuid(1))]) given().by(by).when('set', { ...wish, dates: own }).refuses('FORBIDDEN')
})

t.test('R-8 what is asked of a library, and where the answer stands', async (t) => {
  const { set: { supply, place }, ensure } = holidays.commands
  const wish = { country: 'DE', region: 'BE', year: 2030 }
  t.strictSame(supply!(holidayState.initial, wish, {} as never), { table: 'publicHolidays', of: wish })
  t.equal(supply!(holidayState.initial, { ...wish, dates: [] }, {} as never), undefined)
  t.equal(ensure.supply!({ dates: [] }, wish, {} as never), undefined, 'nothing, where it is known')
  t.equal(place!(wish, { at: now, organization: 'acme' }), 'acme.DE-BE.2030')
  t.equal(place!({ ...wish, region: null }, { at: now, organization: 'acme' }), 'acme.DE.2030')
  t.strictSame(yearsAround(Date.parse('2030-01-02T12:00:00Z')), [2029, 2030, 2031])
  t.strictSame(yearsAround(Date.parse('2030-06-01T12:00:00Z')), [2030, 2031])
  const row = { set: 'DE.2030', country: 'DE', region: null, year: 2030, dates, source: 'almanac 7', at: now }
  picture(t, holidayRows).after(recorded(holidayState, set())).shows(row)
  picture(t, holidayRows).after(recorded(holidayState, set({ region: 'BE', source: 'hand' })))
    .shows({ ...row, set: 'DE-BE.2030', region: 'BE', source: 'hand' })
})

const [ada] = [uuid(1)]
const day = (text: string) => `2030-01-${text}:00.000Z`

/** It is New Year in Berlin, one o'clock at night, where Ada works from nine to five on workdays. */
function office(terms: object, settings: object = {}) {
  const world = new World(deciders, ({ of: { year, country } }) =>
    ({ found: country === 'DE' ? [{ date: `${year as number}-01-01`, name: 'Neujahr' }] : null, library: 'almanac', version: '7' }))
  const courier = new Courier(world, processes)
  world.carryOut(send(organization, 'acme', 'create', { slug: 'acme', name: 'Acme' }))
  world.carryOut(send(orchestrator, ada, 'register', { name: 'Ada', timezone: 'Europe/Berlin' }))
  world.carryOut(send(orchestrator, ada, 'activate', {}))
  const wish = (category: string, id: string, command: string, data: object) => {
    const facts = world.do({ category, id, command, data })
    courier.settle()
    return facts
  }
  if (Object.keys(settings).length > 0) wish('organization', 'acme', 'configure', settings)
  wish('schedule', ada, 'configure', { weekly: workdays, ...terms })
  wish('task', uuid(5), 'create', { owner: ada, title: 'Work' })
  world.pass(9 * hour_ms)
  courier.settle()
  const start = () => {
    const facts = world.copy().do({ category: 'task', id: uuid(5), command: 'start', data: {} })
    return facts instanceof Rejection ? facts.detail : facts[0]!.type
  }
  const row = () => rowsAfter(schedules, world.log)[0]!
  return { world, courier, wish, start, row }
}

t.test('R-7 R-11 on public holidays of its country nothing starts, and hours, rows and reasons say so', async (t) => {
  const { world, start, row } = office({ holidays: { country: 'DE' } })
  const closed = { orchestrator: ada, cause: 'holiday', nextAvailableAt: day('02T08:00') }
  t.strictSame(start(), closed)
  t.match(row(), { open: false, cause: 'holiday', next_open_at: day('02T08:00') }, 'told when the library had answered')
  const ask = (question: Parameters<World['ask']>[0], query: object = {}, params: object = { orchestrator: ada }) =>
    world.ask(question, { params, query }) as any
  t.match(ask(orchestratorHours), { open: false, cause: 'holiday', nextOpen: day('02T08:00') })
  t.strictSame(ask(openHours, { from: day('01T00:00'), to: day('03T00:00') }).intervals, [{ from: day('02T08:00'), to: day('02T16:00') }])
  t.match(ask(coverage, { from: day('01T09:00'), days: 1 }, {}).hours[0], { orchestrators: 0 })
  t.strictSame(ask(why, {}, { task: uuid(5) }).now, [{ code: 'OUTSIDE_WORK_HOURS', detail: closed }])
  t.strictSame(world.log.filter(({ type }) => type === 'HolidaysSet').map(({ id }) => id), ['acme.DE.2030', 'acme.DE.2031'])
})

t.test('R-7 who keeps holidays by hand, of a region, of the organization, or none', async (t) => {
  const weekly = { holidays: { country: 'DE', drop: ['2030-01-01'] } }
  t.equal(office(weekly).start(), 'TaskStarted', 'not this one')
  const short = { date: '2030-01-01', name: 'Half', hours: [{ start: '09:00', end: '11:00' }] }
  t.equal(office({ holidays: { country: 'DE', add: [short] } }).start(), 'TaskStarted', 'with hours of its own')
  t.match(office({}, { holidays: { country: 'DE' } }).start(), { cause: 'holiday' })
  t.equal(office({ holidays: { country: null } }, { holidays: { country: 'DE' } }).start(), 'TaskStarted', 'its own word counts')
  t.match(office({}, { holidays: { add: [{ date: '2030-01-01', name: 'x' }] } }).start(), { cause: 'holiday' })
  t.equal(office({ holidays: { country: 'XX' } }).start(), 'TaskStarted', 'of a country of which nothing is known none are kept')
  t.equal(office({ always24x7: true, weekly: {}, holidays: { country: 'DE' } }).start(), 'TaskStarted')
})

t.test('R-8 what is set stays, is heeded at once and told within the hour; each December the year after the next is there', async (t) => {
  const { world, courier, wish, start, row } = office({ holidays: { country: 'DE' } })
  wish('holidays', 'acme.DE.2030', 'set', { country: 'DE', year: 2030, dates: [] })
  t.equal(start(), 'TaskStarted')
  t.match(row(), { open: false })
  world.sweep(scheduleSweep)
  t.match(row(), { open: true, until: day('01T16:00') })
  wish('schedule', ada, 'change', { notice_s: 60 })
  t.equal(start(), 'TaskStarted', 'looked up again it stays')
  for (let days = 0; days < 2 * 366; days++) {
    world.pass(day_ms)
    courier.settle()
  }
  const years = new Set(world.log.filter(({ type }) => type === 'HolidaysSet').map(({ id }) => id.slice(-4)))
  t.strictSame([...years].sort(), ['2030', '2031', '2032', '2033'])
})
