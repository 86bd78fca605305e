import t from 'tap'
import { concernsOf, verdict, type Troubles } from './attention.ts'
import { ago, duration, plural, position, sentence, shortId, spaced } from './words.ts'

t.test('times, positions and words as people read them', (t) => {
  const second = 1_000
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 s'], [400, '< 1 s'], [59 * second, '59 s'], [61 * second, '1 min'], [3_600 * second, '1 h'], [5_000 * second, '1 h 23 min'], [11 * 3_600 * second, '11 h'],
    [90_000 * second, '1 d 1 h'], [-90 * second, '1 min'],
  ]
  for (const [ms, words] of cases) t.equal(duration(ms), words)
  const now = Date.parse('2030-01-01T00:00:00.000Z')
  t.strictSame(['2029-12-31T23:59:00.000Z', '2030-01-01T00:10:00.000Z', '2030-01-01T00:00:00.400Z'].map((at) => ago(at, now)), ['1 min ago', 'in 10 min', 'now'])
  t.strictSame([position('1234567'), position('12'), shortId('01a22a5d-909e-70dc-bb02-2d42c6170c24'), shortId('detection')], ['1 234 567', '12', '2c6170c24'.slice(1), 'detection'])
  t.strictSame([sentence('TaskSlaViolated'), spaced('IN_PROGRESS'), plural(1, 'task'), plural(1_200, 'task')], ['Task SLA violated', 'in progress', '1 task', '1,200 tasks'])
  t.end()
})

const nothing: Troubles = { escalations: [], failed: [], late: [], approvals: [], conflicts: [], broken: [], titleOf: (task) => `title of ${task}` }
const escalation = { task: 'a', revision: 1, owner: 'o', severity: 'HIGH', reason: 'why', to: null, state: 'OPEN', at: '2030-01-01T00:00:00.000Z', level: 0 } as const
const task = { task: 'b', title: 'B', owner: 'o', priority: 'CRITICAL', deadline: '2029-01-01T00:00:00.000Z', since: '2030-01-01T00:00:00.000Z', block_reason: null, block_kind: 'failure', status: 'BLOCKED', updated_at: '' } as const

t.test('L-60 what waits for somebody comes in one order: not looked at, most pressing, longest waiting', (t) => {
  const concerns = concernsOf({
    ...nothing,
    escalations: [{ ...escalation, task: 'seen', severity: 'CRITICAL', state: 'ACKNOWLEDGED' }, escalation, { ...escalation, task: 'earlier', at: '2029-06-01T00:00:00.000Z' }],
    failed: [task, { ...task, task: 'a' }],
    approvals: [{ approval: 'p', orchestrator: 'o', reason: 'r', envelope: { action: 'git.push' }, asked_at: '2028-01-01T00:00:00.000Z', needed: 2, approvers: [1] }],
    broken: [{ agent: 'r', name: 'Rust', orchestrator: null, breaker: 'OPEN', since: '2030-01-01T00:00:00.000Z', breaker_until: null, bad_in_row: 3 }],
  })
  t.strictSame(concerns.map(({ id }) => id), ['failed b', 'approval p', 'escalation earlier', 'escalation a', 'breaker r', 'escalation seen'])
  t.match(concerns[1], { title: 'git.push', detail: 'r; 1 of 2 have approved' })
  t.equal(concerns.find(({ id }) => id === 'escalation a')?.title, 'title of a')
  t.end()
})

t.test('L-60 one sentence says whether anything is wrong', (t) => {
  const of = (troubles: Partial<Troubles>, isStale = false) => verdict(concernsOf({ ...nothing, ...troubles }), isStale)
  t.strictSame(of({}), { tone: 'good', text: 'Nothing waits for you' })
  t.strictSame(of({ escalations: [{ ...escalation, state: 'ACKNOWLEDGED' }] }), { tone: 'good', text: 'Everything that waits is looked at' })
  t.strictSame(of({ escalations: [escalation] }), { tone: 'warn', text: 'One thing waits for somebody' })
  t.strictSame(of({ escalations: [escalation], late: [task] }), { tone: 'bad', text: '2 things wait for somebody, one of them critical' })
  t.equal(of({}, true).text, 'What is shown is not of now', 'whoever looks at old figures is not told that all is well')
  t.end()
})
