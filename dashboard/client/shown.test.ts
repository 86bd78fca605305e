import t from 'tap'
import { rowsIn, scrolledTo, windowOf, withPage } from './parts/window.ts'
import { concernsOf, verdict, type Troubles } from './attention.ts'
import { lastDays, overDays, sums, type Day } from './days.ts'
import { filtered, type Filter } from './filtered.ts'
import { chainsOf, matrixOf, type Move, type PairDay } from './moves.ts'
import { daysOf, ruleText } from './rhythm.ts'
import { barAt, shareOf, sumsOf, wouldPass, type DecisionRow } from './tally.ts'
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

const decision = (over: Partial<DecisionRow> = {}) => ({
  status: 'pending', protocol: 'majority', weighing: 'heads', electorate: 6, weight: '6', quorum: '1/2', threshold: '2/3', over: false, cast: 3, approvals: 2, rejections: 1, abstentions: 0,
  approve_weight: '4', reject_weight: '2', cast_weight: '6', quorum_met: true, ballot: 'open', options: null, ...over,
}) as DecisionRow

t.test('L-60 a question says whether it would pass as it stands, by its own protocol, and nothing while nobody may know', (t) => {
  const says = (over: Partial<DecisionRow>) => wouldPass(decision(over)).text
  const [yes, no] = ['Would pass as it stands', 'Would not pass as it stands']
  t.strictSame([says({}), says({ approvals: 1 }), says({ quorum_met: false })], [yes, no, 'Would not pass: too few have voted'])
  t.strictSame([says({ protocol: 'supermajority' }), says({ protocol: 'supermajority', over: true }), says({ protocol: 'supermajority', approvals: 0, rejections: 0 })], [yes, no, no])
  t.strictSame([says({ protocol: 'unanimous' }), says({ protocol: 'unanimous', approvals: 6 })], [no, yes])
  t.strictSame([says({ protocol: 'weighted', weighing: 'weights' }), says({ protocol: 'weighted', weighing: 'weights', weight: '7' })], [yes, no])
  t.match(says({ ballot: 'sealed' }), 'nobody knows')
  t.match(says({ weighing: 'weights', approve_weight: null }), 'nobody knows')
  t.match(says({ protocol: 'schulze' }), 'which option')
  t.strictSame(sumsOf(decision({ abstentions: 1, cast: 4 })), { approve: 2, reject: 1, abstain: 1, missing: 2, all: 6 })
  t.strictSame(sumsOf(decision({ weighing: 'weights', weight: '10', cast_weight: '7' })), { approve: 4, reject: 2, abstain: 1, missing: 3, all: 10 })
  t.strictSame([barAt(decision()), barAt(decision({ protocol: 'unanimous' })), barAt(decision({ protocol: 'weighted' })), shareOf('1')], [undefined, 1, 2 / 3, 1])
  t.end()
})

const pair = (from: string, to: string, over: Partial<PairDay> = {}) => ({
  from, to, day: '2030-01-01', delegations: 0, handoffs: 0, accepted: 0, started: 0, completed: 0, declined: 0, recalled: 0, timed_out: 0, failed: 0, cancelled: 0, returned: 0, ...over,
})

t.test('L-60 the matrix of pairs adds days up by outcome, who moved most first', (t) => {
  const rows = [pair('a', 'b', { delegations: 2, completed: 1 }), pair('a', 'b', { day: '2030-01-02', handoffs: 1, completed: 1 }), pair('b', 'c', { delegations: 1, declined: 1 })]
  const all = matrixOf(rows, 'all')
  t.strictSame([all.who, all.at('a', 'b'), all.at('b', 'a'), all.most, all.total, all.isCut], [['b', 'a', 'c'], 3, 0, 3, 4, false])
  t.strictSame([matrixOf(rows, 'completed').at('a', 'b'), matrixOf(rows, 'declined').total], [2, 1])
  t.strictSame([matrixOf(rows, 'completed').who, matrixOf(rows, 'all', 2).who, matrixOf(rows, 'all', 2).isCut], [['b', 'a', 'c'], ['b', 'a'], true], 'rows stay where they are whatever is counted')
  t.strictSame([matrixOf([], 'all').most, matrixOf([], 'all').who], [0, []])
  const move = (task: string, revision: number, at: string) => ({ task, revision, at }) as Move
  t.strictSame(chainsOf([move('y', 9, '3'), move('x', 5, '2'), move('y', 4, '1'), move('z', 1, '0')]).map((chain) => chain.map(({ revision }) => revision)), [[4, 9], [1], [5]])
  t.end()
})

t.test('L-60 the week is a row a day where somebody looks, also where an hour comes twice, and rules are words', (t) => {
  const hour = (n: number, slots: number) => ({ from: `2030-10-27T${String(n).padStart(2, '0')}:00:00.000Z`, orchestrators: 1, slots })
  // As in Berlin: at 01:00 UTC it is 02:00 again.
  const berlin = (at: string) => {
    const utc = Number(at.slice(11, 13))
    return { day: 'Sun', hour: utc < 1 ? utc + 2 : utc + 1 }
  }
  const [sunday] = daysOf([hour(0, 5), hour(1, 3), hour(2, 0)], berlin)
  t.strictSame([sunday!.day, sunday!.cells.length, sunday!.cells[2]?.slots, sunday!.cells[3]?.slots, sunday!.cells[0]], ['Sun', 24, 5, 0, undefined])
  const rules: readonly (readonly [Parameters<typeof ruleText>[0], string])[] = [
    [{ kind: 'DAILY', time: '07:30' }, 'daily at 07:30'], [{ kind: 'WEEKLY', days: ['MONDAY', 'FRIDAY'], time: '09:00' }, 'Mon, Fri at 09:00'], [{ kind: 'MONTHLY', day: 31, time: '00:00' }, 'on day 31 at 00:00'],
    [{ kind: 'CRON', cron: '0 9 * * *' }, 'cron 0 9 * * *'], [{ kind: 'OTHER' }, '{"kind":"OTHER"}'],
  ]
  for (const [rule, words] of rules) t.equal(ruleText(rule), words)
  t.end()
})
