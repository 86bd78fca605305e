import { z } from 'zod'
import { capacities } from '../fleet/capacity/capacities.ts'
import { orchestrators } from '../fleet/orchestrator/orchestrators.ts'
import { columnsIn, rowsOf } from '../kernel/grounds.ts'
import { asks, question } from '../kernel/question.ts'
import { dayOf } from '../kernel/time.ts'
import { OrchestratorId } from '../vocabulary.ts'
import { backlogSummary } from '../work/task/backlog-summary.ts'
import { performance } from '../work/task/performance.ts'

const path = '/orchestrators/:orchestrator/metrics'

export const orchestratorMetrics = question({
  name: 'orchestratorMetrics',
  about: 'How an orchestrator stands now: its slots, what it has to do, and how it did today (UTC). Null where nothing was said yet.',
  path,
  params: z.object({ orchestrator: OrchestratorId }),
  answer: z.object({
    capacity: capacities.row.nullable(), backlog_summary: backlogSummary.row.nullable(), performance: performance.row.nullable(),
  }),
  reads: [orchestrators, capacities, backlogSummary, performance],
  stream: { path: `${path}/realtime`, event: 'metrics', every_ms: 1_000 },
  *reply({ params: { orchestrator }, at }) {
    const found = yield* asks({
      own: rowsOf(orchestrators, { columns: ['orchestrator'], where: { orchestrator }, limit: 1 }),
      capacity: rowsOf(capacities, { columns: columnsIn(capacities.row), where: { orchestrator }, limit: 1 }),
      summary: rowsOf(backlogSummary, { columns: columnsIn(backlogSummary.row), where: { owner: orchestrator }, limit: 1 }),
      today: rowsOf(performance, {
        columns: columnsIn(performance.row), where: { kind: 'orchestrator', subject: orchestrator, day: dayOf(at) }, limit: 1,
      }),
    })
    const { capacity: [capacity = null], summary: [summary = null], today: [today = null] } = found
    return found.own[0] && { capacity, backlog_summary: summary, performance: today }
  },
})
