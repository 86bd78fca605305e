import t from 'tap'
import type { Recorded } from '../../kernel/fact.ts'
import { send } from '../../kernel/process.ts'
import { uuid } from '../../kernel/testing.ts'
import { minute_ms } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { task } from '../../work/task/decider.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { slots } from '../slots.ts'
import { capacity } from './decider.ts'
import type { CapacityEvent } from './events.ts'
import { checkLaw } from './scene.ts'
import { capacityState, counted } from './state.ts'
import { slotSweep } from './sweeping.ts'

const [owner, idle] = [uuid(31), uuid(32)] as [string, string]
const lost = { task: uuid(1), command: uuid(901) }

/** Two tasks of an orchestrator, and another that has nothing to do. */
function scene(maxConcurrentTasks = 3) {
  const world = new World([task, capacity, orchestrator])
  const courier = new Courier(world, [slots])
  for (const id of [owner, idle]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', maxConcurrentTasks }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const n of [1, 2]) world.do({ category: 'task', id: uuid(n), command: 'create', data: { owner, title: 'Work' } })
  courier.settle()
  const start = (n: number) => world.do({ category: 'task', id: uuid(n), command: 'start', data: {} }) as readonly Recorded[]
  const sweep = () => {
    const before = world.log.length
    world.sweep(slotSweep)
    courier.settle()
    return world.log.slice(before).filter(({ category }) => category === 'capacity').map(({ type, data }) => ({ type, data }))
  }
  return { world, courier, start, sweep, counts: () => counted(world.look(capacityState, owner)) }
}

/** A slot that nobody will ever give back, and whose timer was lost. */
function leak({ world }: ReturnType<typeof scene>) {
  world.carryOut(send(capacity, owner, 'reserve', lost))
  world.carryOut(send(capacity, owner, 'confirm', lost))
}

t.test('R-34 a slot of more than a minute whose lease does not live is free again, and it is told', async (t) => {
  const here = scene()
  leak(here)
  here.world.pass(minute_ms)
  t.strictSame(here.sweep(), [], 'what is younger may be on its way')
  here.world.pass(1)
  t.match(here.sweep(), [
    { type: 'SlotReleased', data: { ...lost, reason: 'reconciled', reserved: 0 } },
    { type: 'CapacityDrifted', data: { leaked: [lost.task], missing: [], grounds: { digest: /./ } } },
  ])
  t.strictSame(here.counts(), { max: 3, active: 0, reserved: 0 })
  t.strictSame(here.sweep(), [], 'no drift, no fact')
})

t.test('R-34 a lease of more than a minute without a slot has one from then on, as far as there is room', async (t) => {
  const here = scene(1)
  const { world, courier, start, counts } = here
  const slot = (start(1).at(-1)!.data as { slot: string }).slot
  courier.settle()
  // It was given back by mistake, and somebody else has it since.
  world.carryOut(send(capacity, owner, 'release', { task: uuid(1), command: slot, reason: 'ended' }))
  leak(here)
  courier.settle()
  const other = { task: uuid(2), command: uuid(902) }
  world.pass(minute_ms + 1)
  const mended = here.sweep()
  t.match(mended.filter(({ type }) => type === 'CapacityDrifted'), [{ data: { leaked: [lost.task], missing: [uuid(1)] } }])
  t.strictSame(counts(), { max: 1, active: 1, reserved: 0 })
  world.carryOut(send(capacity, owner, 'release', { task: uuid(1), command: slot, reason: 'ended' }))
  world.carryOut(send(capacity, owner, 'reserve', other))
  t.strictSame(here.sweep(), [], 'where there is none it waits')
  checkLaw(world.log.filter(({ category, id }) => category === 'capacity' && id === owner) as readonly Recorded[] as
    readonly Recorded<CapacityEvent>[])
})

t.test('R-34 what runs as it should is left alone, and whoever has no slot is not asked', async (t) => {
  const { world, courier, start, sweep } = scene()
  start(1)
  courier.settle()
  world.pass(2 * minute_ms)
  courier.settle()
  t.strictSame(sweep(), [])
  const asked: string[] = []
  const sends = (row: { readonly orchestrator: string }) => {
    asked.push(row.orchestrator)
    return slotSweep.sends(row)
  }
  world.sweep({ ...slotSweep, sends })
  t.strictSame(asked, [owner])
})
