import t from 'tap'
import { answered, recorded, rowsAfter } from '../../kernel/picture.ts'
import { signals } from '../../kernel/signal.ts'
import { now, subject } from '../../kernel/testing.ts'
import { sessionOutput } from './questions.ts'
import { completed, spawned } from './scene.ts'
import { workSessionState } from './state.ts'

const stream = `workSession-${subject}`
const rows = [
  ...[7, 8, 9].map((no) => ({ stream, name: 'output', no, at: now, said: { text: `line ${no}` } })),
  { stream, name: 'metrics', no: 3, at: now, said: { metrics: { tokens: 12 } } },
]
const ask = (query: object, told: readonly object[], ...facts: Parameters<typeof workSessionState.evolve>[1][]) => answered(
  sessionOutput, { params: { session: subject }, query },
  (model) => ((model as unknown) === signals ? told as never : rowsAfter(model, facts.map((fact) => recorded(workSessionState, fact)))),
) as any

t.test('F-92 what a program printed is read on from where it was read to, and what was missed is counted', async (t) => {
  t.strictSame(ask({}, rows, spawned()), {
    chunks: [7, 8, 9].map((no) => ({ no, at: now, text: `line ${no}` })), dropped: 6,
    metrics: { tokens: 12, cost: 0, errors: 0, duration_ms: 0 },
  })
  t.match(ask({ after: 7 }, rows, spawned()), { chunks: [{ no: 8 }, { no: 9 }], dropped: 0 })
  t.match(ask({ after: 9 }, rows, spawned()), { chunks: [], dropped: 0 })
  t.match(ask({}, [], spawned()), { chunks: [], metrics: { tokens: 0 } })
  const metrics = { tokens: 40, cost: 2, errors: 0, duration_ms: 9 }
  const ended = { chunks: [], dropped: 0, metrics }
  t.strictSame(ask({ after: 9 }, rows, spawned(), completed({ metrics })), ended, 'in the end what it ended with')
  t.equal(ask({}, rows), undefined)
})
