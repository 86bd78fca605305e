import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { dayOf } from '../../kernel/time.ts'
import type { LedgerEvent } from './events.ts'
import { holderOf } from './state.ts'

const Sum = z.int().meta({ sql: 'bigint' })

const row = z.object({ holder: z.string(), day: z.iso.date(), tokens: Sum, cost: Sum, overrun_tokens: Sum, overrun_cost: Sum })

const project: Project<typeof row, 'holder' | 'day', LedgerEvent> = {
  TokensConsumed: ({ id, data: { tokens, cost, overrun, counts } }) => [{
    add: { tokens, cost, overrun_tokens: overrun.tokens, overrun_cost: overrun.cost },
    at: { holder: holderOf(id), day: dayOf(counts.day.start) },
  }],
}

export const budgetDays = readModel({
  name: 'budget_day',
  about: 'What orchestrators and the organization used, by the UTC day in which it was booked.',
  version: 1,
  path: '/budget-days',
  row,
  key: ['holder', 'day'],
  filters: ['holder', 'day'],
  ranges: ['day'],
  project,
})
