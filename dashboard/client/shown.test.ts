import t from 'tap'
import { rowsIn, scrolledTo, windowOf, withPage } from './parts/window.ts'
import { concernsOf, verdict, type Troubles } from './attention.ts'
import { lastDays, overDays, sums, type Day } from './days.ts'
import { filtered, type Filter } from './filtered.ts'
import { bulkOutcome, moveTo, taskDeeds, type TaskRow } from './tasks.ts'
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

t.test('L-66 of a long list only what is in sight is rendered, and what is walked to is brought into sight', (t) => {
  t.strictSame(windowOf(0, 340, 34, 10_000), { from: 0, to: 22 })
  t.strictSame(windowOf(34 * 5_000, 340, 34, 10_000), { from: 4_988, to: 5_022 })
  t.strictSame(windowOf(34 * 9_999, 340, 34, 10_000), { from: 9_987, to: 10_000 })
  t.strictSame(windowOf(500, 340, 34, 0), { from: 0, to: 0 })
  t.strictSame([scrolledTo(3, 0, 340, 34), scrolledTo(10, 0, 340, 34), scrolledTo(2, 340, 340, 34)], [0, 34, 68])
  t.end()
})

t.test('L-66 pages stay as long as they begin where the one before ends, and a row that moved stands once', (t) => {
  const page = (items: readonly string[], next: string | null) => ({ items, next, position: '1' })
  const [one, two, other] = [page(['a', 'b'], 'x'), page(['c', 'd'], null), page(['a', 'a2'], 'y')]
  const pages = withPage(withPage([], 0, one), 1, two)
  t.strictSame(withPage(pages, 1, two), pages)
  t.equal(withPage(pages, 0, page(['A', 'b'], 'x')).length, 2)
  t.strictSame(withPage(pages, 0, other), [other], 'behind another end another page begins')
  t.strictSame(rowsIn([one, page(['b', 'c'], null)], (row) => row), ['a', 'b', 'c'])
  t.end()
})

t.test('L-66 filters are the words of the API, as they stand in the address', (t) => {
  const filters: readonly Filter[] = [
    { name: 'search', label: '', kind: 'search', least: 3 }, { name: 'status', label: '', kind: 'several' }, { name: 'due_atFrom', label: '', kind: 'day' },
  ]
  t.strictSame(filtered(new URLSearchParams('search=ab&status=TODO&status=DONE&owner=x'), filters), { status: ['TODO', 'DONE'] }, 'fewer letters than can be searched are no search')
  t.match(filtered(new URLSearchParams('search=abc&due_atFrom=2030-01-02'), filters), { search: ['abc'], due_atFrom: /^2030-01-0[12]T/ })
  t.strictSame(filtered(new URLSearchParams('due_atFrom=nonsense'), filters), {})
  t.end()
})

const row = (over: Partial<TaskRow> = {}) => ({
  task: 'a', owner: 'o', title: 'A', status: 'TODO', block_kind: null, assignee: null, escalation_level: null, description: null, priority: 'LOW', tags: [], ...over,
}) as TaskRow

t.test('L-60 a task offers what makes sense as it stands, with the revision that is shown', (t) => {
  const offered = (over: Partial<TaskRow>) => Object.keys(taskDeeds(row(over)))
  t.strictSame(offered({}), ['edit', 'assign', 'delegate', 'escalate', 'block', 'cancel'])
  t.strictSame(offered({ status: 'BLOCKED', block_kind: 'failure', assignee: 'x' }), ['edit', 'assign', 'delegate', 'unassign', 'retry', 'escalate', 'cancel'])
  t.strictSame(offered({ status: 'BLOCKED', block_kind: 'escalation', escalation_level: 1 }), ['edit', 'assign', 'delegate', 'acknowledge', 'resolve', 'cancel'])
  t.strictSame(offered({ status: 'IN_PROGRESS' }), ['edit', 'escalate', 'release', 'cancel'])
  t.strictSame([offered({ status: 'DONE' }), offered({ status: 'CANCELLED' })], [['edit'], ['edit', 'reopen']])
  const shown = { stream: 'task-a', revision: 4 }
  t.ok(Object.values(taskDeeds(row(), shown)).every((deed) => deed.shown === shown))
  t.ok(taskDeeds(row())['cancel']?.warning, 'what cannot be undone asks again')
  t.end()
})

t.test('L-60 a card of the board can be moved where a command leads, and nowhere else', (t) => {
  t.equal(moveTo(row(), 'BLOCKED')?.path, '/tasks/a/block')
  t.equal(moveTo(row({ status: 'BLOCKED', block_kind: 'failure' }), 'TODO')?.path, '/tasks/a/retry')
  t.equal(moveTo(row({ status: 'BLOCKED', block_kind: 'manual' }), 'TODO')?.path, '/tasks/a/unblock')
  t.equal(moveTo(row({ status: 'CANCELLED' }), 'TODO')?.path, '/tasks/a/reopen')
  t.strictSame([moveTo(row(), 'DONE'), moveTo(row(), 'IN_PROGRESS'), moveTo(row({ status: 'DONE' }), 'TODO')], [undefined, undefined, undefined])
  t.equal(bulkOutcome({ summary: { total: 6, success: 3, failed: 2, skipped: 1 }, results: [{ code: 'FORBIDDEN' }, { code: 'FORBIDDEN' }, {}] }), '3 done, 1 were so already, 2 refused (FORBIDDEN 2)')
  t.end()
})

t.test('days without a row are days on which nothing happened, and a share of nothing is unknown', (t) => {
  const days = lastDays(3, Date.parse('2030-03-01T12:00:00.000Z'))
  t.strictSame(days, ['2030-02-27', '2030-02-28', '2030-03-01'])
  const day = { day: '2030-02-28', completed: 3, failed: 1, cancelled: 0, sla_met: 1, sla_violated: 1, delegated_in: 1, handed_in: 1, delegated_out: 0, handed_out: 0, total_duration_ms: 6_000, cost: 0, tokens: 9, rated: 0, rating_sum: 0 } as Day
  t.strictSame(overDays(days, [day], ({ completed }) => completed), [0, 3, 0])
  t.match(sums([day]), { share: 0.75, each_ms: 2_000, in: 2, rating: undefined })
  t.match(sums([]), { share: undefined, each_ms: undefined })
  t.end()
})
