import { z } from 'zod'
import { rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import type { Instant } from '../../kernel/time.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { countsAt } from '../ledger/counts.ts'
import { orchestrators } from '../orchestrator/orchestrators.ts'
import { budgets } from './budgets.ts'
import { isInForce, limitOf, Limits, Override } from './limits.ts'
import { projection } from './projection.ts'
import { endOf, Unit, units, Window, windows } from './windows.ts'

const answer = z.object({
  limits: Limits.nullable(),
  overrides: z.array(Override),
  windows: z.array(z.object({
    unit: Unit,
    window: Window,
    start: StoredInstant,
    end: StoredInstant,
    /** With what overrides add now; null for none. */
    limit: z.int().nullable(),
    used: z.int(),
    /** In the ledger of the month, for whatever window. */
    reserved: z.int(),
    /** What will have been used at the end, if it goes on so; null when it is too early to tell. */
    projected: z.int().nullable(),
    exhaustsAt: StoredInstant.nullable(),
  })),
})

const columns = ['limits', 'overrides', 'counts'] as const
type Row = Pick<z.output<typeof budgets.row>, (typeof columns)[number]>

/** Who was never spoken of has no limits and has used nothing. */
const unspoken: Row = { limits: null, overrides: [], counts: null }

function shown({ limits, overrides: all, counts: last }: Row, at: Instant): z.output<typeof answer> {
  const counts = countsAt(last, at)
  const overrides = all.filter((one) => isInForce(one, at))
  return {
    limits, overrides,
    windows: units.flatMap((unit) => windows.map((window) => {
      const { start, [unit]: used } = counts[window]
      const limit = limitOf({ limits, overrides }, unit, window, at)
      const told = { window, start, used, limit, at }
      return { unit, window, start, end: endOf(window, start), limit, used, reserved: counts.reserved[unit], ...projection(told) }
    })),
  }
}

export const orchestratorBudget = question({
  name: 'orchestratorBudget',
  about: 'What an orchestrator may use in this hour, day and month, has used and set aside, and where that leads to.',
  path: '/orchestrators/:orchestrator/budget',
  params: z.object({ orchestrator: OrchestratorId }),
  answer,
  reads: [orchestrators, budgets],
  *reply({ params: { orchestrator }, at }) {
    const { own: [own], budget: [budget = unspoken] } = yield* asks({
      own: rowsOf(orchestrators, { columns: ['orchestrator'], where: { orchestrator }, limit: 1 }),
      budget: rowsOf(budgets, { columns, where: { holder: orchestrator }, limit: 1 }),
    })
    return own && shown(budget, at)
  },
})

export const organizationBudget = question({
  name: 'organizationBudget',
  about: 'What the organization may use in this hour, day and month, has used and set aside, and where that leads to.',
  path: '/budget',
  params: z.object({}),
  answer,
  reads: [budgets],
  *reply({ at }) {
    const { budget: [budget = unspoken] } = yield* asks({ budget: rowsOf(budgets, { columns, where: { kind: 'organization' }, limit: 1 }) })
    return shown(budget, at)
  },
})
