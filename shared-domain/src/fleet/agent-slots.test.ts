import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../kernel/decider.ts'
import type { Recorded } from '../kernel/fact.ts'
import { uuid } from '../kernel/testing.ts'
import { hour_ms, second_ms } from '../kernel/time.ts'
import { house, owned, owner, seed } from '../work/policies/scene.ts'
import type { Known as Task } from '../work/task/state.ts'
import { older } from './agent/fixture.ts'
import { reservation_ms } from './agent/slots.ts'
import { agents } from './agent/agents.ts'
import { rowsAfter } from '../kernel/picture.ts'

const copilot = uuid(705)
const tokenOf = (task: Task) => (task.status === 'IN_PROGRESS' ? task.lease.token : '0')
const slotFacts = (log: readonly Recorded[], id = copilot) => log.filter((fact) => fact.id === id && fact.type.startsWith('AgentSlot'))

function begun() {
  const home = house()
  home.create(uuid(1), { requiredCapabilities: ['REVIEW'] })
  home.task(uuid(1), 'assign', { assignee: `agent:${copilot}` })
  home.task(uuid(1), 'start', {}, { kind: 'agent', id: copilot })
  home.courier.settle()
  return { ...home, token: tokenOf(home.taskOf(uuid(1))) }
}

t.test('F-14 F-100 a place is reserved for the assignment, and confirmed when it lasts', async (t) => {
  const { world, courier, agentOf } = begun()
  t.strictSame(slotFacts(world.log).map(({ type }) => type), ['AgentSlotReserved'])
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame(slotFacts(world.log).map(({ type }) => type), ['AgentSlotReserved', 'AgentSlotConfirmed'])
  t.match([...agentOf(copilot).slots.values()], [{ task: uuid(1), session: null, skills: ['REVIEW'], use: 'active' }])
})

t.test('F-71 F-15 what became of the task is what is known of the agent; other ends say nothing', async (t) => {
  const last = (log: readonly Recorded[]) => log.filter(({ type }) => type === 'AgentOutcomeRecorded').map(({ data }) => data as any)
  const done = begun()
  done.world.pass(7 * second_ms)
  done.task(uuid(1), 'complete', { token: done.token, metrics: { cost: 120, other: 1.5 } })
  done.courier.settle()
  t.match(last(done.world.log), [{ success: true, latency_ms: 7_000, cost: 120, good: 1, bad: 0 }])
  t.match(done.agentOf(copilot).profile.capabilities[2], { skill: 'review', successRate: 1, latency_ms: 7_000, cost: 120 }, 'in any case')
  t.equal(done.agentOf(copilot).slots.size, 0)
  const odd = begun()
  odd.task(uuid(1), 'complete', { token: odd.token, metrics: { cost: 0.5 } })
  odd.courier.settle()
  t.match(last(odd.world.log), [{ cost: null }], 'a cost that is not whole is none')
  for (const [command, data] of [['fail', { error: 'no' }], ['expireLease', {}]] as const) {
    const bad = begun()
    bad.world.pass(hour_ms)
    bad.task(uuid(1), command, { token: bad.token, ...data })
    bad.courier.settle()
    t.match(last(bad.world.log), [{ success: false, latency_ms: null, cost: null, bad: 1 }], command)
  }
  const silent = [
    ['release', {}], ['cancel', {}], ['block', { reason: 'no' }], ['handoff', { to: owned }], ['escalate', { reason: 'no' }],
  ] as const
  for (const [command, data] of silent) {
    const other = begun()
    const outcome = other.task(uuid(1), command, command === 'release' ? { token: other.token } : data)
    t.notOk(outcome instanceof Rejection, command)
    other.courier.settle()
    t.strictSame([last(other.world.log), other.agentOf(copilot).slots.size], [[], 0], command)
    t.match(slotFacts(other.world.log).at(-1), { data: { reason: 'ended' } })
  }
})

t.test('F-15 a reservation that no task names is given back, and one whose task does is confirmed, even late', async (t) => {
  const { wish, world, courier, agentOf } = house()
  const taking = { task: uuid(1), slot: uuid(2) }
  wish('agent', copilot, 'reserve', taking)
  courier.settle()
  world.pass(reservation_ms)
  courier.settle()
  t.match(slotFacts(world.log).at(-1), { type: 'AgentSlotReleased', data: { reason: 'expired' } })
  const late = begun()
  const slot = late.taskOf(uuid(1)).agentSlot!.slot
  t.match(late.wish('agent', copilot, 'expire', { task: uuid(1), slot }), [{ type: 'AgentSlotConfirmed' }])
  late.wish('agent', copilot, 'release', { task: uuid(1), slot, reason: 'ended' })
  const again = late.wish('agent', copilot, 'confirm', { task: uuid(1), slot })
  t.match(again, [{ type: 'AgentSlotConfirmed', data: { current: 1, skills: ['REVIEW'] } }])
  late.wish('agent', copilot, 'release', { task: uuid(1), slot, reason: 'ended' })
  for (let n = 0; n < 5; n++) late.wish('agent', copilot, 'reserve', { task: uuid(50), slot: uuid(60 + n) })
  t.match(late.wish('agent', copilot, 'confirm', { task: uuid(1), slot }), { code: 'CAPACITY_EXCEEDED' }, 'not above the limit')
  t.strictSame(late.wish('agent', copilot, 'confirm', { task: uuid(1), slot: uuid(3) }), [], 'of another slot')
  t.strictSame(late.wish('agent', uuid(799), 'confirm', taking), [])
  t.equal(agentOf(copilot).slots.size, 0)
})

const tasks = [1, 2, 3, 4, 5].map(uuid)
const hands = ['700', '703', '705'].map((n) => uuid(Number(n)))

type Deed = (task: Task, hand: string) => { readonly command: string; readonly data: object }

/** What may be done to a task with an agent, by whoever is drawn. */
const deeds: Readonly<Record<string, Deed>> = {
  ...Object.fromEntries(['start', 'unassign', 'cancel', 'reopen', 'unblock'].map((command) => [command, () => ({ command, data: {} })])),
  assign: () => ({ command: 'assign', data: {} }),
  name: (_: Task, hand: string) => ({ command: 'assign', data: { assignee: `agent:${hand}` } }),
  person: () => ({ command: 'assign', data: { assignee: 'Grace' } }),
  lead: () => ({ command: 'assign', data: { assignee: `orchestrator:${owned}` } }),
  block: () => ({ command: 'block', data: { reason: 'no' } }),
  escalate: () => ({ command: 'escalate', data: { reason: 'no' } }),
  delegate: ({ owner: from }: Task) => ({ command: 'delegate', data: { to: from === owner ? owned : owner, force: true } }),
  handoff: ({ owner: from }: Task) => ({ command: 'handoff', data: { to: from === owner ? owned : owner, force: true } }),
  heartbeat: (task: Task) => ({ command: 'heartbeat', data: { token: tokenOf(task) } }),
  complete: (task: Task) => ({ command: 'complete', data: { token: tokenOf(task) } }),
  fail: (task: Task) => ({ command: 'fail', data: { token: tokenOf(task), error: 'no' } }),
  release: (task: Task) => ({ command: 'release', data: { token: tokenOf(task) } }),
}

t.test('F-100 F-101 slots stay within the limit, end once and balance; an agent changes only tasks that name it', (t) => {
  const some = { task: fc.constantFrom(...tasks), hand: fc.constantFrom(...hands), again: fc.boolean() }
  const deed = fc.record({ ...some, names: fc.constantFrom(...Object.keys(deeds)).map((name) => [name]), byHand: fc.boolean() })
  // What seldom comes in this order by itself.
  const work = fc.record({
    ...some, names: fc.constantFrom('complete', 'fail', 'release', 'heartbeat').map((end) => ['name', 'start', end]),
    byHand: fc.constant('but the first'),
  })
  const moment = fc.oneof(
    { weight: 8, arbitrary: deed }, { weight: 6, arbitrary: work },
    { weight: 1, arbitrary: fc.record({ pass_s: fc.constantFrom(1, 31, 61, 901) }) },
    { weight: 1, arbitrary: fc.record({ status: fc.constantFrom('IDLE', 'ACTIVE', 'OFFLINE'), hand: fc.constantFrom(...hands) }) },
  )
  const met: Record<string, number> = { byHand: 0, refusedHand: 0 }
  fc.assert(fc.property(fc.array(moment, { minLength: 20, maxLength: 60, size: 'max' }), (moments) => {
    const home = house()
    const { world, courier, taskOf, agentOf, wish } = home
    for (const id of tasks) home.create(id, { requiredCapabilities: id === uuid(1) ? ['react'] : [] })
    for (const one of moments) {
      if ('pass_s' in one) {
        world.pass(one.pass_s * second_ms)
        courier.settle()
      } else if ('status' in one) wish('agent', one.hand, 'setStatus', { status: one.status })
      else {
        for (const name of one.names) {
          const before = taskOf(one.task)
          const { command, data } = deeds[name]!(before, one.hand)
          const isByHand = one.byHand === true || (one.byHand !== false && name !== 'name')
          const outcome = home.task(one.task, command, data, isByHand ? { kind: 'agent', id: one.hand } : undefined)
          const facts = outcome instanceof Rejection ? [] : outcome
          if (one.again) for (const fact of facts) courier.tell(fact)
          if (!isByHand) continue
          met[facts.length > 0 ? 'byHand' : 'refusedHand']!++
          if (facts.length > 0 && before.agentSlot?.agent !== one.hand) throw new Error(`${command} by ${one.hand}, whom nothing names`)
        }
      }
    }
    for (const wait_s of [0, 31, 31]) {
      world.pass(wait_s * second_ms)
      courier.settle()
    }
    for (const fact of world.log) met[fact.type] = (met[fact.type] ?? 0) + 1
    for (const { id, max } of older) {
      const named = tasks.filter((task) => taskOf(task).agentSlot?.agent === id).length
      // What was taken for no task that there is has gone back.
      if (agentOf(id).slots.size !== named) throw new Error(`${id} has ${agentOf(id).slots.size} slots for ${named} tasks`)
      const ended = new Map<string, number>()
      const judged = new Map<string, number>()
      for (const fact of world.log.filter((fact) => fact.id === id) as any[]) {
        const { type, data } = fact
        if (type === 'AgentSlotReserved' && data.current > max) throw new Error(`${data.current} slots of ${max}`)
        if (type === 'AgentSlotReleased') ended.set(data.slot, (ended.get(data.slot) ?? 0) + 1)
        if (type === 'AgentOutcomeRecorded') judged.set(data.slot, (judged.get(data.slot) ?? 0) + 1)
      }
      if ([...ended.values(), ...judged.values()].some((times) => times > 1)) throw new Error(`a slot of ${id} ended twice`)
      const shown = rowsAfter(agents, world.log).find(({ agent }) => agent === id)
      if (shown?.current !== named) throw new Error(`${shown?.current} slots are shown of ${id}`)
    }
  }), { seed, numRuns: 150 })
  const kinds = ['AgentSlotConfirmed', 'AgentOutcomeRecorded', 'TaskUnassigned', 'AgentCircuitOpened', 'TaskHandedOff']
  for (const what of ['byHand', 'refusedHand', ...kinds])
    t.ok(met[what]! > 10, `${what} was met ${met[what]} times`)
  t.end()
})
