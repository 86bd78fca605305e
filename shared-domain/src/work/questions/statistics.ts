import { z } from 'zod'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { columnsIn, grounds_max, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { second_ms } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { performance } from '../task/performance.ts'
import { timeRecords } from '../task/record-rows.ts'
import { Days, days_max, daysOf } from './days.ts'

const shown_max = 200
/** With the row of the orchestrator, as many as a question may see. */
const records_max = grounds_max - 1

const params = z.object({ orchestrator: OrchestratorId })
const Count = z.int().min(0)
const Share = z.number().min(0).max(100).nullable()

/** With one decimal, half up; of nothing there is none. */
const rounded = (value: number): number | null => (Number.isFinite(value) ? Math.round(10 * value) / 10 : null)
const mean = (values: readonly number[]) => rounded(values.reduce((sum, value) => sum + value, 0) / values.length)

const known = (orchestrator: OrchestratorId) => rowsOf(orchestrators, { columns: ['orchestrator'], where: { orchestrator }, limit: 1 })

const day = z.iso.date()

export const orchestratorStats = question({
  name: 'orchestratorStats',
  about: 'What became of the tasks that were made for an orchestrator or came to it, and how long one took.',
  path: '/orchestrators/:orchestrator/stats',
  params,
  query: Days,
  answer: z.object({
    from: day, to: day, total: Count, completed: Count, failed: Count, cancelled: Count, successRate: Share,
    averageCompletion_s: z.number().min(0).nullable(),
  }),
  reads: [orchestrators, performance],
  aliases: [{ route: 'GET /orchestrators/:orchestrator/stats', fields: { start: 'from', end: 'to' } }],
  *reply({ params: { orchestrator }, query, at }) {
    const { from, to } = daysOf(query, at)
    const { own: [own], days } = yield* asks({
      own: known(orchestrator),
      days: rowsOf(performance, {
        columns: ['created', 'delegated_in', 'handed_in', 'completed', 'given_up', 'cancelled', 'total_duration_ms'],
        where: { kind: 'orchestrator', subject: orchestrator }, atLeast: { day: from }, atMost: { day: to }, limit: days_max,
      }),
    })
    if (!own) return undefined
    const sumOf = (column: keyof (typeof days)[number]) => days.reduce((sum, row) => sum + row[column], 0)
    const [completed, failed] = [sumOf('completed'), sumOf('given_up')]
    return {
      from, to, total: sumOf('created') + sumOf('delegated_in') + sumOf('handed_in'), completed, failed, cancelled: sumOf('cancelled'),
      successRate: rounded((100 * completed) / (completed + failed)),
      averageCompletion_s: rounded(sumOf('total_duration_ms') / second_ms / completed),
    }
  },
})

export const timeEstimates = question({
  name: 'timeEstimates',
  about: `How near estimates of an orchestrator's work were: the ${shown_max} newest records, and figures of the ${records_max} newest.`,
  path: '/orchestrators/:orchestrator/time-estimates',
  params,
  query: Days,
  answer: z.object({
    from: day, to: day, records: z.array(timeRecords.row).max(shown_max), count: Count, averageAccuracy: Share,
    averageVariance: z.number().min(0).nullable(), overEstimateRate: Share, underEstimateRate: Share, perfectEstimateRate: Share,
  }),
  reads: [orchestrators, timeRecords],
  *reply({ params: { orchestrator }, query, at }) {
    const { from, to, since, until } = daysOf(query, at)
    const { own: [own], records } = yield* asks({
      own: known(orchestrator),
      records: rowsOf(timeRecords, {
        columns: columnsIn(timeRecords.row), where: { owner: orchestrator }, atLeast: { at: since }, atMost: { at: until }, order: ['at'],
        descending: true, limit: records_max,
      }),
    })
    if (!own) return undefined
    const rateOf = (isSo: (variance: number) => boolean) =>
      rounded((100 * records.filter(({ variance }) => isSo(variance)).length) / records.length)
    return {
      from, to, records: records.slice(0, shown_max), count: records.length,
      averageAccuracy: mean(records.map(({ accuracy }) => accuracy)),
      averageVariance: mean(records.map(({ variance }) => Math.abs(variance))),
      // What took less than was thought had been estimated too high.
      overEstimateRate: rateOf((variance) => variance < 0), underEstimateRate: rateOf((variance) => variance > 0),
      perfectEstimateRate: rateOf((variance) => variance === 0),
    }
  },
})
