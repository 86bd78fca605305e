import fc from 'fast-check'
import t from 'tap'
import { ids, stepOf } from '../kernel/arbitrary.ts'
import { send } from '../kernel/process.ts'
import { system } from '../kernel/testing.ts'
import { Courier, type World } from '../kernel/world.ts'
import { inhabited } from '../scenery.ts'
import { leases } from '../work/leases.ts'
import { task } from '../work/task/decider.ts'
import { taskState } from '../work/task/state.ts'
import { budget } from './budget/decider.ts'
import { monthOf } from './budget/windows.ts'
import { ledgerOf, ledgerState } from './ledger/state.ts'
import { ledgers } from './ledgers.ts'
import { sessionBudgets } from './session-budgets.ts'
import { sessionEnds } from './session-ends.ts'
import { slots } from './slots.ts'
import { workSession } from './work-session/decider.ts'
import { isOpen, workSessionState } from './work-session/state.ts'

const [first, , , slot] = ids as [string, string, string, string]
const seed = 2030

/** The first task is worked on, by a session under its lease. */
function atWork(tokens = 0) {
  const world = inhabited()
  world.do({ category: 'budget', id: 'acme', command: 'configureOrganization', data: {} })
  const courier = new Courier(world, [sessionEnds, sessionBudgets, ledgers, slots, leases])
  courier.settle()
  const known = world.look(taskState, first)
  if (known.status !== 'IN_PROGRESS') throw new Error(known.status)
  const { token } = known.lease
  world.do({ category: 'workSession', id: slot, command: 'spawn', data: { daemon: first, task: first, token, program: 'agent', tokens } })
  courier.settle()
  return { world, courier, token }
}
const last = (world: World, category: string) => world.log.findLast((fact) => fact.category === category)

t.test('F-92 every fact that ends a lease ends its session, and says how', async (t) => {
  const ends: readonly (readonly [string, object, object])[] = [
    ['complete', {}, { type: 'WorkSessionCompleted' }],
    ['fail', { error: 'no memory', kind: 'oom' }, { type: 'WorkSessionFailed', data: { kind: 'oom', error: 'no memory' } }],
    ['fail', { error: 'what', kind: 'strange' }, { type: 'WorkSessionFailed', data: { kind: 'unknown' } }],
    ['release', {}, { type: 'WorkSessionTerminated', data: { reason: 'TaskReleased' } }],
    ['cancel', {}, { type: 'WorkSessionTerminated', data: { reason: 'TaskCancelled' } }],
    ['block', { reason: 'why' }, { type: 'WorkSessionTerminated', data: { reason: 'TaskBlocked' } }],
    ['handoff', { to: ids[1] }, { type: 'WorkSessionTerminated', data: { reason: 'TaskHandedOff' } }],
    ['escalate', { reason: 'why' }, { type: 'WorkSessionTerminated', data: { reason: 'TaskEscalated' } }],
  ]
  for (const [command, data, end] of ends) {
    const { world, courier } = atWork()
    world.do({ category: 'task', id: first, command, data, by: system })
    courier.settle()
    t.match(last(world, 'workSession'), end, command)
  }
  const { world, courier, token } = atWork()
  world.pass(61_000)
  world.carryOut(send(task, first, 'expireLease', { token }))
  courier.settle()
  t.match(last(world, 'workSession'), { type: 'WorkSessionFailed', data: { kind: 'lost', error: 'LeaseExpired' } })
})

t.test('F-104 no session is open without its lease, once processes have caught up, whatever anybody did', async (t) => {
  let ended = 0
  fc.assert(fc.property(fc.array(stepOf([task, workSession]), { minLength: 5, maxLength: 40, size: 'max' }), (steps) => {
    const { world, courier } = atWork(3)
    for (const { wish, wait_ms } of steps) {
      world.pass(wait_ms)
      world.do(wish)
      courier.settle()
    }
    for (const id of new Set(world.log.filter(({ category }) => category === 'workSession').map(({ id }) => id))) {
      const session = world.look(workSessionState, id)
      if (session.status === 'UNKNOWN') continue
      if (!isOpen(session)) ended++
      const known = world.look(taskState, session.wanted.task)
      const isLeased = known.status === 'IN_PROGRESS' && known.lease.slot === id
      if (isOpen(session) && !isLeased) throw new Error(`${id} goes on without its lease`)
    }
  }), { seed, numRuns: 60 })
  t.ok(ended > 20, `${ended} sessions ended`)
})

t.test('F-96 the end of a session books what was not booked yet, and gives back the rest; what was lost counts whole', async (t) => {
  const used = (tokens: number) => ({ exitCode: 0, metrics: { tokens }, outputTail: '', outputDigest: '0'.repeat(64) })
  const cases: readonly (readonly [string, number, (world: World, reservation: string) => unknown])[] = [
    ['nothing used', 0, (world) => world.do({ category: 'workSession', id: slot, command: 'complete', data: used(0) })],
    ['some', 7, (world) => world.do({ category: 'workSession', id: slot, command: 'complete', data: used(7) })],
    ['more than was set aside', 50, (world) => world.do({ category: 'workSession', id: slot, command: 'complete', data: used(50) })],
    ['some of it told before', 7, (world, reservation) => {
      const ledger = ledgerOf(first, monthOf(world.at))
      world.do({ category: 'ledger', id: ledger, command: 'consume', data: { orchestrator: first, reservation, tokens: 5 } })
      world.do({ category: 'workSession', id: slot, command: 'complete', data: used(7) })
    }],
    ['lost', 20, (world) => world.do({ category: 'task', id: first, command: 'endLease', data: { slot }, by: system })],
  ]
  for (const [what, tokens, act] of cases) {
    const { world, courier } = atWork(20)
    const holders = [first, 'acme']
    const counts = () => holders.map((holder) => world.look(ledgerState, ledgerOf(holder, monthOf(world.at))).counts!)
    const before = counts()
    const session = world.look(workSessionState, slot)
    const reservation = session.status === 'UNKNOWN' ? '' : session.reservation!
    t.ok(reservation, 'it has something set aside')
    act(world, reservation)
    courier.settle()
    for (const [n, after] of counts().entries()) {
      t.equal(after.month.tokens - before[n]!.month.tokens, tokens, `${what}: ${holders[n]}`)
      t.equal(before[n]!.reserved.tokens - after.reserved.tokens, 20, `${what}: nothing stays set aside, ${holders[n]}`)
    }
    world.carryOut(send(budget, first, 'review', {}))
    const { length } = world.log
    courier.settle()
    t.equal(world.log.length, length, `${what}: once`)
  }
})
