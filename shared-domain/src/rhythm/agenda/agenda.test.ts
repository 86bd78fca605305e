import fc from 'fast-check'
import t from 'tap'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { Rejection } from '../../kernel/decider.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { daemon, orchestrator as actor, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, minute_ms } from '../../kernel/time.ts'
import { World, type Wish } from '../../kernel/world.ts'
import { task } from '../../work/task/decider.ts'
import { schedule } from '../schedule/decider.ts'
import { workdays } from '../schedule/scene.ts'
import { availability } from './availability.ts'
import { agenda } from './decider.ts'
import { reservations } from './reservations.ts'
import { agendaState, type Reserved } from './state.ts'

const [ada, bob] = [uuid(1), uuid(2)]
const [first, second, theirs] = [uuid(31), uuid(32), uuid(33)]
const year = `${ada}.2030`
/** It is Tuesday, one o'clock at night in Berlin, where Ada works from nine to five; Bob keeps no hours. */
const at = (text: string) => `2030-01-${text}:00.000Z`
const nine = at('01T08:00')

function office() {
  const world = new World([orchestrator, task, schedule, agenda])
  for (const id of [ada, bob]) {
    world.carryOut(send(orchestrator, id, 'register', { name: id.slice(-1), timezone: 'Europe/Berlin' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const [id, owner] of [[first, ada], [second, ada], [theirs, bob]] as const)
    world.do({ category: 'task', id, command: 'create', data: { owner, title: `Task ${id.slice(-1)}` } })
  world.do({ category: 'schedule', id: ada, command: 'configure', data: { weekly: workdays } })
  world.carryOut(send(orchestrator, ada, 'keepHours', {}))
  const say = (command: string, data: object, more: Partial<Wish> = {}) => {
    const facts = world.do({ category: 'agenda', id: year, command, data: { orchestrator: ada, ...data }, ...more })
    return facts instanceof Rejection ? facts : facts.map(({ type, data }) => ({ type, ...(data as object) }) as any)
  }
  const reserve = (start: string, duration_min = 60, more: object = {}, by: Partial<Wish> = {}) =>
    say('reserve', { task: first, start, duration_min, ...more }, by)
  return { world, say, reserve }
}

const codeOf = (facts: unknown) => (facts instanceof Rejection ? facts.code : (facts as { type: string }[]).map(({ type }) => type))

t.test('R-40 time is planned for an own task within hours, once, and beside other times', async (t) => {
  const { world, reserve } = office()
  const [made] = reserve(nine, 90, { note: 'first things' }) as any[]
  t.match(made, { type: 'TimeSlotReserved', task: first, start: nine, end: at('01T09:30'), note: 'first things', reservation: /^2030/ })
  t.strictSame(codeOf(reserve(nine, 90)), [], 'the same again')
  t.match(reserve(at('01T09:00')), new Rejection('TIME_SLOT_CONFLICT', { conflicts: [{ reservation: made.reservation, task: first }] }))
  t.strictSame(codeOf(reserve(at('01T09:30'), 30, { task: second })), ['TimeSlotReserved'], 'what touches is no conflict')
  const { of } = agenda.commands.reserve.answers!
  const state = world.look(agendaState, year)
  const said = { task: first, start: nine }
  t.strictSame(of(state, { commandId: uuid(5) } as never, said), { reservation: made.reservation })
  const byName = of(state, { commandId: `ffff${made.reservation.slice(4)}` } as never, { ...said, task: second })
  t.strictSame(byName, { reservation: made.reservation })
  t.strictSame(of(agendaState.initial, { commandId: uuid(5) } as never, said), { reservation: null })
  t.match(rowsAfter(reservations, world.log), [{ orchestrator: ada, task: first, start: nine }, { task: second }])
})

t.test('R-40 what does not fit is not planned', async (t) => {
  const { world, reserve } = office()
  const wrong: readonly (readonly [unknown, string])[] = [
    [reserve(at('01T07:59')), 'OUTSIDE_WORK_HOURS'], [reserve(at('01T15:30'), 31), 'OUTSIDE_WORK_HOURS'],
    [reserve('2029-12-31T23:59:59.000Z'), 'VALIDATION_ERROR'], [reserve('2031-01-02T00:00:00.001Z'), 'VALIDATION_ERROR'],
    [reserve('2030-12-31T23:30:00.000Z', 30, { force: true }), 'VALIDATION_ERROR'],
    [reserve(nine, 60, { task: theirs }), 'INVALID_OWNERSHIP'],
    [reserve(nine, 60, { task: uuid(99) }), 'TASK_UNKNOWN'], [reserve(nine, 60, { orchestrator: uuid(98) }), 'NOT_FOUND'],
    [reserve(nine, 60, {}, { by: tool }), 'FORBIDDEN'], [reserve(nine, 60, {}, { by: actor(bob) }), 'FORBIDDEN'],
    [reserve(at('01T07:00'), 60, { force: true }, { by: actor(ada) }), 'FORBIDDEN'],
  ]
  for (const [found, code] of wrong) t.equal(codeOf(found), code)
  t.match(reserve(at('01T15:30'), 31), { detail: { orchestrator: ada, cause: 'weekly', nextAvailableAt: at('01T15:30') } })
  t.strictSame(codeOf(reserve(at('01T07:00'), 60, { force: true })), ['TimeSlotReserved'], 'an admin may, outside hours')
  for (const [by, actsFor] of [[actor(ada), ada], [daemon, ada]] as const)
    t.strictSame(codeOf(reserve(at(by === daemon ? '01T10:00' : '01T09:00'), 60, {}, { by, actsFor })), ['TimeSlotReserved'])
  world.do({ category: 'task', id: second, command: 'cancel', data: {} })
  t.equal(codeOf(reserve(at('01T13:00'), 60, { task: second })), 'INVALID_STATE_TRANSITION')
  const wish = { orchestrator: ada, task: first, start: nine, duration_min: 60 }
  const takes = (more: object) => agenda.commands.reserve.data.safeParse({ ...wish, ...more }).success
  t.strictSame([{}, { duration_min: 480 }, { duration_min: 481 }, { duration_min: 0 }, { note: 'x'.repeat(501) }].map(takes),
    [true, true, false, false, false])
  const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  world.append(orchestrator, ada, [left], world.contextOf({ id: ada }))
  t.match(reserve(at('01T13:00')), { code: 'INVALID_STATE_TRANSITION', detail: { status: 'ARCHIVED' } })
})

t.test('R-40 it is given back when asked, and yields to who needs the time when its task has ended or is with another', async (t) => {
  const { world, reserve, say } = office()
  const reservation = (reserve(nine) as any[])[0].reservation as string
  t.equal(codeOf(say('release', { reservation }, { by: actor(bob) })), 'FORBIDDEN')
  t.match(say('release', { reservation }), [{ type: 'TimeSlotReleased', reservation, task: first, reason: 'asked' }])
  t.strictSame(say('release', { reservation }), [])
  t.equal(codeOf(say('release', { reservation }, { id: `${ada}.2031` })), 'NOT_FOUND')
  t.equal(agenda.commands.release.place!({ orchestrator: ada as never, reservation }, { at: nine, organization: 'acme' }), year)
  t.equal(agenda.commands.reserve.place!({ orchestrator: ada, start: nine } as never, { at: nine, organization: 'acme' }), year)
  reserve(nine, 30)
  reserve(at('01T08:30'), 30, { task: second })
  world.do({ category: 'task', id: first, command: 'cancel', data: {} })
  world.do({ category: 'task', id: second, command: 'delegate', data: { to: bob } })
  const third = uuid(34)
  world.do({ category: 'task', id: third, command: 'create', data: { owner: ada, title: 'x' } })
  t.match(reserve(nine, 60, { task: third }), [
    { type: 'TimeSlotReleased', task: first, reason: 'lapsed' }, { type: 'TimeSlotReleased', task: second, reason: 'lapsed' },
    { type: 'TimeSlotReserved', task: third },
  ])
  t.equal(rowsAfter(reservations, world.log).length, 1)
  world.pass(24 * hour_ms)
  reserve(at('02T08:00'), 60, { task: third })
  t.equal(world.look(agendaState, year).live.size, 1, 'what is over is forgotten')
})

t.test('R-40 of a year there are 2,000 at a time', async (t) => {
  const { world, reserve } = office()
  const live = new Map(Array.from({ length: 2_000 }, (_, n) => {
    const start = later('2030-06-01T00:00:00.000Z', n * minute_ms)
    return [uuid(n), { reservation: uuid(n), task: first, start, end: later(start, minute_ms), note: null } as Reserved]
  }))
  const { decide, data } = agenda.commands.reserve
  const wish = data.parse({ orchestrator: ada, task: first, start: nine, duration_min: 60 })
  const decision = decide({ isBegun: true, live }, wish, world.contextOf({ id: year }))
  t.match(decision, new Rejection('LIMIT_REACHED', { max: 2_000 }))
  t.ok(reserve(nine))
})

t.test('R-83 whatever is planned and given back, times of one orchestrator never overlap', async (t) => {
  const step = fc.record({
    task: fc.constantFrom(first, second), quarter: fc.nat(36), minutes: fc.constantFrom(15, 30, 60, 120),
    act: fc.constantFrom('reserve', 'reserve', 'reserve', 'release', 'cancel', 'reopen'), hours: fc.constantFrom(0, 0, 0, 3),
  })
  let made = 0
  fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), (steps) => {
    const { world, reserve, say } = office()
    for (const { task: id, quarter, minutes, act, hours } of steps) {
      world.pass(hours * hour_ms)
      const live = [...world.look(agendaState, year).live.values()]
      if (act === 'reserve') reserve(later(nine, quarter * 15 * minute_ms), minutes, { task: id })
      else if (act === 'release' && live.length > 0) say('release', { reservation: live[quarter % live.length]!.reservation })
      else world.do({ category: 'task', id, command: act, data: {} })
      const after = [...world.look(agendaState, year).live.values()].toSorted((a, b) => (a.start < b.start ? -1 : 1))
      for (const [index, one] of after.entries()) if (index > 0 && after[index - 1]!.end > one.start) throw new Error('two at one time')
      made = Math.max(made, after.length)
    }
  }), { seed: 2030, numRuns: 150 })
  t.ok(made > 3, `${made} at once`)
})

t.test('R-62 what is free is what is open and not planned, in stretches that are long enough', async (t) => {
  const { world, reserve } = office()
  reserve(nine, 60)
  reserve(at('01T10:00'), 120, { task: second })
  const ask = (from: string, to: string, query: object = {}, who = ada) =>
    world.ask(availability, { params: { orchestrator: who }, query: { from, to, ...query } }) as any
  const day = ask(at('01T00:00'), at('02T00:00'))
  t.strictSame(day.free, [{ from: at('01T09:00'), to: at('01T10:00') }, { from: at('01T12:00'), to: at('01T16:00') }])
  t.strictSame(day.available, false, 'not all day')
  t.match(day.conflicts, [{ task: first, title: 'Task 1', start: nine }, { task: second, title: 'Task 2', end: at('01T12:00') }])
  t.strictSame(ask(at('01T00:00'), at('02T00:00'), { minutes: 90 }).free, [{ from: at('01T12:00'), to: at('01T16:00') }])
  t.match(ask(at('01T00:00'), at('02T00:00'), { minutes: 300 }), { available: false, free: [] })
  t.match(ask(at('01T09:00'), at('01T10:00')), { available: true, conflicts: [] }, 'between the two')
  t.match(ask(at('01T09:30'), at('01T10:30')), { available: false })
  world.do({ category: 'task', id: first, command: 'cancel', data: {} })
  t.match(ask(nine, at('01T09:00')), { available: true, conflicts: [] }, 'of what has ended nothing is planned')
  t.match(ask(at('01T00:00'), at('02T00:00'), {}, bob), { available: true })
  t.equal(ask(at('01T00:00'), at('02T00:00'), {}, uuid(77)), undefined)
  const { query } = availability
  t.notOk(query.safeParse({ from: nine, to: nine }).success)
  t.notOk(query.safeParse({ from: nine, to: '2030-02-02T00:00:00.000Z' }).success)
})
