import { z } from 'zod'
import { streamOf } from '../../kernel/decider.ts'
import { rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { signals } from '../../kernel/signal.ts'
import { CommandId, StoredInstant } from '../../vocabulary.ts'
import { Metrics, noMetrics } from './events.ts'
import { workSessionState } from './state.ts'
import { workSessions } from './work-sessions.ts'

const chunks_max = 64

export const sessionOutput = question({
  name: 'sessionOutput',
  about: 'What a program printed behind a chunk of its output, as long as it is kept, and what it has used so far.',
  path: '/work-sessions/:session/output',
  params: z.object({ session: CommandId }),
  query: z.object({ after: z.int().min(0).default(0) }),
  answer: z.object({
    chunks: z.array(z.object({ no: z.int(), at: StoredInstant, text: z.string() })),
    dropped: z.int().describe('Chunks behind `after` that are kept no longer.'),
    metrics: Metrics,
  }),
  reads: [workSessions, signals],
  *reply({ params: { session }, query: { after } }) {
    const stream = streamOf(workSessionState, session)
    const { own: [own], output, metrics: [told] } = yield* asks({
      own: rowsOf(workSessions, { columns: ['ended_at', 'tokens', 'cost', 'errors', 'duration_ms'], where: { session }, limit: 1 }),
      output: rowsOf(signals, {
        columns: ['no', 'at', 'said'], where: { stream, name: 'output' }, atLeast: { no: after + 1 }, order: ['no'], limit: chunks_max,
      }),
      metrics: rowsOf(signals, { columns: ['said'], where: { stream, name: 'metrics' }, limit: 1 }),
    })
    if (!own) return undefined
    const { ended_at, ...ended } = own
    return {
      chunks: output.map(({ no, at, said }) => ({ no, at, text: String(said.text) })),
      dropped: output.length === 0 ? 0 : output[0]!.no - after - 1,
      metrics: ended_at === null ? Metrics.parse(told?.said.metrics ?? noMetrics) : ended,
    }
  },
})
