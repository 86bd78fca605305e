import fc from 'fast-check'
import t from 'tap'
import { rank } from '../../kernel/choosing.ts'
import { now, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { priorities } from '../../vocabulary.ts'
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
  const claim = () => wish('startSelected', { selection: { policy: nextTask.policy, candidates: [{ id: uuid(1), score: 10 }] } })
  t.match(claim(), [{ type: 'TaskStarted', data: { owner, selection: { policy: 'deadline-priority/1', candidates: [{ score: 10 }] } } }])
  t.equal(codeOf(claim()), 'INVALID_STATE_TRANSITION')
  t.equal(nextTask.idOf(candidate()), uuid(1))
})
