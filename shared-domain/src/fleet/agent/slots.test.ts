import fc from 'fast-check'
import t, { type Test } from 'tap'
import { behaviour, subject, system, uuid } from '../../kernel/testing.ts'
import { Courier } from '../../kernel/world.ts'
import { agentSlots } from '../agent-slots.ts'
import { agent } from './decider.ts'
import { Agent, type AgentEvent } from './events.ts'
import { registered, staffed, supervisor } from './scene.ts'
import { reservation_ms } from './slots.ts'
import { agentState, slotOf } from './state.ts'

const seed = 2030
const taking = (n: number) => ({ task: uuid(20 + n) as never, slot: uuid(920 + n) as never })
const orchestrator = supervisor
const told = (n: number, current: number, max: number) => ({ orchestrator, ...taking(n), session: null, skills: ['sql'], current, max })
const reserved = (n: number, current: number, max = 5) => Agent.AgentSlotReserved(told(n, current, max))
const confirmed = (n: number, current: number, max = 5) => Agent.AgentSlotConfirmed(told(n, current, max))
const released = (n: number, reason: 'ended' | 'not-started' | 'expired', current: number, max = 5) =>
  Agent.AgentSlotReleased({ ...told(n, current, max), reason })
const load = (current: number, max = 5) => ({ orchestrator, current, max, load: current / max })
const status = (to: 'ACTIVE' | 'OFFLINE' | 'SUSPENDED') =>
  Agent.AgentStatusChanged({ orchestrator, from: 'IDLE', to, reason: null, slots: [] })
const retired = Agent.AgentRetired({ orchestrator, from: 'IDLE', reason: null, slots: [] })

const asked = (t: Test) => (...facts: readonly AgentEvent[]) =>
  behaviour(t, agent).given(registered({ maxConcurrent: 5 }), ...facts).by(system)
const wish = (n: number) => ({ ...taking(n), skills: ['sql'] })

t.test('F-14 a slot is reserved, confirmed and given back, and what has ended stays so', async (t) => {
  const given = asked(t)
  given().when('reserve', wish(1)).yields(reserved(1, 1))
  given(reserved(1, 1)).when('reserve', wish(1)).changesNothing()
  given(reserved(1, 1)).when('confirm', taking(1)).yields(confirmed(1, 1))
  given(reserved(1, 1), confirmed(1, 1)).when('confirm', taking(1)).changesNothing()
  given(reserved(1, 1), confirmed(1, 1)).when('release', { ...taking(1), reason: 'ended' }).yields(released(1, 'ended', 0))
  given(reserved(1, 1)).when('release', { ...taking(1), reason: 'not-started' }).yields(released(1, 'not-started', 0))
  given(reserved(1, 1)).when('expire', taking(1)).yields(released(1, 'expired', 0))
  given(reserved(1, 1), confirmed(1, 1)).when('expire', taking(1)).changesNothing()
  for (const command of ['confirm', 'expire'] as const)
    given(reserved(1, 1), released(1, 'expired', 0)).when(command, taking(1)).changesNothing()
  given(reserved(1, 1), released(1, 'expired', 0)).when('release', { ...taking(1), reason: 'ended' }).changesNothing()
  for (const command of ['confirm', 'expire'] as const) behaviour(t, agent).given().when(command, taking(1)).changesNothing()
})

t.test('F-14 only who is idle or active gets work, and no more than there is room for', async (t) => {
  const given = asked(t)
  behaviour(t, agent).given().when('reserve', wish(1)).refuses('NOT_FOUND')
  given(status('ACTIVE')).when('reserve', wish(1)).yields(reserved(1, 1))
  for (const to of ['OFFLINE', 'SUSPENDED'] as const)
    given(status(to)).when('reserve', wish(1)).refuses('AGENT_NOT_AVAILABLE', { status: to, breaker: 'CLOSED' })
  given(retired).when('reserve', wish(1)).refuses('AGENT_NOT_AVAILABLE', { status: 'RETIRED' })
  const full = [1, 2, 3, 4, 5].map((n) => reserved(n, n))
  given(...full).when('reserve', wish(6)).refuses('CAPACITY_EXCEEDED', { current: 5, max: 5 })
  given(reserved(1, 1), retired).when('release', { ...taking(1), reason: 'ended' }).yields(released(1, 'ended', 0))
})

t.test('F-70 of five slots the fourth warns, the fifth overloads, and back at four it is cleared', async (t) => {
  const given = asked(t)
  const taken = (...numbers: readonly number[]) => given(...numbers.map((n) => reserved(n, n)))
  taken(1, 2).when('reserve', wish(3)).yields(reserved(3, 3))
  taken(1, 2, 3).when('reserve', wish(4)).yields(reserved(4, 4), Agent.AgentOverloadWarned(load(4)))
  taken(1, 2, 3, 4).when('reserve', wish(5)).yields(reserved(5, 5), Agent.AgentOverloaded(load(5)))
  taken(1, 2, 3, 4, 5).when('release', { ...taking(5), reason: 'ended' })
    .yields(released(5, 'ended', 4), Agent.AgentOverloadCleared(load(4)))
  taken(1, 2, 3, 4).when('release', { ...taking(4), reason: 'ended' }).yields(released(4, 'ended', 3))
  behaviour(t, agent).given(registered()).by(system).when('reserve', wish(1))
    .yields(reserved(1, 1, 1), Agent.AgentOverloaded(load(1, 1)))
})

t.test('F-14 a reservation that nobody confirms ends after thirty seconds', async (t) => {
  const { world, tell } = staffed([1], { maxConcurrent: 2 })
  const courier = new Courier(world, [agentSlots])
  const taken = () => {
    courier.settle()
    const state = world.look(agentState, subject)
    return state.stage === 'open' ? [...state.slots.keys()] : []
  }
  for (const n of [1, 2]) tell(1, 'reserve', wish(n))
  tell(1, 'confirm', taking(1))
  t.strictSame(taken().length, 2)
  world.pass(reservation_ms - 1)
  t.strictSame([reservation_ms, taken().length], [30_000, 2])
  world.pass(1)
  t.strictSame(taken(), [slotOf({ ...taking(1), session: null })])
  // Whoever confirms late is answered once more, and then nothing waits.
  t.match(courier.waiting, [{ command: 'confirm' }])
  world.pass(reservation_ms)
  t.strictSame([taken(), courier.waiting], [[slotOf({ ...taking(1), session: null })], []])
})

const deed = fc.record({
  command: fc.constantFrom(
    'reserve', 'reserve', 'reserve', 'confirm', 'release', 'expire', 'settle', 'settle', 'update', 'setStatus', 'halfOpen',
  ),
  n: fc.integer({ min: 1, max: 6 }), max: fc.integer({ min: 1, max: 4 }), success: fc.boolean(),
  status: fc.constantFrom('IDLE', 'IDLE', 'ACTIVE', 'OFFLINE'), wait_ms: fc.constantFrom(0, 1_000, 100_000, 300_000),
})

const wordsOf = ({ command, n, max, success, status }: { command: string; n: number; max: number; success: boolean; status: string }) => {
  switch (command) {
    case 'update': return { maxConcurrent: max }
    case 'setStatus': return { status }
    case 'halfOpen': return {}
    case 'release': return { ...taking(n), reason: 'ended' }
    case 'settle': return { ...taking(n), success }
    default: return taking(n)
  }
}

t.test('F-100 whatever happens, slots are never more than the limit at a reserve; each ends once, with at most one outcome', async (t) => {
  let [outcomes, refusals, openings] = [0, 0, 0]
  fc.assert(fc.property(fc.array(deed, { maxLength: 100, size: 'max' }), (deeds) => {
    const { world, tell } = staffed([1], { maxConcurrent: 3 })
    for (const { wait_ms, ...deed } of deeds) {
      world.pass(wait_ms)
      if (!Array.isArray(tell(1, deed.command, wordsOf(deed)))) refusals++
    }
    const open = new Map<string, 'taken' | 'settled'>()
    let [max, full] = [3, false]
    for (const { type, data } of world.log as readonly any[]) {
      const slot = data.slot && slotOf({ session: null, ...data })
      if (type === 'AgentUpdated') max = data.maxConcurrent
      if (type === 'AgentSlotReserved') {
        if (open.get(slot) === 'taken') throw new Error('a slot is taken twice')
        open.set(slot, 'taken')
      }
      if (type === 'AgentSlotReleased') {
        if (open.get(slot) !== 'taken') throw new Error('what is free is given back')
        if (data.reason === 'settled') open.set(slot, 'settled')
        else open.delete(slot)
      }
      if (type === 'AgentOutcomeRecorded') {
        if (open.get(slot) !== 'settled') throw new Error('an outcome belongs to no slot')
        open.delete(slot)
        outcomes++
      }
      if (type === 'AgentCircuitOpened') openings++
      if (type.startsWith('AgentSlot')) {
        const current = [...open.values()].filter((use) => use === 'taken').length
        if (data.current !== current || data.max !== max) throw new Error(`${type} counts wrong: ${current} of ${max} are taken`)
        if (type === 'AgentSlotReserved' && current > max) throw new Error(`${current} of ${max} slots are taken`)
      }
      if (type === 'AgentOverloaded' || type === 'AgentOverloadCleared') {
        if (full === (type === 'AgentOverloaded') || full === (data.load >= 1)) throw new Error(`${type} at ${data.load} changes nothing`)
        full = !full
      }
    }
  }), { seed, numRuns: 300 })
  t.ok(outcomes > 100 && refusals > 100 && openings > 10, `${outcomes} outcomes, ${refusals} refusals, ${openings} openings`)
})
