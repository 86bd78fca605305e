import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { behaviour, subject, system, uuid } from '../../kernel/testing.ts'
import { registered } from '../../work/task/scene.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { capacities } from './capacities.ts'
import { capacity } from './decider.ts'
import type { CapacityEvent } from './events.ts'
import { crossed, reserved, released, set } from './scene.ts'
import { capacityState } from './state.ts'

const slot = (n: number) => ({ task: uuid(n), command: uuid(900 + n) })
const busy = (count: number): readonly CapacityEvent[] =>
  [set(5), ...Array.from({ length: count }, (_, n) => reserved(slot(n), 5, 0, n + 1))]

t.test('R-33 of five slots three are normal, four high and five full, and whatever crosses says so in its append', async (t) => {
  const given = (count: number) => behaviour(t, capacity).given(...busy(count)).by(system).seeing(orchestratorState, subject, registered)
  given(2).when('reserve', slot(9)).yields(reserved(slot(9), 5, 0, 3))
  given(3).when('reserve', slot(9)).yields(reserved(slot(9), 5, 0, 4), crossed('normal', 'high', 5, 0, 4))
  given(4).when('reserve', slot(9)).yields(reserved(slot(9), 5, 0, 5), crossed('high', 'full', 5, 0, 5))
  given(5).when('release', { ...slot(0), reason: 'ended' }).yields(released(slot(0), 'ended', 5, 0, 4), crossed('full', 'high', 5, 0, 4))
  given(4).when('release', { ...slot(0), reason: 'ended' }).yields(released(slot(0), 'ended', 5, 0, 3), crossed('high', 'normal', 5, 0, 3))
  given(5).when('adjust', { maxConcurrentTasks: 3 }).yields(set(3, 0, 5))
  given(3).when('adjust', { maxConcurrentTasks: 3 }).yields(set(3, 0, 3), crossed('normal', 'full', 3, 0, 3))
})

t.test('R-33 a limit that is lowered stops nothing, and its row is idle where nothing is taken', async (t) => {
  const row = (...facts: readonly CapacityEvent[]) => picture(t, capacities).after(...facts.map((fact) => recorded(capacityState, fact)))
  row(...busy(5), set(3, 0, 5)).matches({ max: 3, reserved: 5, free: 0, utilisation: 5 / 3, band: 'full' })
  row(set(5)).matches({ utilisation: 0, band: 'idle' })
})
