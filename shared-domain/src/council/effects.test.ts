import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { capacityState } from '../fleet/capacity/state.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { rowsAfter } from '../kernel/picture.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { conflict } from '../work/conflict/decider.ts'
import { conflictState } from '../work/conflict/state.ts'
import { task } from '../work/task/decider.ts'
import { decision } from './decision/decider.ts'
import { decisions } from './decision/decisions.ts'
import { effects } from './effects.ts'

const [a, b, c, work, dispute, question] = [11, 12, 13, 1, 50, 31].map(uuid) as [string, string, string, string, string, string]

function scene() {
  const world = new World([orchestrator, capacity, task, conflict, decision])
  const courier = new Courier(world, [effects])
  for (const id of [a, b, c]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  world.carryOut(send(task, work, 'create', { owner: a, title: 'Work' }))
  world.carryOut(send(conflict, dispute, 'open', { kind: 'resource', subject: 'the harbour', orchestrators: [a, b] }))
  const approved = (data: object) => {
    world.do({ category: 'decision', id: question, command: 'open', data: { title: 'Shall we?', electorate: [a, b, c], ...data } })
    const vote = 'options' in data ? { ranking: ['y'] } : { vote: 'APPROVE' }
    for (const id of [a, b]) world.do({ category: 'decision', id: question, command: 'cast', data: vote, by: actor(id) })
    courier.settle()
  }
  const told = (...types: readonly string[]) => world.log.filter(({ type }) => types.includes(type)).map(({ data }) => data)
  const row = () => rowsAfter(decisions, world.log)[0]!
  return { world, courier, approved, told, row }
}

const Effect = ['EffectApplied', 'EffectFailed', 'EffectRetried']

t.test('C-40 C-42 W-10 an approved priority is the task\'s, and the fact says that it was decided', async (t) => {
  const { approved, told, row } = scene()
  approved({ type: 'priority_change', taskId: work, effect: { priority: 'CRITICAL' } })
  t.match(told('TaskPriorityChanged'), [{ to: 'CRITICAL', cause: 'decision', reason: `decision ${question}` }])
  t.match(told(...Effect), [{ changed: true, revision: /^\d+$/ }])
  t.equal(row().effect_state, 'applied')
})

t.test('C-40 an approved limit is the orchestrator\'s', async (t) => {
  const { world, approved, told } = scene()
  approved({ type: 'resource_allocation', effect: { orchestrator: c, maxConcurrentTasks: 9 } })
  t.equal(world.look(capacityState, c).max, 9)
  t.match(told(...Effect), [{ changed: true }])
})

t.test('C-40 W-56 a conflict that was put to the vote ends as the winner says, or the approved question', async (t) => {
  const ranked = scene()
  const options = ['x', 'y'].map((option) => ({ option, title: option, resolve: { strategy: 'split', resolution: { goes: option } } }))
  ranked.approved({ electorate: undefined, effect: { conflict: dispute }, protocol: 'instant_runoff', options })
  t.match(ranked.told('ConflictResolved'), [{ strategy: 'split', resolution: { goes: 'y', decision: question, option: 'y' } }])
  t.equal(ranked.world.look(conflictState, dispute).stage, 'resolved')
  const binary = scene()
  binary.approved({ effect: { conflict: dispute, resolve: { strategy: 'first' } } })
  t.match(binary.told('ConflictResolved'), [{ strategy: 'first', resolution: { decision: question, option: null } }])
})

t.test('C-42 what cannot be done is told, leaves the approval as it is, and is tried again when an admin wants it', async (t) => {
  const { world, courier, approved, told, row } = scene()
  world.do({ category: 'task', id: work, command: 'cancel', data: { reason: 'moot' } })
  approved({ type: 'priority_change', taskId: work, effect: { priority: 'CRITICAL' } })
  t.match(told(...Effect), [{ code: 'INVALID_STATE_TRANSITION' }])
  t.match(row(), { status: 'approved', effect_state: 'failed' })
  const retry = () => {
    world.do({ category: 'decision', id: question, command: 'applyEffect', data: {} })
    t.equal(row().effect_state, 'pending')
    courier.settle()
  }
  retry()
  t.match(told(...Effect), [{}, { effect: { priority: 'CRITICAL' } }, { code: 'INVALID_STATE_TRANSITION' }])
  world.do({ category: 'task', id: work, command: 'reopen', data: { reason: 'not moot' } })
  retry()
  t.match(told(...Effect).at(-1), { changed: true })
  t.equal(row().effect_state, 'applied')
})

t.test('C-74 however often the approval is told, its effect is applied once', async (t) => {
  const { world, courier, approved, told } = scene()
  approved({ type: 'priority_change', taskId: work, effect: { priority: 'CRITICAL' } })
  const decided = world.log.find(({ type }) => type === 'DecisionApproved')!
  for (let times = 0; times < 3; times++) courier.tell(decided)
  t.equal(told('TaskPriorityChanged').length, 1)
  t.equal(told(...Effect).length, 1)
})
