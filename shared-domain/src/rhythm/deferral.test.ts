import t from 'tap'
import { Rejection } from '../kernel/decider.ts'
import { rowsAfter } from '../kernel/picture.ts'
import { send } from '../kernel/process.ts'
import { on, orchestrator as actor, tool, uuid } from '../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../kernel/time.ts'
import { why } from '../work/questions/why.ts'
import { backlog } from '../work/task/backlog.ts'
import { task } from '../work/task/decider.ts'
import { Task } from '../work/task/events.ts'
import { queueNext } from '../work/task/queue.ts'
import { blocked, cancelled, created, delegated, other, owner, scene, started, stranger } from '../work/task/scene.ts'
import { nextTask } from '../work/task/selection.ts'
import { taskState } from '../work/task/state.ts'
import { batchRun } from './batch-run/decider.ts'
import { ada, bob, hand, night, opens, plain, urgent } from './scene.ts'

const waits = { type: 'TaskDeferred', data: { owner: ada, until: opens, orchestrator: ada, cause: 'hours', reason: 'weekly' } }
const last = (facts: unknown) => (facts as readonly unknown[]).slice(-1)
const typesOf = (facts: unknown) => (facts instanceof Rejection ? facts.code : (facts as { type: string }[]).map(({ type }) => type))

const gifts: readonly (readonly [command: 'assign' | 'delegate' | 'handoff', owner: string, data: object])[] = [
  ['assign', bob, { assignee: `orchestrator:${ada}` }], ['assign', ada, { assignee: `agent:${hand}` }], ['delegate', bob, { to: ada }],
  ['handoff', bob, { to: ada }],
]

t.test('R-20 what is given outside hours waits until they begin, where whoever gives it or the schedule says so', async (t) => {
  for (const [command, owner, data] of gifts) for (const isSaid of [true, false]) {
    const { world, does } = night(isSaid ? {} : { onUnavailable: 'defer' })
    const id = owner === ada ? plain : uuid(9)
    if (owner === bob) world.carryOut(send(task, id, 'create', { owner, title: 'Other' }))
    const facts = does(command, { ...data, ...(isSaid ? { onUnavailable: 'defer' } : {}) }, { id, by: actor(owner) })
    const outsideHours = { orchestrator: ada, how: 'deferred', nextAvailableAt: opens }
    t.match(facts, [{ data: { outsideHours } }, { ...waits, data: { ...waits.data, owner: command === 'assign' ? owner : ada } }], command)
    t.match(task.commands[command].answers!.of(world.look(taskState, id), world.contextOf({ id })), { deferredUntil: opens })
  }
  const { does } = night({ onUnavailable: 'defer' })
  t.match(does('assign', { assignee: `agent:${hand}` }), [{ data: { startBy: later(opens, 900_000) } }, waits], 'an agent begins with them')
  t.strictSame(typesOf(does('assign', { assignee: `agent:${hand}` })), [])
})

t.test('R-20 a start outside hours waits alone: no slot is taken, and the answer says until when', async (t) => {
  const { world, does } = night()
  t.match(does('start', { onUnavailable: 'defer' }), [waits])
  t.strictSame(typesOf(does('start', { onUnavailable: 'defer' })), [], 'it waits already')
  t.notOk(world.log.some(({ type }) => type === 'SlotReserved'))
  const { of } = task.commands.start.answers!
  const answer = () => of(world.look(taskState, plain), world.contextOf({ id: plain }))
  t.strictSame(answer(), { token: null, slot: null, agent: null, context: `/tasks/${plain}/context`, deferredUntil: opens })
  t.strictSame(typesOf(does('start', { onUnavailable: 'force' })), ['TaskStarted'], 'who names it does not wait for it')
  t.match(answer(), { token: '2', deferredUntil: null })
  const never = night({ weekly: {} })
  t.match(never.does('start', { onUnavailable: 'defer' }), { code: 'OUTSIDE_WORK_HOURS', detail: { nextAvailableAt: null } })
  const calm = night({ onUnavailable: 'defer', allowCriticalOutsideHours: true })
  t.strictSame(typesOf(calm.does('start', {}, { id: urgent })), ['TaskStarted'])
  t.strictSame(typesOf(calm.does('start', { onUnavailable: 'reject' })), 'OUTSIDE_WORK_HOURS')
  const inRun = calm.does('startInRun', { run: { run: uuid(7), no: 1 } })
  t.strictSame(typesOf(inRun), 'OUTSIDE_WORK_HOURS', 'an item of a batch waits for none')
})

t.test('R-20 what is made for somebody who is away waits for them, or is said to have been given nevertheless', async (t) => {
  for (const [assignee, terms, how] of [
    [`agent:${hand}`, {}, 'deferred'], [`orchestrator:${ada}`, {}, 'deferred'], [`orchestrator:${ada}`, { weekly: {} }, 'forced'],
  ] as const) {
    const { does } = night(terms)
    const origin = { kind: 'session', id: uuid(31), item: '1' }
    const facts = does('createFor', { owner: bob, title: 'Made', origin, assignee }, { id: uuid(30) })
    const wait = how === 'deferred' ? [{ type: 'TaskDeferred' }] : []
    t.match(facts, [{}, { type: 'TaskAssigned', data: { outsideHours: { orchestrator: ada, how } } }, ...wait], assignee)
  }
  const person = { owner: bob, title: 'x', origin: { kind: 'session', id: uuid(31), item: '1' }, assignee: 'eve' }
  t.match(night().does('createFor', person, { id: uuid(30) }), [{}, { data: { assignee: 'eve', outsideHours: null } }])
})

const offered = ({ world }: ReturnType<typeof night>) => {
  const taken = world.copy().choose(nextTask, { id: ada })
  const queued = world.copy().choose(queueNext, {})
  const asked = batchRun.commands.begin.grounds!(
    { stage: 'unknown' }, { command: 'cancel', select: { filter: {}, limit: 9 } } as never, world.contextOf({ id: uuid(8) }))
  return {
    taken: taken instanceof Rejection ? taken.code : taken[0]!.id, queued: queued instanceof Rejection ? queued.code : queued[0]!.id,
    filtered: world.find(asked).rows.tasks!.map((row) => row.task),
  }
}

t.test('R-21 what waits is offered to nobody until then, and whoever names it may take it', async (t) => {
  const house = night({ weekly: undefined, always24x7: true })
  const { world, courier, does } = house
  does('cancel', {}, { id: urgent })
  t.strictSame(offered(house), { taken: plain, queued: plain, filtered: [urgent, plain] })
  const until = later(world.at, hour_ms)
  does('defer', { until, reason: 'The harbour is shut.' })
  t.match(offered(house), { taken: 'NOTHING_TO_CLAIM', queued: 'QUEUE_EMPTY', filtered: [urgent] })
  const undefers = batchRun.commands.begin.grounds!(
    { stage: 'unknown' }, { command: 'undefer', select: { filter: {}, limit: 9 } } as never, world.contextOf({ id: uuid(8) }))
  t.equal(world.find(undefers).rows.tasks!.length, 2, 'to wait no longer it is found')
  for (const [command, data] of [['startSelected', { worker: ada, selection: { policy: 'x', candidates: [], rejected: [] } }],
    ['place', { reason: 'x' }]] as const) t.match(does(command, data), { code: 'DEFERRED', detail: { until } }, 'rows may be old')
  const row = () => rowsAfter(backlog, world.log).find((one) => one.task === plain)
  t.match(row(), { deferred_until: until, deferred_cause: 'asked', status: 'TODO' })
  t.match((world.ask(why, { params: { task: plain } }) as any).now, [{ code: 'DEFERRED', detail: { until, cause: 'asked' } }])
  world.pass(hour_ms)
  courier.settle()
  t.match(world.log.at(-1), { type: 'TaskDeferralEnded', data: { owner: ada, cause: 'due' } })
  t.match(row(), { deferred_until: null, deferred_cause: null })
  t.strictSame(offered(house).taken, plain)
  does('defer', { until: later(world.at, hour_ms), reason: 'x' })
  t.strictSame(typesOf(does('start')), ['TaskStarted'])
  t.match(row(), { deferred_until: null })
})

t.test('R-21 what waits for hours wakes with them, and waits anew where they are others by then', async (t) => {
  const { world, courier, does } = night({ onUnavailable: 'defer' })
  does('start')
  world.do({ category: 'schedule', id: ada, command: 'addOverride', data: {
    from: opens, to: later(opens, 2 * hour_ms), kind: 'UNAVAILABLE', reason: 'Storm.',
  } })
  courier.settle()
  world.pass(8 * hour_ms - minute_ms)
  courier.settle()
  t.strictSame(world.log.filter(({ type }) => type.startsWith('TaskDef')).length, 1, 'a changed schedule does not move it')
  world.pass(minute_ms)
  courier.settle()
  const told = () => world.log.filter(({ type }) => type.startsWith('TaskDef'))
  t.match(told().at(-1), { data: { until: later(opens, 2 * hour_ms), reason: 'override' } })
  world.pass(2 * hour_ms)
  courier.settle()
  t.match(told().at(-1), { data: { cause: 'due' } })
  t.strictSame(courier.waiting.filter(({ key }) => key?.startsWith('deferral-')), [])
})

t.test('R-21 it waits anew twenty times and no more', async (t) => {
  const { world, courier, does } = night({ weekly: undefined, always24x7: true, onUnavailable: 'defer' })
  const first = world.at
  const away = (day: number) => {
    const [from, to] = [day, day + 1].map((n) => later(first, n * day_ms))
    world.do({ category: 'schedule', id: ada, command: 'addOverride', data: { from, to, kind: 'UNAVAILABLE', reason: 'Away.' } })
  }
  away(0)
  does('start')
  for (let day = 1; day < 24; day++) {
    away(day)
    world.pass(day_ms)
    courier.settle()
  }
  const told = world.log.filter(({ type }) => type.startsWith('TaskDef')).map(({ type }) => type)
  t.strictSame([told.filter((type) => type === 'TaskDeferred').length, told.at(-1)], [21, 'TaskDeferralEnded'])
})

t.test('R-21 a move ends the waiting, or it waits for the hours of whoever has it then', async (t) => {
  const { world, courier, does } = night({ onUnavailable: 'defer' })
  does('start')
  t.match(does('delegate', { to: bob }), [
    {}, { type: 'TaskDeferralEnded', data: { owner: bob, cause: 'moved' } },
  ])
  t.match(last(does('delegate', { to: ada })), [waits], 'and back')
  t.match(last(does('assign', { assignee: `orchestrator:${bob}` })), [{ type: 'TaskDeferralEnded', data: { cause: 'moved' } }])
  does('defer', { until: later(world.at, day_ms), reason: 'x' })
  t.strictSame(typesOf(does('assign', { assignee: `orchestrator:${bob}`, reason: 'now' })), ['TaskAssigned'], 'what is wanted stays')
  t.strictSame(typesOf(does('unassign')), ['TaskUnassigned'])
  courier.settle()
  const returned = scene(t)(created(), delegated(other, owner, { depth: 1 }),
    Task.TaskDeferred({ owner: other, until: later(opens, day_ms), orchestrator: null, cause: 'asked', reason: 'x' }))
  returned.when('recall', { reason: 'x' }).yields(
    Task.DelegationEnded({
      owner: other as never, delegation: '1', from: owner as never, to: other as never, outcome: 'RECALLED', reason: 'x', youngest: null,
    }),
    Task.TaskReturned({ owner: other as never, from: 'TODO', to: owner as never, delegation: '1', cause: 'recalled', lease: null,
      agentSlot: null, retryAt: null }),
    Task.TaskDeferralEnded({ owner: owner as never, cause: 'moved' }))
})

t.test('R-21 who may let a task wait, in which status, and for how long', async () => {
  const until = '2030-01-02T00:00:00.000Z'
  const reason = 'Tomorrow.'
  const deferred = Task.TaskDeferred({ owner: owner as never, until, orchestrator: null, cause: 'asked', reason })
  const given = scene(t)
  for (const history of [[created()], [created(), blocked('manual')]]) {
    given(...history).when('defer', { until, reason }).yields(deferred)
    given(...history).by(tool).when('defer', { until, reason }).yields(deferred)
    given(...history).by(actor(stranger)).when('defer', { until, reason }).refuses('INVALID_OWNERSHIP')
    given(...history, deferred).by(actor(stranger)).when('undefer', {}).refuses('INVALID_OWNERSHIP')
    given(...history, deferred).when('undefer', {}).yields(Task.TaskDeferralEnded({ owner: owner as never, cause: 'asked' }))
    given(...history).when('undefer', {}).changesNothing()
  }
  given(created(), deferred).when('defer', { until, reason: 'Later.' }).yields(Task.TaskDeferred({ ...deferred.data, reason: 'Later.' }))
  given(created(), started()).when('defer', { until, reason }).refuses('INVALID_STATE_TRANSITION')
  given(created(), deferred, cancelled()).when('undefer', {}).refuses('INVALID_STATE_TRANSITION')
  const past = { errors: [{ pointer: '/until', message: 'is past' }] }
  given(created()).at(until).when('defer', { until, reason }).refuses('VALIDATION_ERROR', past)
  given(created()).when('defer', { until: '2031-01-02T00:00:00.001Z', reason }).refuses('VALIDATION_ERROR')
  given(created(), deferred).when('endDeferral', { until }).changesNothing()
  given(created(), on(deferred, {})).at(until).when('endDeferral', { until: opens }).changesNothing()
})
