import t, { type Test } from 'tap'
import { behaviour, now, subject, system, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { Courier } from '../../kernel/world.ts'
import { circuits } from '../circuits.ts'
import { agent } from './decider.ts'
import { Agent, type AgentEvent, type Capability } from './events.ts'
import { measured, open_ms, reliabilityOf } from './outcomes.ts'
import { registered, skill, staffed, supervisor } from './scene.ts'
import { agentState, type Known } from './state.ts'

const orchestrator = supervisor
const taking = (n: number) => ({ task: uuid(20 + n) as never, slot: uuid(920 + n) as never })
const good = (latency_ms: number | null = null, cost: number | null = null) => ({ success: true, latency_ms, cost })
const bad = { success: false, latency_ms: 5_000, cost: null }

t.test('F-71 a measure goes a fifth of the way to what was seen; the first is taken as it is', async (t) => {
  const after = (known: Partial<Capability>, ...outcomes: readonly Parameters<typeof measured>[2][]) =>
    outcomes.reduce((skills, outcome) => measured(skills, ['sql'], outcome), [skill('sql', known)])[0]
  t.match(after({ successRate: 0.9 }, good()), { successRate: 0.92 })
  t.match(after({ successRate: 0.9 }, bad), { successRate: 0.72 })
  t.match(after({}, good()), { successRate: 1 })
  t.match(after({}, bad), { successRate: 0, latency_ms: null, cost: null })
  t.match(after({}, good(800), good(1_200)), { latency_ms: 880 })
  t.match(after({ latency_ms: 800 }, bad), { latency_ms: 800 }, 'how long a bad one took says nothing')
  t.match(after({ cost: 100 }, good(null, 203), { ...bad, cost: 0 }), { cost: 97 }, 'half is rounded up: 120.6, 96.8')
  t.match(after({}, ...Array(20).fill(good()), bad, bad), { successRate: 0.64 })
  t.strictSame(measured([skill('sql'), skill('go')], ['sql', 'rust'], good())[1], skill('go'), 'what was not required stays')
})

t.test('F-71 reliability is the share of good ones, where the registered one counts as ten', async (t) => {
  t.equal(reliabilityOf(0.98, 0, 0), 0.98)
  t.equal(reliabilityOf(0.98, 5, 0), 0.9867)
  t.equal(reliabilityOf(0.94, 1, 1), 0.8667)
  t.equal(reliabilityOf(0.9, 25, 18), 0.6415)
  for (let n = 0; n < 200; n++) for (const registered of [0, 0.333, 0.9, 1]) {
    const share = reliabilityOf(registered, n, 200 - n)
    const isNear = Math.abs(share - (10 * registered + n) / 210) < 0.0000501
    if (share < 0 || share > 1 || !isNear) throw new Error(`${registered}, ${n}: ${share}`)
  }
})

const told = (n: number, current: number, max = 4) => ({ orchestrator, ...taking(n), session: null, skills: ['sql'], current, max })
const reserved = (n: number, current: number) => Agent.AgentSlotReserved(told(n, current))
const settled = (n: number, current: number) => Agent.AgentSlotReleased({ ...told(n, current), reason: 'settled' })
type Pair<T> = readonly [before: T, after: T]
interface Counts { good: number; bad: number; badInRow: number }
const recorded = (n: number, success: boolean, counts: Counts, rates: Pair<number | null>, shares: Pair<number>) => {
  const known = (step: 0 | 1) => ({ reliability: shares[step], skills: [skill('sql', { successRate: rates[step] })] })
  const [before, after] = [known(0), known(1)]
  return Agent.AgentOutcomeRecorded({ orchestrator, ...taking(n), success, latency_ms: null, cost: null, ...counts, before, after })
}
const opened = (failures: number, at: string, ...numbers: readonly number[]) =>
  Agent.AgentCircuitOpened({
    orchestrator, failures, until: later(at, open_ms), slots: numbers.map((n) => ({ ...taking(n), session: null })),
  })
const halfOpened = Agent.AgentCircuitHalfOpened({ orchestrator })
const closed = Agent.AgentCircuitClosed({ orchestrator })

const asked = (t: Test) => (...facts: readonly AgentEvent[]) =>
  behaviour(t, agent).given(registered({ maxConcurrent: 4, capabilities: [skill('sql')] }), ...facts).by(system)
const [first, second, third] = [
  recorded(1, false, { good: 0, bad: 1, badInRow: 1 }, [null, 0], [0.9, 0.8182]),
  recorded(2, false, { good: 0, bad: 2, badInRow: 2 }, [0, 0], [0.8182, 0.75]),
  recorded(3, false, { good: 0, bad: 3, badInRow: 3 }, [0, 0], [0.75, 0.6923]),
]
const broken = [
  reserved(1, 1), settled(1, 0), first, reserved(2, 1), settled(2, 0), second, reserved(4, 1), reserved(3, 2),
  settled(3, 1), third, opened(3, now, 4),
]

t.test('F-15 a slot that is settled is free, and its outcome is told with what was known before and after', async (t) => {
  const given = asked(t)
  given(reserved(1, 1)).when('settle', { ...taking(1), success: false }).yields(settled(1, 0), first)
  given(reserved(1, 1), settled(1, 0), first, reserved(2, 1)).when('settle', { ...taking(2), success: true })
    .yields(settled(2, 0), recorded(2, true, { good: 1, bad: 1, badInRow: 0 }, [0, 0.2], [0.8182, 0.8333]))
  given().when('settle', { ...taking(1), success: true }).changesNothing()
})

t.test('F-72 three bad ones in a row open the circuit; while it is open they count for what is known, and nothing starts', async (t) => {
  const given = asked(t)
  given(...broken.slice(0, 8)).when('settle', { ...taking(3), success: false })
    .yields(settled(3, 1), third, opened(3, now, 4))
  given(...broken).when('reserve', taking(5)).refuses('AGENT_NOT_AVAILABLE', { status: 'IDLE', breaker: 'OPEN' })
  given(...broken).when('settle', { ...taking(4), success: false })
    .yields(settled(4, 0), recorded(4, false, { good: 0, bad: 4, badInRow: 3 }, [0, 0], [0.6923, 0.6429]))
  given(...broken).when('halfOpen', {}).changesNothing()
})

t.test('F-72 when its time is up it is half open, by the timer or with the next fact; then one task tells', async (t) => {
  const given = asked(t)
  const until = later(now, open_ms)
  t.equal(open_ms, 300_000)
  const cool = (...facts: readonly AgentEvent[]) => given(...broken, ...facts).at(until)
  cool().when('halfOpen', {}).yields(halfOpened)
  const last = cool(settled(4, 0))
  last.when('reserve', { ...taking(5), skills: ['sql'] }).yields(halfOpened, reserved(5, 1))
  cool().when('reserve', taking(5)).refuses('AGENT_NOT_AVAILABLE', { breaker: 'HALF_OPEN' })
  cool().when('update', { tags: [] }).changesNothing()
  const trial = [settled(4, 0), halfOpened, reserved(5, 1)] as const
  cool(...trial).when('reserve', taking(6)).refuses('AGENT_NOT_AVAILABLE', { breaker: 'HALF_OPEN' })
  cool(...trial).when('settle', { ...taking(5), success: true })
    .yields(settled(5, 0), recorded(5, true, { good: 1, bad: 3, badInRow: 0 }, [0, 0.2], [0.6923, 0.7143]), closed)
  cool(...trial).when('settle', { ...taking(5), success: false })
    .yields(settled(5, 0), recorded(5, false, { good: 0, bad: 4, badInRow: 4 }, [0, 0], [0.6923, 0.6429]), opened(4, until))
  const again = [...trial, settled(5, 0), recorded(5, true, { good: 1, bad: 3, badInRow: 0 }, [0, 0.2], [0.6923, 0.7143]), closed]
  cool(...again).when('reserve', { ...taking(6), skills: ['sql'] }).yields(reserved(6, 1))
})

t.test('F-72 the timer half opens a circuit whether anything happens or not', async (t) => {
  const { world, tell } = staffed([1])
  const courier = new Courier(world, [circuits])
  const breaker = () => {
    courier.settle()
    return (world.look(agentState, subject) as Known).breaker.is
  }
  for (const n of [1, 2, 3]) {
    tell(1, 'reserve', taking(n))
    tell(1, 'settle', { ...taking(n), success: false })
  }
  t.equal(breaker(), 'OPEN')
  world.pass(open_ms - 1)
  t.equal(breaker(), 'OPEN')
  world.pass(1)
  t.equal(breaker(), 'HALF_OPEN')
  t.strictSame(courier.waiting, [])
})
