import { mock } from 'node:test'
import t from 'tap'
import { answered, dueIn, lagOf, staleness, told, unasked, type Standing } from './due.ts'
import { frames, type Frame } from './frames.ts'
import { mayChange, readsOf } from './reads.ts'
import { behind, gist, merged } from './recent.ts'

t.test('L-63 frames are the same wherever the stream is cut', (t) => {
  const text = 'retry: 1000\n: open\n\nid: 7\ndata: {"a":1}\n\nevent: gap\r\nid: 9\r\ndata: {"to":\r\ndata: "9"}\r\n\r\n: heartbeat\nid: 12\n\n: heartbeat\n\n'
  const wanted: Frame[] = [
    { event: 'message', id: '7', data: '{"a":1}' }, { event: 'gap', id: '9', data: '{"to":\n"9"}' }, { event: 'message', id: '12', data: '' },
  ]
  for (const size of [1, 2, 3, 7, 1_000]) {
    const take = frames()
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!
    t.strictSame(pieces.flatMap((piece) => take(piece)), wanted, `${size} at a time`)
  }
  t.end()
})

t.test('L-63 a question is asked at once, and again at most once a second for whatever facts may change it', (t) => {
  t.equal(dueIn(unasked, 0), 0)
  const asking: Standing = { ...unasked, isAsking: true, asked_ms: 0 }
  t.equal(dueIn(asking, 5), undefined)
  const first = answered(asking, 10n, 20)
  t.equal(dueIn(first, 30), undefined, 'what is level is left alone')
  t.equal(told(first, 10n, 100), first, 'a fact that is in the answer changes nothing')
  const behind = told(told(first, 11n, 100), 14n, 200)
  t.match(behind, { wanted: 14n, behindSince_ms: 100 })
  t.equal(dueIn(behind, 200), 800)
  t.equal(dueIn(behind, 5_000), 0)
  t.match(answered({ ...behind, isAsking: true }, 12n, 300), { wanted: 14n, behindSince_ms: 100, isAsking: false }, 'an earlier answer leaves it behind')
  t.match(answered({ ...behind, isAsking: true }, 14n, 300), { wanted: undefined, behindSince_ms: undefined })
  const refused: Standing = { ...unasked, asked_ms: 0, isRefused: true }
  t.strictSame([dueIn(refused, 1_000), dueIn(refused, 9_000)], [4_000, 0], 'what was refused is tried again, later')
  t.end()
})

t.test('L-63 a figure is called stale, in words, more than five seconds without a stream or behind the log', (t) => {
  const level: Standing = { ...unasked, answered: 4n, asked_ms: 0 }
  t.equal(staleness(level, undefined, 60_000), undefined)
  t.equal(staleness(level, 5_000, 60_000), undefined)
  t.equal(staleness(level, 5_001, 60_000), 'stale: no live connection for 5 s')
  const late = told(level, 5n, 1_000)
  t.strictSame([lagOf(late, 1_500), lagOf(level, 1_500)], [500, 0])
  t.equal(staleness(late, undefined, 6_000), undefined)
  t.equal(staleness(late, undefined, 8_000), 'stale: 7 s behind the log')
  t.end()
})

t.test('L-63 a fact names the questions that it may change', (t) => {
  const concerns = (type: string, path: string) => mayChange(type, readsOf(path))
  t.ok(concerns('TaskCreated', '/tasks?status=TODO&limit=200'))
  t.ok(concerns('TaskCreated', '/tasks/metrics'), 'a word counts more than any id')
  t.strictSame(readsOf('/tasks/01a22a5d-909e-70dc-bb02-2d42c6170c24'), ['backlog'])
  t.notOk(concerns('TaskCreated', '/decisions'))
  t.ok(concerns('DecisionOpened', '/decisions'))
  t.ok(concerns('Whatever', '/timeline?stream=task-1'), 'any fact is on a timeline')
  t.strictSame(readsOf('/position'), [])
  t.end()
})

t.test('the last facts: each once, the newest first, and in one line what they say', (t) => {
  const fact = (position: string) => ({ position, at: `2030-01-01T00:00:0${position.at(-1)}.000Z` }) as never
  t.strictSame(merged([fact('9'), fact('7')], [fact('10'), fact('9')]).map(({ position }) => position), ['10', '9', '7'])
  t.equal(merged([fact('1'), fact('2'), fact('3')], [], 2).length, 2)
  t.equal(behind('7', [fact('9'), fact('8'), fact('7')], Date.parse('2030-01-01T00:00:10.000Z')), 2_000)
  t.equal(behind('9', [fact('9')], 0), 0)
  t.equal(gist({ data: { percentage: 40, message: 'half' } }), '40 %')
  t.equal(gist({ data: { reason: 'x'.repeat(200) } })?.length, 118)
  t.strictSame([gist({ data: null }), gist({ data: { count: 1 } })], [undefined, undefined])
  t.end()
})

t.test('L-67 what is said to whoever listens comes one in five seconds, and of several that wait the last', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { announce, announced } = await import('./announcer.ts')
  announce('one thing waits')
  mock.timers.tick(1)
  t.equal(announced.get(), 'one thing waits')
  announce('two things wait')
  announce('three things wait')
  mock.timers.tick(4_000)
  t.equal(announced.get(), 'one thing waits')
  mock.timers.tick(1_001)
  t.equal(announced.get(), 'three things wait')
})
