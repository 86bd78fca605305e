import fc from 'fast-check'
import t from 'tap'
import { stepOf } from '../../kernel/arbitrary.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { now, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { lived } from '../../scenery.ts'
import { derived } from './backlog-derived.ts'
import { backlog } from './backlog.ts'
import { task } from './decider.ts'
import { owner, other, seed } from './scene.ts'

type Row = Parameters<typeof derived>[0]

const row = (over: Partial<Row> = {}): Row => ({
  owner: owner as Row['owner'], assignee: null, priority: 'MEDIUM', status: 'TODO', block_kind: null, due_at: null, sla_deadline: null,
  sla_warned: false, sla_violated: false, sla_met: null, estimated_hours: null, hours_spent: null, ...over,
})

t.test('W-20 who may claim a task: the assigned orchestrator, else the owner, nobody while a person or an agent has it', async (t) => {
  const cases: readonly [assignee: string | null, worker: string | null][] = [
    [null, owner], [`orchestrator:${other}`, other], [`agent:${uuid(41)}`, null], ['grace', null], ['orchestrator:grace', null],
  ]
  for (const [assignee, worker] of cases)
    t.match(derived(row({ assignee })), { worker, assigned: assignee !== null }, String(assignee))
})

t.test('W-76 what follows from a row: rank, deadline, hours that remain', async (t) => {
  t.strictSame((['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const).map((priority) => derived(row({ priority })).rank), [0, 1, 2, 3])
  const [soon, late] = [later(now, hour_ms), later(now, 2 * hour_ms)]
  const dates = [[null, null, null], [soon, null, soon], [null, late, late], [soon, late, soon], [late, soon, soon]]
  for (const [due_at, sla_deadline, deadline] of dates)
    t.equal(derived(row({ due_at, sla_deadline } as Partial<Row>)).deadline, deadline)
  t.equal(derived(row({ hours_spent: 2 })).remaining_hours, null)
  t.equal(derived(row({ estimated_hours: 4 })).remaining_hours, 4)
  t.equal(derived(row({ estimated_hours: 4, hours_spent: 1.5 })).remaining_hours, 2.5)
  t.equal(derived(row({ estimated_hours: 4, hours_spent: 5 })).remaining_hours, 0)
})

t.test('W-50 how a task stands by its deadline: the first that fits', async (t) => {
  const sla_deadline = later(now, hour_ms)
  const state = (over: Partial<Row>) => derived(row({ sla_deadline, ...over })).sla_state
  t.equal(state({ sla_deadline: null, sla_violated: true }), 'none')
  t.equal(state({ status: 'DONE', sla_met: true }), 'met')
  t.equal(state({ status: 'DONE', sla_met: false, sla_violated: true }), 'missed')
  t.equal(state({ status: 'CANCELLED', sla_violated: true }), 'violated')
  t.equal(state({ status: 'CANCELLED' }), 'none')
  t.equal(state({ status: 'BLOCKED', block_kind: 'escalation', sla_warned: true }), 'paused')
  t.equal(state({ status: 'BLOCKED', block_kind: 'manual', sla_warned: true }), 'warned')
  t.equal(state({}), 'running')
})

t.test('W-76 whatever happened, the derived columns of the backlog equal their functions in every row', async (t) => {
  let rows = 0
  fc.assert(fc.property(fc.array(stepOf([task]), { minLength: 30, maxLength: 80, size: 'max' }), (steps) => {
    for (const one of rowsAfter(backlog, lived(steps).log)) {
      rows += 1
      for (const [column, value] of Object.entries(derived(one as never)))
        if (one[column] !== value) throw new Error(`${column} is ${one[column]}, not ${value}`)
    }
  }), { seed, numRuns: 60 })
  t.ok(rows > 0, 'there were rows')
})
