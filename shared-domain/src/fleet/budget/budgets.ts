import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Change, type Project } from '../../kernel/read-model.ts'
import { Counts } from '../ledger/counts.ts'
import type { LedgerEvent } from '../ledger/events.ts'
import { holderOf } from '../ledger/state.ts'
import { Blocked, type BudgetEvent } from './events.ts'
import { isInForce, Limits, Override } from './limits.ts'

const row = z.object({
  /** An orchestrator, or the organization by its name. */
  holder: z.string(),
  kind: z.enum(['orchestrator', 'organization']),
  limits: Limits.nullable(),
  /** Those in force when the last was granted. */
  overrides: z.array(Override),
  /** Of the latest month of which there is a ledger, after its last fact. */
  counts: Counts.nullable(),
  blocked: Blocked.nullable(),
})

type Row = z.output<typeof row>
type Fact<Data = unknown> = Recorded<{ readonly type: string; readonly data: Data & { readonly orchestrator: string | null } }>

/** Whoever has a ledger before limits, or limits before a ledger, has a row. */
function altered({ id, data: { orchestrator } }: Fact, alter: (row: Row) => Partial<Row>): readonly Change<Row, 'holder'>[] {
  const holder = holderOf(id)
  const kind = orchestrator === null ? 'organization' : 'orchestrator'
  const unknown: Row = { holder, kind, limits: null, overrides: [], counts: null, blocked: null }
  return [{ alter: (row = unknown) => ({ ...row, ...alter(row) }), at: { holder } }]
}

/** What comes late to a ledger of an earlier month is not told of this one. */
const counted = (fact: Fact<{ counts: Counts }>) => {
  const { counts } = fact.data
  return altered(fact, ({ counts: known }) => (known && known.month.start > counts.month.start ? {} : { counts }))
}

const blocked = (fact: Fact<Pick<Row, 'blocked'>>) => altered(fact, () => ({ blocked: fact.data.blocked }))

const project: Project<typeof row, 'holder', BudgetEvent | LedgerEvent> = {
  BudgetConfigured: (fact) => altered(fact, () => ({ limits: fact.data.limits })),
  BudgetOverrideGranted(fact) {
    const { at, data: { orchestrator: _, ...override } } = fact
    return altered(fact, ({ overrides }) => ({ overrides: [...overrides.filter((one) => isInForce(one, at)), override] }))
  },
  BudgetExhausted: blocked,
  BudgetResumed: blocked,
  TokensReserved: counted,
  TokensConsumed: counted,
  TokenReservationReleased: counted,
  TokenReservationExpired: counted,
}

export const budgets = readModel({
  name: 'budget',
  about: 'How much orchestrators and the organization may use, have used and have set aside, and until when nothing new starts.',
  version: 1,
  path: '/budgets',
  row,
  key: ['holder'],
  filters: ['kind'],
  project,
})
