import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Change, type Project } from '../../kernel/read-model.ts'
import { dayOf, elapsed_ms, later } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import type { Lease } from './shapes.ts'

const count = z.int()
/** Milliseconds add up to more than a column of whole numbers holds. */
const sum_ms = z.int().meta({ sql: 'bigint' })

const counters = {
  created: count, started: count, completed: count, failed: count, cancelled: count,
  /** Of those that were due. */
  on_time: count,
  total_duration_ms: sum_ms,
  delegated_in: count, delegated_out: count, handed_in: count, handed_out: count,
  /** Tasks that are not tried any more, leases that expired, tasks that went back to who had passed them on. */
  given_up: count, expired: count, returned: count,
  sla_met: count, sla_violated: count,
  /** Opinions that hold, and their sum. */
  rated: count, rating_sum: count,
  /** Of those that were completed: without a failure; with a due time. */
  first_pass: count, due: count,
  /** By hand. */
  blocked: count,
  escalated: count, reopened: count,
  /** In leases, told when they end. */
  busy_ms: sum_ms,
  /** Before they were completed. */
  wait_ms: sum_ms,
  /** As completions tell it. */
  cost: z.number(), tokens: z.number(),
}
type Counts = Partial<Record<keyof typeof counters, number>>

const zero = Object.fromEntries(Object.keys(counters).map((name) => [name, 0])) as Record<keyof typeof counters, number>

const row = z.object({ kind: z.enum(['organization', 'orchestrator', 'agent']), subject: z.string(), day: z.iso.date(), ...counters })
type Row = z.output<typeof row>
type Counted = Change<Row, 'kind' | 'subject' | 'day'>

type Told = Pick<Recorded, 'at' | 'organization'>

type Agent = string | null | undefined

/** The figures of the organization, of one of its orchestrators and of the agent that worked, if one did. */
const counted = ({ organization }: Told, orchestrator: string, agent: Agent, day: string, counts: Counts): Counted[] => {
  if (Object.values(counts).every((by) => by === 0)) return []
  const subjects = [['organization', organization], ['orchestrator', orchestrator], ...(agent ? [['agent', agent] as const] : [])] as const
  return subjects.map(([kind, subject]) => ({ add: { ...zero, ...counts }, at: { kind, subject, day } }))
}

type Owned = Told & { readonly data: { readonly owner: string } }

const told = (fact: Owned, counts: Counts, agent?: Agent) => counted(fact, fact.data.owner, agent, dayOf(fact.at), counts)

/** A lease is booked day by day, on the last so many days; what was before is on the first of these. */
const days_max = 100

function busy(fact: Told, { holder, agent, since }: Lease): Counted[] {
  const booked: Counted[] = []
  let until = fact.at
  for (let left = days_max; left > 0 && since < until; left--) {
    const day = dayOf(later(until, -1))
    const midnight = `${day}T00:00:00.000Z`
    const from = left === 1 || midnight < since ? since : midnight
    booked.push(...counted(fact, holder, agent, day, { busy_ms: elapsed_ms(from, until) }))
    until = from
  }
  return booked
}

type Ending = Owned & { readonly data: { readonly lease: Lease | null } }

/** What may end a lease. */
const ended = (fact: Ending, counts: Counts): Counted[] => {
  const { data: { lease } } = fact
  return [...told(fact, counts, lease?.agent), ...(lease ? busy(fact, lease) : [])]
}

/** Whole and no less than nothing, or it is none. */
const amount = (said: number | undefined) => (Number.isSafeInteger(said) && said! > 0 ? said! : 0)

const one = (isSo: boolean | null | undefined) => (isSo ? 1 : 0)

const given = (fact: Owned & { readonly data: { readonly to: string } }, way: 'delegated_in' | 'handed_in') =>
  counted(fact, fact.data.to, null, dayOf(fact.at), { [way]: 1 })

const project: Project<typeof row, 'kind' | 'subject' | 'day', TaskEvent> = {
  TaskCreated: (fact) => told(fact, { created: 1 }),
  TaskStarted: (fact) => told(fact, { started: 1 }, fact.data.agent),
  TaskCompleted(fact) {
    const { onTime, durationMs, slaMet, metrics, work } = fact.data
    const isDue = work !== null && work.dueAt !== null
    return ended(fact, {
      completed: 1, due: one(isDue), on_time: one(isDue && onTime), total_duration_ms: durationMs, sla_met: one(slaMet),
      first_pass: one(work?.failures === 0), wait_ms: work?.wait_ms ?? 0, cost: amount(metrics.cost), tokens: amount(metrics.tokens),
    })
  },
  TaskFailed: (fact) => ended(fact, { failed: 1 }),
  LeaseExpired: (fact) => ended(fact, { expired: 1 }),
  TaskReleased: (fact) => ended(fact, {}),
  TaskBlocked: (fact) => ended(fact, { given_up: one(fact.data.kind === 'failure'), blocked: one(fact.data.kind === 'manual') }),
  TaskEscalated: (fact) => ended(fact, { escalated: 1 }),
  TaskCancelled: (fact) => ended(fact, { cancelled: 1 }),
  TaskReopened: (fact) => told(fact, { reopened: 1 }),
  TaskDelegated: (fact) => [...told(fact, { delegated_out: 1 }), ...given(fact, 'delegated_in')],
  TaskHandedOff: (fact) => [...ended(fact, { handed_out: 1 }), ...given(fact, 'handed_in')],
  TaskReturned: (fact) => ended(fact, { returned: 1 }),
  TaskSlaViolated: (fact) => told(fact, { sla_violated: 1 }),
  TaskQualityRated(fact) {
    const { owner, rating, previous, agent } = fact.data
    const rated = told(fact, { rated: 1, rating_sum: rating }, agent)
    return previous === null ? rated
      : [...rated, ...counted(fact, owner, agent, dayOf(previous.at), { rated: -1, rating_sum: -previous.rating })]
  },
}

export const performance = readModel({
  name: 'performance_daily',
  about: 'How the organization, every orchestrator and every agent did, by UTC day.',
  version: 2,
  path: '/performance',
  row,
  derived: z.object({ orchestrator: OrchestratorId.nullable() }),
  derive: ({ kind, subject }) => ({ orchestrator: kind === 'orchestrator' ? subject as OrchestratorId : null }),
  key: ['kind', 'subject', 'day'],
  filters: ['kind', 'subject', 'orchestrator', 'day'],
  ranges: ['day'],
  project,
})
