import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { older } from '../fleet/agent/fixture.ts'
import type { Known } from '../fleet/agent/state.ts'
import { Rejection } from '../kernel/decider.ts'
import type { Recorded } from '../kernel/fact.ts'
import { orchestrator, uuid } from '../kernel/testing.ts'
import { elapsed_ms, hour_ms, minute_ms } from '../kernel/time.ts'
import { house, owned, owner, seed } from './policies/scene.ts'
import { queueNext } from './task/queue.ts'

type House = ReturnType<typeof house>
type Fact = Recorded<any>

const tasks = [1, 2, 3, 4].map(uuid)
const hands = older.map(({ id }) => id)
/** Of two agents each, of one, and of nobody. */
const required = [['security'], ['deployment', 'react'], ['review'], ['dredging']]

interface Act { readonly id: string; readonly hand: string; readonly what: string; readonly wait_ms: number }

const doing = [
  'assign', 'assign', 'queue', 'queue', 'name', 'start', 'start', 'complete', 'complete', 'complete', 'late', 'fail', 'unassign', 'offline',
  'offline', 'online', 'open',
]
const act: fc.Arbitrary<Act> = fc.record({
  id: fc.constantFrom(...tasks), hand: fc.constantFrom(...hands), what: fc.constantFrom(...doing),
  wait_ms: fc.constantFrom(0, 0, 0, 0, 1_000, minute_ms, 16 * minute_ms, hour_ms),
})

/** Of the lease that there is, or of the one before. */
const tokenOf = ({ taskOf, world }: House, id: string, isLate: boolean) => {
  const leases = (world.log as Fact[]).filter((fact) => fact.id === id && fact.type === 'TaskStarted')
    .map(({ revision }) => String(revision))
  const known = taskOf(id)
  const now = known.status === 'IN_PROGRESS' ? known.lease.token : '0'
  return isLate ? leases.findLast((token) => token !== now) ?? '0' : now
}

function carriedOut(home: House, { id, hand, what }: Act): readonly Recorded[] | Rejection {
  const { task, wish, world } = home
  switch (what) {
    case 'queue': return world.choose(queueNext, { wish: { owner }, by: orchestrator(owner) })
    case 'assign': return task(id, 'assign', {}, orchestrator(owner))
    case 'name': return task(id, 'assign', { assignee: `agent:${hand}` })
    case 'complete': case 'late': return task(id, 'complete', { token: tokenOf(home, id, what === 'late') }, orchestrator(owner))
    case 'fail': return task(id, 'fail', { token: tokenOf(home, id, false), error: 'no' }, orchestrator(owner))
    case 'open': return task(id, 'unblock')
    case 'offline': case 'online': return wish('agent', hand, 'setStatus', { status: what === 'offline' ? 'OFFLINE' : 'IDLE' })
    default: return task(id, what, {}, orchestrator(owner))
  }
}

/** Whom the task fits, as facts have it: not as policies do. */
function fitting({ world, taskOf, agentOf }: House, id: string): readonly string[] {
  const { details: { requiredCapabilities } } = taskOf(id)
  const isLapsed = (hand: string) => (world.log as Fact[]).some(({ type, data, at, ...fact }) => fact.id === id
    && type === 'TaskUnassigned' && data.cause === 'lapsed' && data.agentSlot.agent === hand && elapsed_ms(at, world.at) < hour_ms)
  return hands.filter((hand) => {
    const { status, slots, profile, breaker } = agentOf(hand) as Known & { readonly breaker: { readonly until?: string } }
    const isWhole = breaker.is === 'CLOSED' || (slots.size === 0 && (breaker.is === 'HALF_OPEN' || breaker.until! <= world.at))
    return (status === 'IDLE' || status === 'ACTIVE') && slots.size < profile.maxConcurrent && isWhole && !isLapsed(hand)
      && (profile.orchestrator === null || profile.orchestrator === owner)
      && profile.capabilities.some(({ skill }) => requiredCapabilities.includes(skill))
  })
}

/** Each task has one lease at a time, is done at most once, by whoever had it then, and not while another has it. */
function checkLeases(facts: readonly Fact[]) {
  const held = new Map<string, string>()
  const done = new Set<string>()
  for (const { id, type, data, revision } of facts) {
    if (type === 'TaskStarted') {
      if (held.has(id) || done.has(id)) throw new Error(`${id} is begun twice`)
      held.set(id, String(revision))
    } else if (data.lease) {
      if (held.get(id) !== data.lease.token) throw new Error(`${type} by who does not have ${id}`)
      held.delete(id)
    }
    if (type === 'TaskCompleted') done.add(id)
  }
}

t.test('W-22 W-70 W-71 work goes to whom it fits, is done once, and comes back from whoever does nothing with it', async (t) => {
  const met: Record<string, number> = {}
  const meet = (what: string) => { met[what] = (met[what] ?? 0) + 1 }
  fc.assert(fc.property(fc.array(act, { minLength: 15, maxLength: 60, size: 'max' }), (acts) => {
    const home = house()
    const { world, courier, create, wish } = home
    wish('agent', hands[1]!, 'update', { orchestrator: owned })
    for (const [n, id] of tasks.entries()) create(id, { requiredCapabilities: required[n] })
    for (const one of acts) {
      world.pass(one.wait_ms)
      courier.settle()
      const fits = new Map(tasks.map((id) => [id, fitting(home, id)]))
      const outcome = carriedOut(home, one)
      if (one.what === 'late' && outcome instanceof Rejection) meet('late')
      if (outcome instanceof Rejection) {
        if (outcome.code !== 'NOTHING_PLACEABLE') continue
        const missed = (outcome.detail.skipped as { task: string }[]).find(({ task }) => fits.get(task)!.length > 0)
        if (missed) throw new Error(`nobody is found for ${missed.task}, which fits somebody`)
        meet('nothing placeable')
      } else {
        for (const { type, id, data } of outcome as readonly Fact[]) {
          const chosen = type === 'TaskAssigned' && data.policy !== null
          if (chosen && !fits.get(id)!.includes(data.agentSlot.agent)) throw new Error(`${data.assignee} does not fit ${id}`)
          if (type === 'TaskPlacementFailed' && fits.get(id)!.length > 0) throw new Error(`nobody is found for ${id}, which fits somebody`)
          if (chosen || type === 'TaskPlacementFailed') meet(type)
        }
      }
    }
    courier.settle()
    // Nobody does anything any more.
    for (let rounds = 0; rounds < 4; rounds++) {
      world.pass(16 * minute_ms)
      courier.settle()
    }
    for (const id of tasks) {
      const { status, assignee } = home.taskOf(id)
      if (status === 'IN_PROGRESS' || (status === 'TODO' && assignee !== null)) throw new Error(`${id} stays taken`)
    }
    for (const id of hands) if (home.agentOf(id).slots.size > 0) throw new Error('a place of an agent is lost')
    if (world.look(capacity, owner).slots.size > 0) throw new Error('a slot is lost')
    const facts = (world.log as Fact[]).filter(({ category }) => category === 'task')
    checkLeases(facts)
    for (const { type, data } of facts) {
      if (['LeaseExpired', 'TaskCompleted', 'TaskUnassigned'].includes(type)) meet([type, data.cause ?? []].flat().join(' '))
    }
  }), { seed, numRuns: 120 })
  const all = [
    'TaskAssigned', 'TaskPlacementFailed', 'nothing placeable', 'late', 'LeaseExpired', 'TaskCompleted', 'TaskUnassigned lapsed',
    'TaskUnassigned offline',
  ]
  for (const what of all) t.ok(met[what]! > 20, `${what} was met ${met[what]} times`)
})
