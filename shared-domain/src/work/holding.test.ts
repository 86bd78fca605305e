import t from 'tap'
import { deciders } from '../catalogue.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { send } from '../kernel/process.ts'
import { admin, organization, uuid } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { conflictId } from './conflict/state.ts'
import { conflictHolding } from './holding.ts'
import { taskState, type Known } from './task/state.ts'

const [ada, bob] = [11, 12].map(uuid) as [string, string]
const [first, second] = [1, 2].map(uuid) as [string, string]
const quarrel = conflictId(organization, 'resource', 'the harbour')

function house() {
  const world = new World(deciders)
  for (const id of [ada, bob]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', maxConcurrentTasks: 5 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const wish = (category: string, id: string, command: string, data: unknown = {}) => world.do({ category, id, command, data, by: admin })
  for (const id of [first, second]) wish('task', id, 'create', { owner: ada, title: 'Work' })
  const courier = new Courier(world, [conflictHolding])
  const open = (over: object = {}) => wish('conflict', quarrel, 'open', {
    kind: 'resource', subject: 'the harbour', orchestrators: [ada, bob], tasks: [first, second], hold: true, ...over,
  })
  const settled = () => {
    courier.settle()
    return [first, second].map((id) => (world.look(taskState, id) as Known).status)
  }
  return { world, courier, wish, open, settled }
}

t.test('W-56 a conflict holds back what nobody works on yet, until it has ended', async (t) => {
  for (const [end, data] of [['resolve', { strategy: 'split' }], ['dismiss', { reason: 'no' }]] as const) {
    const { world, wish, open, settled } = house()
    wish('task', second, 'start')
    open()
    t.strictSame(settled(), ['BLOCKED', 'IN_PROGRESS'])
    t.match(world.look(taskState, first), { block: { kind: 'manual', reason: `conflict ${quarrel}` } })
    wish('conflict', quarrel, end, data)
    t.strictSame(settled(), ['TODO', 'IN_PROGRESS'], end)
  }
  const { open, settled } = house()
  open({ hold: false })
  t.strictSame(settled(), ['TODO', 'TODO'], 'where nobody wants that')
})

t.test('W-56 what is blocked for something else by then stays so', async (t) => {
  const { wish, open, settled } = house()
  open()
  settled()
  wish('task', first, 'unblock')
  wish('task', first, 'block', { reason: 'no rope' })
  wish('conflict', quarrel, 'dismiss', { reason: 'no' })
  t.strictSame(settled(), ['BLOCKED', 'TODO'])
})

t.test('W-56 W-70 told again or late, what a conflict holds changes nothing', async (t) => {
  const { world, courier, wish, open, settled } = house()
  open()
  settled()
  wish('conflict', quarrel, 'dismiss', { reason: 'no' })
  settled()
  const ended = world.log.slice()
  for (const fact of ended) courier.tell(fact)
  t.strictSame(settled(), ['TODO', 'TODO'])
  open()
  t.strictSame(settled(), ['BLOCKED', 'BLOCKED'])
  for (const fact of ended) courier.tell(fact)
  t.strictSame(settled(), ['BLOCKED', 'BLOCKED'], 'the end of the one before frees nothing')
})
