import t from 'tap'
import { subject as id, tool } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { capacity } from './capacity/decider.ts'
import { charter } from './charter/decider.ts'
import { charterState } from './charter/state.ts'
import { guardians } from './guardians.ts'
import { orchestrator } from './orchestrator/decider.ts'
import { orchestratorState, type OrchestratorState } from './orchestrator/state.ts'

function scene() {
  const world = new World([orchestrator, charter, capacity])
  const courier = new Courier(world, [guardians])
  const wish = (category: string, command: string, data: unknown = {}, by = {}) => {
    world.do({ category, id, command, data, ...by })
    courier.settle()
  }
  wish('orchestrator', 'register', { name: 'Ada' })
  wish('orchestrator', 'activate')
  return { world, courier, wish, known: () => world.look(orchestratorState, id) as Extract<OrchestratorState, { stage: 'registered' }> }
}

t.test('F-8 which charter holds is noted on the orchestrator, after every change', async (t) => {
  const { wish, known } = scene()
  t.strictSame(known().guarded, { charterVersion: null, budget: null })
  wish('charter', 'publish', { document: { mission: 'a' } })
  t.equal(known().guarded.charterVersion, 1)
  wish('charter', 'publish', { document: { mission: 'b' } })
  wish('charter', 'rollback', { reason: 'x' })
  t.equal(known().guarded.charterVersion, 1)
})

t.test('F-79 who has drifted too far is paused, and stays so when that is cleared', async (t) => {
  const { wish, known } = scene()
  wish('charter', 'reportDrift', { score: 59 }, { by: tool })
  t.equal(known().status, 'ONLINE')
  wish('charter', 'reportDrift', { score: 60 }, { by: tool })
  t.equal(known().status, 'AWAY')
  wish('charter', 'clearIntervention', { reason: 'seen to' })
  t.equal(known().status, 'AWAY', 'clearing resumes nobody')
})

t.test('F-79 of critical drift the charter is rolled back as well, once however often that is heard', async (t) => {
  const { world, courier, wish, known } = scene()
  for (const mission of ['a', 'b', 'c']) wish('charter', 'publish', { document: { mission } })
  wish('charter', 'reportDrift', { score: 1, critical: true })
  for (const fact of world.log.slice()) courier.tell(fact)
  courier.settle()
  t.strictSame([world.look(charterState, id).active, known().guarded.charterVersion, known().status], [2, 2, 'AWAY'])
})
