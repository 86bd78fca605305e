import t from 'tap'
import { answered, recorded, rowsAfter } from '../../kernel/picture.ts'
import type { Question } from '../../kernel/question.ts'
import { signals } from '../../kernel/signal.ts'
import { now, subject } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { taskState } from '../../work/task/state.ts'
import { created } from '../../work/task/scene.ts'
import { workSessionState } from '../work-session/state.ts'
import * as session from '../work-session/scene.ts'
import { daemonEvents, daemonHealth } from './questions.ts'
import { connected, owner, registered, stranger } from './scene.ts'
import { daemonState } from './state.ts'

const facts = [
  ...[registered, connected()].map((fact, revision) => recorded(daemonState, fact, { revision, position: String(revision + 1) })),
  ...Array.from({ length: 250 }, (_, n) =>
    recorded(taskState, created(n % 2 ? { owner: stranger } : {}), { revision: n, position: String(10 + n) })),
]
const spawned = recorded(workSessionState, session.spawned({ daemon: subject }), { id: stranger, position: '3' })
const told = (...said: readonly object[]) => said.map((one, no) => ({
  stream: `daemon-${subject}`, name: 'position' in one ? 'acknowledge' : 'beat', no, at: later(now, 60_000), said: one,
}))
const ask = (question: Question, query: object, at: string, rows: readonly object[] = [], daemon = subject) =>
  answered(question, { params: { daemon }, query },
    (model) => ((model as unknown) === signals ? rows as never : rowsAfter(model, [...facts, spawned])), at) as any

t.test('F-90 the health of a daemon is what it said last and how long ago that was', async (t) => {
  const beat = { instance: subject, status: 'busy', sessions: 2, queued: 1 }
  t.strictSame(ask(daemonHealth, {}, later(now, 125_000), told(beat)), {
    status: 'RUNNING', lastSignal: { at: later(now, 60_000), status: 'busy', sessions: 2, queued: 1 }, silent_ms: 65_000, missed: 1,
    sessions: 1,
  })
  t.match(ask(daemonHealth, {}, later(now, 119_999), told(beat)), { silent_ms: 59_999, missed: 0 })
  const silent = { status: 'RUNNING', lastSignal: null, silent_ms: 90_000, missed: 2, sessions: 1 }
  t.strictSame(ask(daemonHealth, {}, later(now, 90_000)), silent)
  t.equal(ask(daemonHealth, {}, now, [], stranger), undefined)
})

t.test('F-91 the facts of its orchestrator come in the order of the log, behind what was acknowledged', async (t) => {
  const positions = (query: object, rows: readonly object[] = []) =>
    ask(daemonEvents, query, now, rows).events.map((row: any) => Number(row.log_position))
  t.strictSame(positions({}).slice(0, 4), [1, 2, 3, 10])
  t.strictSame(positions({ after: '12' }).slice(0, 2), [14, 16])
  t.strictSame(positions({}, told({ instance: subject, acknowledged: '14' }, { position: '16' }))[0], 18)
  t.strictSame(positions({}, told({ instance: subject }))[0], 1)
  t.equal(ask(daemonEvents, {}, now, [], stranger), undefined)
  t.ok(ask(daemonEvents, {}, now).events.every((row: any) => row.recipient === owner))
})

t.test('F-91 facts that stand at one place of the log are on one page', async (t) => {
  const crowd = Array.from({ length: 250 }, (_, n) => recorded(taskState, created(), { revision: n, position: String(n < 199 ? n : 199) }))
  const page = (query: object) => answered(daemonEvents, { params: { daemon: subject }, query },
    (model) => ((model as unknown) === signals ? [] : rowsAfter(model, [...facts.slice(0, 2), ...crowd]))) as any
  t.equal(page({ after: '2' }).events.at(-1).log_position, '198')
})
