import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { z } from 'zod'
import { agent } from '../../fleet/agent/decider.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { orchestrator as himself, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { dependents } from '../dependents/decider.ts'
import { backlog } from '../task/backlog.ts'
import { task } from '../task/decider.ts'
import type { TaskEvent } from '../task/events.ts'
import { assigned, blocked, completed, created, other, owner, started } from '../task/scene.ts'
import { taskGraph } from './graph.ts'
import { orchestratorBacklog } from './orchestrator-backlog.ts'
import { poll } from './poll.ts'
import { delegationReport, taskMetrics } from './report.ts'

const seed = 2030

interface Page {
  readonly items: readonly { readonly task: string; readonly changed_position: string }[]
  readonly next: string
  readonly hasMore: boolean
}

const settled = () => {
  const world = new World([orchestrator, agent, task, dependents])
  for (const id of [owner, other]) world.do({ category: 'orchestrator', id, command: 'register', data: { name: 'Ada' } })
  const happened = (n: number, ...facts: readonly TaskEvent[]) => world.append(task, uuid(n), facts, world.contextOf({ id: uuid(n) }))
  return { world, happened }
}
const numbers = (items: readonly { readonly task: unknown }[]) => items.map((item) => Number(String(item.task).slice(-4)))

t.test('W-62 a poll shows what changed behind a position or an instant, in the order of the changes, page by page', async (t) => {
  const { world, happened } = settled()
  const ask = (query: object) => world.ask(poll, { query }) as unknown as Page
  t.strictSame(ask({}), { items: [], next: '0', hasMore: false })
  t.match(ask({ after: '77' }), { items: [], next: '77' }, 'who has seen all stays where he is')
  for (let n = 101; n <= 112; n++) happened(n, created({ priority: n % 2 ? 'HIGH' : 'LOW', workspace: n % 3 ? null : 'docks' }))
  const begun = world.at
  world.pass(hour_ms)
  happened(103, started())
  const first = ask({ limit: 5 })
  t.strictSame([numbers(first.items), first.hasMore], [[101, 102, 104, 105, 106], true], 'what changed since stands where it changed last')
  const second = ask({ limit: 6, after: first.next })
  t.strictSame([numbers(second.items), second.hasMore], [[107, 108, 109, 110, 111, 112], true])
  const third = ask({ limit: 6, after: second.next })
  t.strictSame([numbers(third.items), third.hasMore, third.next], [[103], false, third.items[0]!.changed_position])
  t.strictSame(numbers(ask({ since: begun }).items), [103])
  t.strictSame(numbers(ask({ since: later(begun, -1) }).items).length, 12)
  t.strictSame(numbers(ask({ workspace: 'docks', minPriority: 'MEDIUM' }).items), [105, 111])
  t.strictSame(numbers(ask({ status: 'IN_PROGRESS', owner }).items), [103])
  t.strictSame(numbers(ask({ owner: other }).items), [])
  world.do({ category: 'task', id: uuid(103), command: 'heartbeat', data: { token: '1' }, by: himself(owner) })
  t.strictSame(ask({ after: third.next }).items, [], 'a sign of life is no change')
})

t.test('W-75 whoever polls by position misses no changed task, however often and by how many at once', async (t) => {
  const command = fc.constantFrom('create', 'cancel', 'reopen', 'block', 'unblock', 'assign', 'poll')
  const said: Record<string, object> = { create: { owner, title: 'x' }, block: { reason: 'x' }, assign: { assignee: 'grace' } }
  const step = fc.record({ command, n: fc.integer({ min: 1, max: 6 }), limit: fc.integer({ min: 1, max: 3 }) })
  let seen = 0
  fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
    const { world } = settled()
    const known = new Map<string, unknown>()
    let after = '0'
    const read = (limit: number) => {
      const { items, next, hasMore } = world.ask(poll, { query: { after, limit } }) as unknown as Page
      for (const item of items) known.set(item.task, item)
      after = next
      return hasMore
    }
    for (const { command, n, limit } of steps) {
      if (command === 'poll') read(limit)
      else world.do({ category: 'task', id: uuid(100 + n), command, data: said[command] ?? {} })
    }
    while (read(1)) seen++
    const rows = rowsAfter(backlog, world.log)
    if (rows.length !== known.size || rows.some((row) => !isDeepStrictEqual(known.get(String(row.task)), row)))
      throw new Error('something was missed')
  }), { seed, numRuns: 150 })
  t.ok(seen > 30, `${seen} pages had another behind them`)
})

t.test('W-66 W-75 the report: the total is the sum of the others, by status and by priority', async (t) => {
  const { world, happened } = settled()
  world.do({ category: 'agent', id: uuid(7), command: 'register', data: { name: 'Hand', maxConcurrent: 2 } })
  for (const [n, ...more] of [
    [101], [102, assigned('grace')], [103, started()], [104, blocked('failure', 'broken')], [105, blocked('manual', 'wait')],
    [106, started(), completed('1')], [107, assigned('grace')],
  ] as const) happened(n, created({ priority: n > 103 ? 'LOW' : 'CRITICAL' }), ...more)
  world.do({ category: 'task', id: uuid(101), command: 'create', data: { owner, title: 'another' } })
  const report = world.ask(delegationReport, {}) as any
  t.strictSame(report.summary, { total: 7, pending: 1, assigned: 2, inProgress: 1, blocked: 2, completed: 1, cancelled: 0 })
  t.strictSame(report.byPriority, { CRITICAL: 3, HIGH: 0, MEDIUM: 0, LOW: 4 })
  t.strictSame(report.agents, [{ id: uuid(7), name: 'Hand', status: 'IDLE', load: 0, reliability: 0.9 }])
  t.strictSame(numbers(report.latest), [107, 106, 105, 104, 103, 102, 101])
  t.strictSame(world.ask(taskMetrics, {}), { total: 7, completed: 1, failed: 1, activeAgents: 0 })
  world.do({ category: 'agent', id: uuid(7), command: 'reserve', data: { task: uuid(101), slot: uuid(900) } })
  t.match(world.ask(taskMetrics, {}), { activeAgents: 1 }, 'W-67 an agent with a slot is active')
  t.strictSame(new World([task]).ask(taskMetrics, {}), { total: 0, completed: 0, failed: 0, activeAgents: 0 })
})

t.test('W-63 the backlog of an orchestrator: the most pressing first, page by page, and how much of it is done', async (t) => {
  const { world, happened } = settled()
  const params = { orchestrator: owner }
  const ask = (query: object = {}, of: object = params) => world.ask(orchestratorBacklog, { params: of, query }) as any
  t.strictSame(ask(), {
    items: [], next: null,
    metrics: { total: 0, byStatus: { TODO: 0, IN_PROGRESS: 0, BLOCKED: 0, DONE: 0, CANCELLED: 0 }, completionRate: 0, slaViolated: 0 },
  })
  const due = (hours: number) => later(world.at, hours * hour_ms)
  for (const [n, priority, dueAt] of [
    [101, 'LOW', due(1)], [102, 'CRITICAL', null], [103, 'CRITICAL', due(5)], [104, 'HIGH', due(9)], [105, 'HIGH', due(2)],
    [106, 'MEDIUM', null], [107, 'MEDIUM', null],
  ] as const) happened(n, created({ priority, dueAt }))
  happened(104, started())
  happened(106, blocked('manual', 'wait'))
  for (const n of [108, 109, 110]) happened(n, created({ priority: 'CRITICAL' }), started(), completed('1'))
  happened(111, created({ owner: other as never }))
  const all = ask()
  t.strictSame(numbers(all.items), [103, 102, 105, 104, 106, 107, 101])
  t.strictSame(all.metrics, {
    total: 10, byStatus: { TODO: 5, IN_PROGRESS: 1, BLOCKED: 1, DONE: 3, CANCELLED: 0 }, completionRate: 30, slaViolated: 0,
  }, '7 open, 3 done: 30 percent')
  t.strictSame(numbers(ask({ includeCompleted: true }).items), [103, 102, 108, 109, 110, 105, 104, 106, 107, 101])
  t.strictSame(numbers(ask({ status: 'DONE' }).items), [108, 109, 110])
  t.strictSame(numbers(ask({ priority: 'HIGH' }).items), [105, 104])
  const pages: number[][] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = ask({ limit: 3, ...(cursor && { cursor }) })
    pages.push(numbers(page.items))
    cursor = page.next
  }
  t.strictSame(pages, [[103, 102, 105], [104, 106, 107], [101]])
  for (const cursor of ['x', '[]', '[1,null,null,null]']) t.notOk(orchestratorBacklog.query.safeParse({ cursor }).success, cursor)
  t.equal(world.ask(orchestratorBacklog, { params: { orchestrator: uuid(99) } }), undefined)
})

t.test('L-60 the graph of a task has what it waits for and what waits for it, the nearest first, and says where it is cut', async (t) => {
  const { world, happened } = settled()
  const graph = (n: number) => world.ask(taskGraph, { params: { task: uuid(n) } }) as unknown as z.output<typeof taskGraph.answer>
  const linksOf = ({ waits }: ReturnType<typeof graph>) =>
    waits.map(({ task, depends_on }) => numbers([{ task }, { task: depends_on }]).join(' > ')).sort()
  t.equal(graph(1), undefined)
  happened(100, created())
  t.match(graph(100), { tasks: [{ task: uuid(100), title: 'Work' }], waits: [], cut: false })
  // 104 waits for 103, that for 102 and 101, which wait for 100; 110 has to do with none of them.
  const waiting = [[101, 100], [102, 100], [103, 101, 102], [104, 103], [110]] as const
  for (const [n, ...dependsOn] of waiting) happened(n, created({ dependsOn: dependsOn.map(uuid) }))
  const whole = graph(103)
  t.strictSame(numbers(whole.tasks).sort(), [100, 101, 102, 103, 104])
  t.strictSame(linksOf(whole), ['101 > 100', '102 > 100', '103 > 101', '103 > 102', '104 > 103'])
  t.equal(whole.cut, false)
  t.strictSame(linksOf(graph(100)), linksOf(whole), 'wherever one looks from')
  for (let n = 201; n < 215; n++) happened(n, created({ dependsOn: n > 201 ? [uuid(n - 1)] : [] }))
  const far = graph(201)
  t.strictSame([far.tasks.length, far.cut], [9, true], 'eight steps are gone')
  for (let n = 300; n < 520; n++) happened(n, created({ dependsOn: n > 300 ? [uuid(300)] : [] }))
  const broad = graph(300)
  t.strictSame([broad.tasks.length, broad.waits.length, broad.cut], [200, 199, true])
})
