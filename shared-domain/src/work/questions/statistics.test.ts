import t from 'tap'
import { uuid } from '../../kernel/testing.ts'
import { day_ms } from '../../kernel/time.ts'
import { Task, type TaskEvent } from '../task/events.ts'
import {
  blocked, cancelled, completed, created, delegated, failed, handedOff, inWorld, other, owner, started, token,
} from '../task/scene.ts'
import { taskState } from '../task/state.ts'
import { Days, daysOf } from './days.ts'
import { orchestratorStats, timeEstimates } from './statistics.ts'

const settled = () => {
  const { world, tell } = inWorld(created())
  return {
    world, happened: (n: number, ...facts: TaskEvent[]) => tell(taskState, uuid(n), ...facts),
    ask: (question: typeof orchestratorStats | typeof timeEstimates, query: object = {}, orchestrator = owner) =>
      world.ask(question, { params: { orchestrator }, query }) as any,
  }
}

t.test('W-64 what became of the tasks that were made for an orchestrator or came to it', async (t) => {
  const { world, happened, ask } = settled()
  const whole = { completed: 0, failed: 0, cancelled: 0, successRate: null, averageCompletion_s: null }
  t.match(ask(orchestratorStats), { total: 1, ...whole, from: '2029-01-01', to: '2030-01-01' })
  happened(2, created({ owner: other } as object), delegated(owner, other))
  happened(3, created({ owner: other } as object), handedOff({ owner: other, to: owner } as object))
  for (const [n, durationMs] of [[4, 1_000], [5, 2_050]] as const) happened(n, created(), started(), completed(token, { durationMs }))
  happened(6, created(), started(), failed(0), blocked('failure'))
  happened(7, created(), cancelled())
  happened(8, created(), delegated(other))
  t.match(ask(orchestratorStats), { total: 8, completed: 2, failed: 1, cancelled: 1, successRate: 66.7, averageCompletion_s: 1.5 })
  t.match(ask(orchestratorStats, {}, other), { total: 3, completed: 0, cancelled: 0 })
  world.pass(day_ms)
  happened(9, created(), started(), failed(0), blocked('failure'))
  t.match(ask(orchestratorStats), { total: 9, failed: 2, successRate: 50 })
  t.match(ask(orchestratorStats, { from: '2030-01-02' }), { total: 1, failed: 1, completed: 0, successRate: 0, averageCompletion_s: null })
  t.match(ask(orchestratorStats, { to: '2030-01-01' }), { total: 8, failed: 1 })
  t.match(ask(orchestratorStats, { from: '2030-01-02', to: '2030-01-02' }), { total: 1 })
  t.equal(ask(orchestratorStats, {}, uuid(99)), undefined)
})

t.test('W-65 how near estimates were: accuracy, how far off, and how often too high, too low and right', async (t) => {
  const { world, happened, ask } = settled()
  const none = { averageAccuracy: null, averageVariance: null, overEstimateRate: null, underEstimateRate: null, perfectEstimateRate: null }
  t.match(ask(timeEstimates), { records: [], count: 0, ...none })
  const recorded = (estimatedHours: number, actualHours: number, accuracy: number) => Task.TaskTimeRecorded({
    owner, estimatedHours, actualHours, variance: actualHours - estimatedHours, accuracy, source: 'recorded', notes: null,
  } as never)
  happened(2, created(), recorded(4, 5, 80))
  world.pass(1)
  happened(3, created(), recorded(8, 4, 50), recorded(3, 3, 100))
  const told = ask(timeEstimates)
  t.match(told, {
    count: 3, averageAccuracy: 76.7, averageVariance: 1.7, overEstimateRate: 33.3, underEstimateRate: 33.3, perfectEstimateRate: 33.3,
  })
  t.strictSame(told.records.map(({ accuracy }: any) => accuracy), [100, 50, 80], 'the newest first')
  t.match(ask(timeEstimates, { from: '2030-01-02' }), { count: 0, ...none })
  t.match(ask(timeEstimates, { from: '2030-01-01', to: '2030-01-01' }), { count: 3 })
  t.match(ask(timeEstimates, {}, other), { count: 0 })
  t.equal(ask(timeEstimates, {}, uuid(99)), undefined)
  happened(4, created(), ...Array.from({ length: 300 }, () => recorded(3, 3, 100)))
  const many = ask(timeEstimates)
  t.strictSame([many.records.length, many.count, many.perfectEstimateRate], [200, 303, 99.3])
})

t.test('W-64 W-65 days are asked for with both their ends, a year at most', async (t) => {
  const at = '2030-06-15T12:00:00.000Z'
  const told = (said: object) => {
    const { from, to } = daysOf(Days.parse(said), at)
    return `${from} ${to}`
  }
  t.equal(told({}), '2029-06-15 2030-06-15')
  t.equal(told({ from: '2030-06-01' }), '2030-06-01 2030-06-15')
  t.equal(told({ from: '2020-01-01' }), '2020-01-01 2020-12-31')
  t.equal(told({ to: '2020-12-31' }), '2020-01-01 2020-12-31')
  t.equal(told({ from: '2020-01-01', to: '2020-12-31' }), '2020-01-01 2020-12-31')
  t.equal(daysOf({ from: '2020-01-01', to: '2020-01-01' }, at).until, '2020-01-01T23:59:59.999Z')
  for (const said of [{ from: '2020-01-01', to: '2021-01-01' }, { from: '2020-01-02', to: '2020-01-01' }, { from: '2020-13-01' }])
    t.notOk(Days.safeParse(said).success, JSON.stringify(said))
})
