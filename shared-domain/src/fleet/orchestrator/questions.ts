import { z } from 'zod'
import { streamOf } from '../../kernel/decider.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { timeline } from '../../overview/timeline.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { budgets } from '../budget/budgets.ts'
import { Blocked } from '../budget/events.ts'
import { capacities } from '../capacity/capacities.ts'
import { moves, told } from './decider.ts'
import type { ShownStatus } from './events.ts'
import { orchestrators } from './orchestrators.ts'
import { orchestratorState } from './state.ts'

const Slots = capacities.row.omit({ orchestrator: true })
const Move = timeline.row.pick({ revision: true, at: true, by_kind: true, by_id: true, summary: true })

const params = z.object({ orchestrator: OrchestratorId })

export const orchestratorStatus = question({
  name: 'orchestratorStatus',
  about: 'How an orchestrator stands, since when, and how much it can take on.',
  path: '/orchestrators/:orchestrator/status',
  params,
  answer: z.object({
    ...orchestrators.row.pick({ status: true, since: true }).shape,
    reason: orchestrators.row.shape.status_reason,
    capacity: Slots.nullable(),
    /** What it has used up, so that nothing new starts until then. */
    budget: Blocked.nullable(),
  }),
  reads: [orchestrators, capacities, budgets],
  *reply({ params: { orchestrator }, at }) {
    const where = { orchestrator }
    const { own: [own], capacity: [capacity = null], budget: [budget] } = yield* asks({
      own: rowsOf(orchestrators, { columns: ['status', 'since', 'status_reason'], where, limit: 1 }),
      capacity: rowsOf(capacities, { columns: columnsIn(Slots), where, limit: 1 }),
      budget: rowsOf(budgets, { columns: ['blocked'], where: { holder: orchestrator }, limit: 1 }),
    })
    if (!own) return undefined
    const { status, since, status_reason: reason } = own
    const blocked = budget?.blocked ?? null
    return { status, since, reason, capacity, budget: blocked !== null && at < blocked.until ? blocked : null }
  },
})

const last_max = 50

/** The moves that may be told in this status. */
const allowed = (status: z.output<typeof ShownStatus>) => told.filter((action) => status in moves[action])

export const orchestratorActions = question({
  name: 'orchestratorActions',
  about: `What an orchestrator may be told in its present status, and the last ${last_max} of its moves, newest first.`,
  path: '/orchestrators/:orchestrator/actions',
  params,
  answer: z.object({ allowed: z.array(z.enum(told)), last: z.array(Move).max(last_max) }),
  reads: [orchestrators, timeline],
  *reply({ params: { orchestrator } }) {
    const { own: [own], last } = yield* asks({
      own: rowsOf(orchestrators, { columns: ['status'], where: { orchestrator }, limit: 1 }),
      last: rowsOf(timeline, {
        columns: columnsIn(Move), descending: true, limit: last_max,
        where: { stream: streamOf(orchestratorState, orchestrator), type: 'OrchestratorStatusChanged' },
      }),
    })
    return own && { allowed: allowed(own.status), last }
  },
})
