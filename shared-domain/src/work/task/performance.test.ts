import fc from 'fast-check'
import t from 'tap'
import type { Recorded } from '../../kernel/fact.ts'
import { picture, recorded, rowsAfter } from '../../kernel/picture.ts'
import { now, organization, uuid } from '../../kernel/testing.ts'
import { day_ms, elapsed_ms, later } from '../../kernel/time.ts'
import { lived, lives } from '../../scenery.ts'
import { Task, type TaskEvent } from './events.ts'
import { performance } from './performance.ts'
import {
  blocked, cancelled, completed, created, delegated, escalated, expired, failed, handedOff, lease, other, owner, released, reopened, seed,
  started, token, work,
} from './scene.ts'
import { taskState } from './state.ts'

const after = (at: string, ...facts: readonly TaskEvent[]) => facts.map((fact, revision) => recorded(taskState, fact, { revision, at }))

type Row = Readonly<Record<string, any>>
const none = { rating_sum: 0, busy_ms: 0 }

/** The rows of one kind, with what is more than nothing of each. */
const shown = (facts: readonly Recorded[], kind: string) => rowsAfter(performance, facts).filter((row) => row.kind === kind)
  .map(({ kind: _, orchestrator: __, ...row }: Row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== 0)))

const hand = uuid(700)
const byHand = (since: string) => lease(token, { agent: hand, since } as object)

t.test('each day of an orchestrator is counted by itself, and that of the organization', async (t) => {
  const done = [completed(token, { durationMs: 5_000 }), completed(token, { durationMs: 7_000, onTime: false })]
  const facts = [
    ...after(later(now, day_ms - 1), created(), created(), started(), failed(0), cancelled()),
    ...after(later(now, day_ms), ...done, delegated(other), handedOff()),
  ]
  const first = { day: '2030-01-01', created: 2, started: 1, failed: 1, cancelled: 1 }
  const second = { day: '2030-01-02', completed: 2, total_duration_ms: 12_000, first_pass: 2, delegated_out: 1, handed_out: 1 }
  const owns = shown(facts, 'orchestrator')
  const got = { subject: other, day: '2030-01-02', delegated_in: 1, handed_in: 1 }
  t.match(owns, [{ subject: owner, ...first }, { subject: owner, ...second }, got])
  t.match(shown(facts, 'organization'), [
    { subject: organization, ...first }, { subject: organization, ...second, delegated_in: 1, handed_in: 1 },
  ])
  t.strictSame(shown(facts, 'agent'), [])
  picture(t, performance).after(...after(now, created())).matches(
    { kind: 'organization', subject: organization, orchestrator: null, created: 1 },
    { kind: 'orchestrator', subject: owner, orchestrator: owner, created: 1, ...none },
  )
})

t.test('P-32 a completion counts its due time, its deadline, its first pass, its wait and what it cost', async (t) => {
  const due = { onTime: true, work: work({ dueAt: later(now, 1), wait_ms: 40 }), slaMet: true, metrics: { cost: 7, tokens: 900 } }
  const late = { onTime: false, work: work({ dueAt: now, wait_ms: 2, failures: 1 }), slaMet: false, metrics: { cost: 0.5, tokens: -1 } }
  const facts = after(now, completed(token, due), completed(token, late), completed(token), completed(token, { work: null }))
  t.match(shown(facts, 'orchestrator'), [
    { completed: 4, on_time: 1, due: 2, sla_met: 1, first_pass: 2, wait_ms: 42, cost: 7, tokens: 900 },
  ])
})

t.test('what else befalls work is counted where it belongs, and at the agent that worked', async (t) => {
  const violated = Task.TaskSlaViolated({
    owner, slaDeadline: now, overdue_ms: 1, status: 'TODO', priority: 'MEDIUM', assignee: null, work: null,
  } as never)
  const returned = Task.TaskReturned({
    owner, from: 'TODO', to: other, delegation: '1', cause: 'declined', lease: null, agentSlot: null, retryAt: null,
  } as never)
  const held = { lease: byHand(now) }
  const facts = after(now,
    started({ agent: hand } as object), completed(token, held), failed(0, true, held), expired(held), released(held), violated, returned,
    blocked('manual'), blocked('failure'), blocked('dependencies'), escalated('ann', held), reopened(), cancelled(held),
  )
  t.match(shown(facts, 'orchestrator'), [{
    started: 1, completed: 1, failed: 1, expired: 1, sla_violated: 1, returned: 1, blocked: 1, given_up: 1, escalated: 1, reopened: 1,
    cancelled: 1,
  }])
  t.strictSame(shown(facts, 'agent'), [{
    subject: hand, day: '2030-01-01', started: 1, completed: 1, failed: 1, cancelled: 1, expired: 1, first_pass: 1, escalated: 1,
  }])
})

t.test('W-53 a rating that is replaced is taken out of its own day', async (t) => {
  const rated = (rating: number, previous: object | null, category = 'overall') =>
    Task.TaskQualityRated({ owner, rating, category, comments: null, previous, agent: hand } as never)
  const facts = [
    ...after(now, rated(4, null), rated(2, null, 'accuracy')), ...after(later(now, day_ms), rated(5, { rating: 4, at: now })),
  ]
  for (const kind of ['orchestrator', 'organization', 'agent'])
    t.match(shown(facts, kind), [{ day: '2030-01-01', rated: 1, rating_sum: 2 }, { day: '2030-01-02', rated: 1, rating_sum: 5 }], kind)
})

t.test('a lease is booked when it ends, on the days that it touched', async (t) => {
  const since = later(now, day_ms - 1_000)
  const told = (by_ms: number) =>
    shown([recorded(taskState, released({ lease: byHand(since) } as object), { at: later(since, by_ms) })], 'agent')
      .map(({ day, busy_ms }) => [day, busy_ms]).sort()
  t.strictSame(told(500), [['2030-01-01', 500]])
  t.strictSame(told(1_000), [['2030-01-01', 1_000]])
  t.strictSame(told(day_ms + 2_000), [['2030-01-01', 1_000], ['2030-01-02', day_ms], ['2030-01-03', 1_000]])
  t.strictSame(told(0), [], 'no time at all')
  const long = told(150 * day_ms)
  t.equal(long.length, 100)
  t.equal(long.reduce((sum, [, ms]) => sum + Number(ms), 0), 150 * day_ms, 'what is longer ago than a hundred days is not lost')
})

t.test('P-32 whatever happened, the organization is the sum of its orchestrators, and of what the facts say', async (t) => {
  const met = new Set<string>()
  fc.assert(fc.property(lives(40, 90), (steps) => {
    const { log } = lived(steps)
    const rows = rowsAfter(performance, log) as Row[]
    const sumOf = (kind: string, column: string) => rows.filter((row) => row.kind === kind).reduce((sum, row) => sum + row[column], 0)
    const { shape } = performance.row
    for (const column of Object.keys(shape)) {
      if (['kind', 'subject', 'day', 'orchestrator'].includes(column)) continue
      const all = sumOf('organization', column)
      if (all !== sumOf('orchestrator', column)) throw new Error(`${column} of orchestrators is not that of the organization`)
      if (all < 0) throw new Error(`${column} is less than nothing`)
      if (all > 0) met.add(column)
    }
    const facts = (type: string) => log.filter((fact) => fact.type === type)
    const ends = log.filter(({ type, data }) => type !== 'TaskStarted' && (data as any).lease) as { at: string; data: any }[]
    if (sumOf('organization', 'busy_ms') !== ends.reduce((sum, { at, data }) => sum + Math.max(0, elapsed_ms(data.lease.since, at)), 0))
      throw new Error('time is booked that no lease had')
    for (const [column, type] of [['created', 'TaskCreated'], ['returned', 'TaskReturned'], ['escalated', 'TaskEscalated']] as const)
      if (sumOf('organization', column) !== facts(type).length) throw new Error(`${column} are not as many as there were`)
  }), { seed, numRuns: 60 })
  for (const column of ['created', 'started', 'completed', 'busy_ms', 'wait_ms', 'rated', 'given_up']) t.ok(met.has(column), column)
})
