import t from 'tap'
import { deciders, processes } from '../../catalogue.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { send } from '../../kernel/process.ts'
import { admin, orchestrator as actor, uuid } from '../../kernel/testing.ts'
import { dayOf, day_ms, later } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { coordination } from './coordination.ts'

const [ada, bob, cleo] = [11, 12, 13].map(uuid) as [string, string, string]

function scene() {
  const world = new World(deciders)
  for (const id of [ada, bob, cleo]) {
    world.carryOut(send(orchestrator, id, 'register', { name: `Orchestrator ${id.at(-1)}`, maxConcurrentTasks: 50 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const courier = new Courier(world, processes)
  const wish = (n: number, command: string, data: object = {}, by = admin) => {
    world.do({ category: 'task', id: uuid(n), command, data, by })
    courier.settle()
    world.pass(1)
  }
  const ask = (query: object = {}) => world.ask(coordination, { query }) as any
  return { world, courier, wish, ask }
}

t.test('who has to do with whom: what moves, requests for help, escalations and conflicts came to, and what is open', async (t) => {
  const { world, wish, ask } = scene()
  for (const n of [1, 2, 3]) wish(n, 'create', { owner: ada, title: 'Work' })
  for (const n of [1, 2]) wish(n, 'delegate', { to: bob }, actor(ada))
  wish(3, 'delegate', { to: cleo }, actor(ada))
  wish(1, 'declineDelegation', { reason: 'no time' }, actor(bob))
  wish(2, 'handoff', { to: cleo }, actor(bob))
  wish(3, 'collaborate', { collaborators: [{ orchestrator: bob, role: 'reader' }] }, actor(cleo))
  wish(3, 'acceptCollaboration', {}, actor(bob))
  wish(1, 'escalate', { reason: 'no key', to: 'ann' })
  const data = { kind: 'resource', subject: 'the desk', orchestrators: [bob, cleo] }
  world.do({ category: 'conflict', id: uuid(9), command: 'open', data })
  const all = ask()
  t.strictSame(all.counts, {
    delegations: { DECLINED: 1, ACCEPTED: 1, OFFERED: 1 }, handoffs: { OFFERED: 1 }, collaborations: { accepted: 1 },
    escalations: { OPEN: 1 }, conflicts: { OPEN: 1 },
  })
  t.strictSame(all.pairs, [{ from: ada, to: bob, count: 2 }, { from: ada, to: cleo, count: 1 }, { from: bob, to: cleo, count: 1 }])
  t.match(all.open, {
    delegations: [{ task: uuid(2), to: bob }, { task: uuid(3), to: cleo }, { task: uuid(2), kind: 'handoff' }],
    escalations: [{ task: uuid(1), to: 'ann', level: 1 }], conflicts: [{ subject: 'the desk' }],
  })
  t.strictSame(all.recent.map(({ type }: any) => type),
    ['conflicts', 'escalations', 'collaborations', 'handoffs', 'delegations', 'delegations', 'delegations'])
  t.match(all.recent[1], { id: uuid(1), among: [ada, 'ann'], state: 'OPEN' })
  t.strictSame(all.recent[2].among, [cleo, bob])

  const { counts, pairs, open, recent } = ask({ orchestrator: bob })
  t.strictSame(counts, {
    delegations: { DECLINED: 1, ACCEPTED: 1 }, handoffs: { OFFERED: 1 }, collaborations: { accepted: 1 }, escalations: {},
    conflicts: { OPEN: 1 },
  }, 'what he takes part in, on either side')
  t.strictSame(pairs, [{ from: ada, to: bob, count: 2 }, { from: bob, to: cleo, count: 1 }])
  t.strictSame([open.delegations.length, open.escalations.length, open.conflicts.length, recent.length], [2, 0, 1, 5])

  const only = ask({ type: 'handoffs' })
  t.strictSame([only.counts, only.pairs, only.recent.length], [{ handoffs: { OFFERED: 1 } }, [{ from: bob, to: cleo, count: 1 }], 1])
  t.strictSame(only.open, { ...only.open, escalations: [], conflicts: [] })
  t.strictSame(Object.keys(ask({ type: 'escalations' }).counts), ['escalations'])
  t.strictSame(ask({ type: 'conflicts' }).pairs, [])
  wish(1, 'escalate', { reason: 'no key' })
  t.strictSame(ask({ type: 'escalations' }).recent.map(({ among }: any) => among), [[ada, 'ann']], 'one at a time')
})

t.test('days bound what is counted, not what is open', async (t) => {
  const { world, wish, ask } = scene()
  wish(1, 'create', { owner: ada, title: 'Work' })
  wish(1, 'delegate', { to: bob }, actor(ada))
  wish(1, 'escalate', { reason: 'why' })
  const first = dayOf(world.at)
  world.pass(2 * day_ms)
  const next = dayOf(later(world.at, -day_ms))
  t.strictSame(ask({ from: first, to: first }).counts.delegations, { OFFERED: 1 })
  const none = ask({ from: next })
  t.strictSame([none.counts.delegations, none.pairs, none.recent], [{}, [], []])
  t.strictSame([none.open.delegations.length, none.open.escalations.length], [1, 1])
  t.match(none.recent, [])
  wish(2, 'create', { owner: ada, title: 'Work' })
  wish(2, 'escalate', { reason: 'nobody in particular' })
  t.strictSame(ask({ from: next, type: 'escalations' }).recent[0].among, [ada], 'put to nobody by name')
})
