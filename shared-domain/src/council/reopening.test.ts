import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { task } from '../work/task/decider.ts'
import { approvalsOf, taskState, type Known } from '../work/task/state.ts'
import { decision } from './decision/decider.ts'
import { decisionState } from './decision/state.ts'
import { reopening } from './reopening.ts'

const [a, b, wanted, first, second] = [11, 12, 1, 31, 32].map(uuid) as [string, string, string, string, string]

t.test('C-16 what is asked again keeps its outcome, and the task waits for the new question alone', async (t) => {
  const world = new World([orchestrator, capacity, task, decision])
  const courier = new Courier(world, [reopening])
  for (const id of [a, b]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  world.carryOut(send(task, wanted, 'create', { owner: a, title: 'Publish it' }))
  const ask = (id: string, more: object = {}) => world.do({
    category: 'decision', id, command: 'open',
    data: { type: 'task_approval', title: 'May it?', electorate: [a, b], taskId: wanted, ...more }, by: actor(a),
  })
  ask(first)
  for (const id of [a, b]) world.do({ category: 'decision', id: first, command: 'cast', data: { vote: 'REJECT' }, by: actor(id) })
  courier.settle()
  const waiting = () => approvalsOf(world.look(taskState, wanted) as Known)
  t.strictSame(waiting(), [first])
  ask(second, { reopens: first, evidence: 'New figures.' })
  courier.settle()
  t.match(world.look(decisionState, first), { stage: 'rejected', reopenedBy: second })
  t.strictSame(waiting(), [second])
  for (const id of [a, b]) world.do({ category: 'decision', id: second, command: 'cast', data: { vote: 'APPROVE' }, by: actor(id) })
  t.notOk(world.do({ category: 'task', id: wanted, command: 'start', data: {}, by: actor(a) }) instanceof Error)
  t.equal(world.look(taskState, wanted).status, 'IN_PROGRESS')
})
