import fc from 'fast-check'
import t from 'tap'
import { capacityState } from '../../fleet/capacity/state.ts'
import { wishOf } from '../../kernel/choice.ts'
import { rank } from '../../kernel/choosing.ts'
import { candidates as offers, rowsAfter } from '../../kernel/picture.ts'
import { admin, now, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { priorities } from '../../vocabulary.ts'
import { house, owned } from '../policies/scene.ts'
import { codeOf, created, inWorld, owner, seed } from './scene.ts'
import { nextTask } from './selection.ts'

const weights = { CRITICAL: 1000, HIGH: 100, MEDIUM: 10, LOW: 1 } as const
type Candidate = { task: any; priority: (typeof priorities)[number]; due_at: string | null; created_at: string }
const candidate = (over: Partial<Candidate> = {}): Candidate => ({ task: uuid(1), priority: 'LOW', due_at: null, created_at: now, ...over })

const scoreAt = (at: string, over: Partial<Candidate>, timezone: string) => nextTask.score(candidate(over), { timezone }, at)

t.test('S-21 the score is the weight of the priority times how much the due time presses, the first that fits', async (t) => {
  const noon = '2030-01-01T12:00:00.000Z'
  const boosts: readonly [due: string | null, zone: string, boost: number][] = [
    [null, 'UTC', 1],
    ['2030-01-01T11:59:59.999Z', 'UTC', 10],
    [noon, 'UTC', 5],
    ['2030-01-01T23:59:59.999Z', 'UTC', 5],
    ['2030-01-02T00:00:00.000Z', 'UTC', 2],
    // It is 21:00 in Tokyo, where the day ends three hours later, and 07:00 in New York.
    ['2030-01-01T14:59:59.999Z', 'Asia/Tokyo', 5],
    ['2030-01-01T15:00:00.000Z', 'Asia/Tokyo', 2],
    ['2030-01-02T04:59:59.999Z', 'America/New_York', 5],
    ['2030-01-02T05:00:00.000Z', 'America/New_York', 2],
    ['2030-01-04T12:00:00.000Z', 'UTC', 2],
    ['2030-01-04T12:00:00.001Z', 'UTC', 1],
  ]
  for (const priority of priorities) for (const [due_at, timezone, boost] of boosts)
    t.equal(scoreAt(noon, { priority, due_at }, timezone), weights[priority] * boost, `${priority} due ${due_at} in ${timezone}`)
})

t.test('S-21 equal scores: higher priority, earlier due time (none last), earlier creation, id', async (t) => {
  const due = (hours: number) => later(now, hours * hour_ms)
  const ordered = [
    candidate({ task: uuid(9), priority: 'CRITICAL', due_at: due(200) }),
    candidate({ task: uuid(8), priority: 'HIGH', due_at: due(-1) }),
    candidate({ task: uuid(7), priority: 'HIGH', due_at: due(100) }),
    candidate({ task: uuid(6), priority: 'HIGH', due_at: due(101), created_at: due(-2) }),
    candidate({ task: uuid(4), priority: 'HIGH', due_at: due(101), created_at: due(-1) }),
    candidate({ task: uuid(5), priority: 'HIGH', due_at: due(101), created_at: due(-1) }),
    candidate({ task: uuid(1), priority: 'HIGH', due_at: '9999-12-31T23:59:59.999Z' }),
    candidate({ task: uuid(3), priority: 'HIGH' }),
    candidate({ task: uuid(2), priority: 'MEDIUM', due_at: due(-1) }),
  ]
  const ranked = rank(nextTask, ordered.toReversed(), { timezone: 'UTC' }, now)
  t.strictSame(ranked.map(({ row, score }) => [row.task, score]), [
    [uuid(9), 1000], [uuid(8), 1000], [uuid(7), 100], [uuid(6), 100], [uuid(4), 100], [uuid(5), 100], [uuid(1), 100], [uuid(3), 100],
    [uuid(2), 100],
  ])
})

const candidates = fc.uniqueArray(fc.record({
  task: fc.integer({ min: 1, max: 60 }).map(uuid),
  priority: fc.constantFrom(...priorities),
  due_at: fc.option(fc.integer({ min: -30, max: 120 }).map((hours) => later(now, hours * hour_ms))),
  created_at: fc.integer({ min: -3, max: 0 }).map((hours) => later(now, hours * hour_ms)),
}), { selector: ({ task }) => task, maxLength: 40, size: 'max' })
const moments = fc.integer({ min: 0, max: 24 * 60 }).map((minutes) => later(now, minutes * 60 * second_ms))
const choosers = fc.constantFrom('UTC', 'Asia/Tokyo', 'America/New_York', 'Pacific/Kiritimati').map((timezone) => ({ timezone }))

t.test('S-21 the ranking is the same in whatever order the candidates come', async () => {
  fc.assert(fc.property(candidates, choosers, moments, (rows, chooser, at) => {
    const names = (order: readonly Candidate[]) => rank(nextTask, order, chooser, at).map(({ row }) => row.task).join()
    if (names(rows) !== names(rows.toReversed())) throw new Error('the ranking depends on the order')
  }), { seed, numRuns: 300 })
})

/** What the host asks the read model for: of each priority the first few, by due time with none last, creation and id. */
function fetched(rows: readonly Candidate[]): readonly Candidate[] {
  const text = ({ due_at, created_at, task }: Candidate) => [due_at ?? 'never', created_at, task].join()
  const byOrder = rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
  return priorities.flatMap((priority) => byOrder.filter((row) => row.priority === priority).slice(0, nextTask.top))
}

t.test('S-21 the best and its five runners-up are always among the few that are fetched of each priority', async (t) => {
  t.strictSame([nextTask.order, nextTask.top], [['due_at', 'created_at', 'task'], 6])
  fc.assert(fc.property(candidates, choosers, moments, (rows, chooser, at) => {
    const best = (from: readonly Candidate[]) => rank(nextTask, from, chooser, at).slice(0, nextTask.top).map(({ row }) => row.task).join()
    if (best(fetched(rows)) !== best(rows)) throw new Error('a better one was left out')
  }), { seed, numRuns: 500 })
})

t.test('S-21 two racing claims never get one task', async (t) => {
  const { wish } = inWorld(created())
  const selection = { policy: nextTask.policy, candidates: [{ id: uuid(1), score: 10 }], rejected: [] }
  const claim = () => wish('startSelected', { worker: owner, selection })
  t.match(claim(), [{ type: 'TaskStarted', data: { owner, selection: { policy: 'deadline-priority/2', candidates: [{ score: 10 }] } } }])
  t.equal(codeOf(claim()), 'INVALID_STATE_TRANSITION')
  t.equal(nextTask.idOf(candidate()), uuid(1))
})

t.test('W-30 a LOW task waits behind an overdue CRITICAL one until 168 hours have passed, and comes before it from then on', async (t) => {
  const { world, wish, create } = house()
  create(uuid(1), { priority: 'LOW' })
  world.pass(168 * hour_ms - 1)
  create(uuid(2), { priority: 'CRITICAL', dueAt: world.at })
  const next = () => {
    const asking = { id: owner, wish: {}, at: world.at, settings: world.settings, caller: { by: admin, actsFor: null } }
    return [...offers(nextTask, asking, 6, (model) => rowsAfter(model, world.log))].map(({ row, score }) => [row.task, score])
  }
  t.strictSame(next(), [[uuid(2), 5_000], [uuid(1), 1]])
  world.pass(1)
  t.strictSame(next(), [[uuid(1), 1], [uuid(2), 10_000]], 'with the scores that they have')
  wish('organization', 'acme', 'configure', { nextPolicy: 'deadline-priority/1' })
  t.strictSame(next(), [[uuid(2), 10_000], [uuid(1), 1]])
  wish('organization', 'acme', 'configure', { nextPolicy: 'deadline-priority/2', maxWait_h: 169 })
  t.strictSame(next(), [[uuid(2), 10_000], [uuid(1), 1]])
})

t.test('W-30 W-16 F-73 claim skips what agents and persons have; who is assigned takes it, and leads with its own slot', async (t) => {
  const { world, create, task, taskOf } = house()
  for (const n of [1, 2, 3, 4]) create(uuid(n))
  const assignees = [`agent:${uuid(705)}`, 'Grace', `orchestrator:${owned}`]
  assignees.forEach((assignee, n) => task(uuid(n + 1), 'assign', { assignee }))
  const claim = (id: string) => world.choose(nextTask, { id })
  t.match(claim(owner), [{ id: uuid(4), data: { holder: owner, agent: null } }])
  t.match(claim(owner), { code: 'NOTHING_TO_CLAIM' })
  t.match(claim(owned), [{ id: uuid(3), data: { owner, holder: owned, selection: { policy: 'deadline-priority/2', rejected: [] } } }])
  t.match(taskOf(uuid(3)), { owner, lease: { holder: owned } })
  t.strictSame([owner, owned].map((id) => world.look(capacityState, id).slots.size), [1, 1])
  const wish = { worker: owned, selection: { policy: 'x', candidates: [], rejected: [] } }
  t.match(task(uuid(4), 'startSelected', wish), { code: 'INVALID_OWNERSHIP' })
})

t.test('R-30 a claim goes on to the next where a slot is withheld, and says so', async (t) => {
  const { world, wish, create } = house()
  create(uuid(1), { priority: 'HIGH', requiredCapabilities: ['GPU'] })
  create(uuid(2), { priority: 'MEDIUM', requiredCapabilities: ['gpu'] })
  create(uuid(3), { priority: 'LOW', estimatedHours: 9 })
  create(uuid(4), { priority: 'LOW' })
  wish('capacity', owner, 'adjust', { capabilityLimits: [{ capability: 'gpu', max: 1 }], energyBudget: 9 })
  const claim = () => world.choose(nextTask, { id: owner })
  t.match(claim(), [{ id: uuid(1) }])
  const rejected = [uuid(2), uuid(3)].map((id) => ({ id, code: 'SLOT_WITHHELD' }))
  t.match(claim(), [{ id: uuid(4), data: { selection: { rejected } } }])
  t.match(claim(), { code: 'SLOT_WITHHELD', detail: { kind: 'capability' } }, 'when none will do, the first reason')
  wish('capacity', owner, 'adjust', { maxConcurrentTasks: 2 })
  t.match(claim(), { code: 'CAPACITY_EXCEEDED', detail: { kind: 'tasks' } })
})

t.test('W-30 each criterion leaves out what it says', async (t) => {
  const { world, create } = house()
  create(uuid(1), { priority: 'HIGH', tags: ['a', 'b'], dueAt: later(now, 2 * hour_ms) })
  create(uuid(2), { priority: 'MEDIUM', tags: ['a'], requiredCapabilities: ['x'], dueAt: later(now, -hour_ms) })
  create(uuid(3), { priority: 'LOW', requiredCapabilities: ['x', 'y'] })
  const offered = (wish: object) => {
    const said = wishOf(nextTask).parse(wish)
    const asking = { id: owner, wish: said, at: world.at, settings: world.settings, caller: { by: admin, actsFor: null } }
    return [...offers(nextTask, asking, 6, (model) => rowsAfter(model, world.log))].map(({ row }) => Number(row.task.slice(-1)))
  }
  t.strictSame(offered({}), [1, 2, 3])
  t.strictSame(offered({ excludeTaskIds: [uuid(1)] }), [2, 3])
  t.strictSame(offered({ maxPriority: 'MEDIUM' }), [2, 3])
  t.strictSame(offered({ minPriority: 'MEDIUM' }), [1, 2])
  t.strictSame(offered({ requireTags: ['a', 'b'] }), [1])
  t.strictSame(offered({ capabilities: ['x'] }), [1, 2])
  t.strictSame(offered({ deadlineWithinHours: 1 }), [2])
  t.strictSame(offered({ workspace: 'w' }), [])
  const many = (count: number) => Array(count).fill('a')
  const bounds = { excludeTaskIds: Array(101).fill(uuid(1)), requireTags: many(11), capabilities: many(51), deadlineWithinHours: 721 }
  for (const [name, value] of Object.entries(bounds)) t.notOk(wishOf(nextTask).safeParse({ [name]: value }).success, name)
})
