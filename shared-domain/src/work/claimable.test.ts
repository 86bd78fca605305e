import fc from 'fast-check'
import t from 'tap'
import { deciders, processes } from '../catalogue.ts'
import { decisions } from '../council/decision/decisions.ts'
import { ids, stepOf } from '../kernel/arbitrary.ts'
import { slicesOf } from '../kernel/choosing.ts'
import { Rejection } from '../kernel/decider.ts'
import { rowsAfter, sliced } from '../kernel/picture.ts'
import type { ReadModel } from '../kernel/read-model.ts'
import { admin, now, orchestrator } from '../kernel/testing.ts'
import { hour_ms, later } from '../kernel/time.ts'
import { Courier, type Wish, type World } from '../kernel/world.ts'
import { inhabited } from '../scenery.ts'
import { OrchestratorId } from '../vocabulary.ts'
import { backlog } from './task/backlog.ts'
import { task } from './task/decider.ts'
import { nextTask } from './task/selection.ts'
import { taskState } from './task/state.ts'

/** The tasks that `next` and `claim` would choose among: what their slices ask the read models for, but for the limit. */
function offered({ log, at }: World): readonly string[] {
  const rows = new Map([backlog, decisions].map((model) => [model as ReadModel, rowsAfter(model, log)]))
  const found = (owner: string) => slicesOf(nextTask, { id: owner, wish: {}, at, caller: { by: admin, actsFor: null } }, Infinity)
    .flatMap((slice) => sliced((model) => rows.get(model)!, backlog, slice))
  return ids.flatMap((owner) => found(owner).map((row) => String(row.task)))
}

const selection = { policy: 'any', candidates: [], rejected: [] }

/** Whether one takes work at the moment, and may spend on it, is no matter of the task. */
const matterOfWorker = ['ORCHESTRATOR_UNAVAILABLE', 'BUDGET_EXHAUSTED', 'OUTSIDE_WORK_HOURS']

/** Also those that come round by themselves, under ids of their own. */
const tasksOf = ({ log }: World) => [...new Set(log.flatMap(({ category, id }) => (category === 'task' ? [id] : [])))]

/** The tasks that start for one who may claim them, whoever is at work. */
const startable = (world: World): readonly string[] => ids.flatMap((worker) => tasksOf(world).filter((id) => {
  const wish = { worker: OrchestratorId.parse(worker), selection }
  const decision = task.commands.startSelected.decide(world.look(taskState, id), wish, world.contextOf({ id }))
  return !(decision instanceof Rejection) || matterOfWorker.includes(decision.code)
}))

const [elector, another] = ids as [string, string]

const ask = (id: string, taskId: string): Wish => ({
  category: 'decision', id, command: 'open', data: { type: 'task_approval', title: 'May it?', taskId, electorate: [elector, another] },
})

const cast = (id: string, vote: string, by: string): Wish =>
  ({ category: 'decision', id, command: 'cast', data: { vote }, by: orchestrator(by) })

/** What has to do with whether a task may start, as wishes for a task and another task, or a question of the same id. */
const deeds: Readonly<Record<string, (id: string, other: string, token: string) => Wish | readonly Wish[]>> = {
  ...Object.fromEntries(['cancel', 'reopen', 'start', 'unblock'].map((command) =>
    [command, (id: string) => ({ category: 'task', id, command, data: {} })])),
  block: (id) => ({ category: 'task', id, command: 'block', data: { reason: 'why' } }),
  release: (id, _, token) => ({ category: 'task', id, command: 'release', data: { token } }),
  fail: (id, _, token) => ({ category: 'task', id, command: 'fail', data: { token, error: 'no' } }),
  complete: (id, _, token) => ({ category: 'task', id, command: 'complete', data: { token } }),
  handoff: (id, to) => ({ category: 'task', id, command: 'handoff', data: { to, force: true } }),
  addDependency: (id, dependency) => ({ category: 'task', id, command: 'addDependency', data: { dependency } }),
  ask,
  ...Object.fromEntries(['APPROVE', 'REJECT'].flatMap((vote) => [elector, another].map((by) =>
    [`${vote} ${by}`, (id: string) => cast(id, vote, by)]))),
  // Three wishes that seldom come in this order by themselves.
  agree: (id, taskId) => [ask(id, taskId), cast(id, 'APPROVE', elector), cast(id, 'APPROVE', another)],
  defer: (id) => ({ category: 'task', id, command: 'defer', data: { until: later(now, hour_ms), reason: 'why' } }),
  undefer: (id) => ({ category: 'task', id, command: 'undefer', data: {} }),
  withdraw: (id) => ({ category: 'decision', id, command: 'cancel', data: {} }),
}

t.test('S-3 S-21 W-30 R-21 next and claim offer exactly the tasks that start takes, whatever happened', async (t) => {
  const deed = fc.record({ name: fc.constantFrom(...Object.keys(deeds)), id: fc.constantFrom(...ids), other: fc.constantFrom(...ids) })
  const moment = fc.oneof(
    { weight: 8, arbitrary: deed }, { weight: 3, arbitrary: stepOf(deciders) }, { weight: 1, arbitrary: fc.constant('settle' as const) })
  const met: Record<string, number> = { offered: 0 }
  fc.assert(fc.property(fc.array(moment, { minLength: 20, maxLength: 60, size: 'max' }), (moments) => {
    const world = inhabited()
    const courier = new Courier(world, processes)
    for (const one of moments) {
      if (one === 'settle') courier.settle()
      else if ('name' in one) {
        const known = world.look(taskState, one.id)
        const wishes = deeds[one.name]!(one.id, one.other, known.status === 'IN_PROGRESS' ? known.lease.token : '0')
        for (const wish of [wishes].flat()) world.do(wish)
      } else {
        world.pass(one.wait_ms)
        world.do(one.wish)
      }
    }
    courier.settle()
    const [shown, taken] = [offered(world), startable(world)].map((all) => [...all].sort().join())
    if (shown !== taken) throw new Error(`${shown} are offered, but ${taken} can start`)
    met.offered! += offered(world).length
    for (const { type } of world.log) met[type] = (met[type] ?? 0) + 1
  }), { seed: 2030, numRuns: 600 })
  const seen = [
    'offered', 'DependentsRecalled', 'DecisionApproved', 'DecisionRejected', 'DecisionCancelled', 'TaskRetryScheduled', 'TaskDeferralEnded',
  ]
  for (const what of seen)
    t.ok(met[what]! > 10, `${what} was met ${met[what]} times`)
})
