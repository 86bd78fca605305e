import t from 'tap'
import { backlogSummary } from '../work/task/backlog-summary.ts'
import { ids } from '../kernel/arbitrary.ts'
import { rowsAfter } from '../kernel/picture.ts'
import { uuid } from '../kernel/testing.ts'
import { day_ms } from '../kernel/time.ts'
import { inhabited } from '../scenery.ts'
import { orchestratorDashboard } from './orchestrator-dashboard.ts'
import { orchestratorMetrics } from './orchestrator-metrics.ts'

const [first, second] = ids as [string, string]

t.test('L-12 the figures of an orchestrator are its slots, what it has to do, and today', async (t) => {
  const world = inhabited()
  const told = world.ask(orchestratorMetrics, { params: { orchestrator: first } }) as any
  const today = { kind: 'orchestrator', subject: first, day: world.at.slice(0, 10), started: 1 }
  t.match(told, { capacity: { orchestrator: first, reserved: 2 }, performance: today })
  t.strictSame(told.backlog_summary, rowsAfter(backlogSummary, world.log).find(({ owner }) => owner === first))
  world.pass(day_ms)
  t.match(world.ask(orchestratorMetrics, { params: { orchestrator: first } }), { performance: null }, 'another day')
  t.equal(world.ask(orchestratorMetrics, { params: { orchestrator: uuid(777) } }), undefined)
})

t.test('L-12 the page of an orchestrator is one answer of one look', async (t) => {
  const world = inhabited()
  world.pass(day_ms)
  const page = world.ask(orchestratorDashboard, { params: { orchestrator: first } }) as any
  t.match(page, {
    orchestrator: { orchestrator: first }, capacity: { reserved: 2 }, backlog_summary: { owner: first },
    running: [{ task: first, status: 'IN_PROGRESS' }],
    slots: [{ task: first, use: 'reserved' }], waiting_votes: [{ elector: first }], performance: [{ subject: first }],
  })
  t.ok(page.performance.every(({ subject }: { subject: string }) => subject === first))
  t.match(world.ask(orchestratorDashboard, { params: { orchestrator: second } }), { orchestrator: { orchestrator: second }, running: [] })
  t.equal(world.ask(orchestratorDashboard, { params: { orchestrator: uuid(777) } }), undefined)
  t.ok(orchestratorDashboard.statements_max <= 10)
})
