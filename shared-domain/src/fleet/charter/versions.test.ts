import t from 'tap'
import { digestOf } from '../../kernel/digest.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { agent, behaviour, daemon, now, replay, system, tool } from '../../kernel/testing.ts'
import { elsewhere, registered } from '../../work/task/scene.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { charters } from './charters.ts'
import { charter } from './decider.ts'
import { Charter, type CharterEvent } from './events.ts'
import { activated, gone, itself, orchestrator, published } from './scene.ts'
import { charterState } from './state.ts'

const document = { mission: 'Keep the harbour open.' }
const hash = digestOf(document)
const first = published(1, hash, document)
const second = published(2, digestOf({}))
const third = published(3, digestOf({ vision: 'x' }), { vision: 'x' })
const rolledBack = (from: number, to: number, reason = 'why') => Charter.CharterRolledBack({ orchestrator, from, to, reason })

const given = (...facts: readonly CharterEvent[]) =>
  behaviour(t, charter).given(...facts).seeing(orchestratorState, orchestrator, registered)
const one = [first, activated(1, null)]
const two = [...one, second, activated(2, 1)]

t.test('F-20 a charter that is published is another version, active unless that is not wanted', async () => {
  given().when('publish', { document }).yields(first, activated(1, null))
  given().when('publish', { document, activate: false }).yields(first)
  given(...one).when('publish', { document: {} }).yields(second, activated(2, 1))
  given(...one).when('publish', { document }).changesNothing()
  given(first).when('publish', { document }).yields(activated(1, null))
  const third = published(3, hash, document)
  given(...two).when('publish', { document, activate: false }).yields(third)
})

t.test('F-75 what is published has the limits of the tier of the orchestrator', async () => {
  const limited = { limits: { maxSessions: 10 } }
  const manager = Orchestrator.OrchestratorRegistered({ ...registered.data, tier: 2 })
  behaviour(t, charter).given().seeing(orchestratorState, orchestrator, manager)
    .when('publish', { document: {} }).yields(published(1, digestOf(limited), limited), activated(1, null))
})

t.test('F-20 a version is activated, by its number, and says what held before', async () => {
  given(...two).when('activate', { version: 1, reason: 'calmer' })
    .yields(Charter.CharterActivated({ orchestrator, version: 1, previous: 2, reason: 'calmer' }))
  given(...two).when('activate', { version: '1' }).yields(activated(1, 2))
  given(...two).when('activate', { version: 2 }).changesNothing()
  given(...two).when('activate', { version: 3 }).refuses('NOT_FOUND')
})

t.test('F-20 who rolls back comes to what was active before, and never to what was rolled back', async () => {
  const three = [...two, third, activated(3, 2)]
  const rollback = (...facts: readonly CharterEvent[]) => given(...facts).when('rollback', { reason: 'why' })
  rollback(...two).yields(rolledBack(2, 1))
  rollback(...two, rolledBack(2, 1)).refuses('INVALID_STATE_TRANSITION', { command: 'rollback', active: 1 })
  rollback(...three, rolledBack(3, 2)).yields(rolledBack(2, 1))
  rollback(...one).refuses('INVALID_STATE_TRANSITION')
  rollback().refuses('INVALID_STATE_TRANSITION', { active: null })
  given(...three).when('rollback', { to: 1, reason: 'why' }).yields(rolledBack(3, 1))
  given(...three).when('rollback', { to: 3, reason: 'why' }).changesNothing()
  given(...three).when('rollback', { to: 4, reason: 'why' }).refuses('NOT_FOUND')
  t.strictSame(replay(charterState, [...three, activated(1, 3)]).before, [2, 3], 'each once, the latest last')
  t.strictSame(replay(charterState, [...three, rolledBack(3, 1)]).before, [])
})

t.test('F-20 only an admin says which charter holds, of an orchestrator that is here', async () => {
  for (const by of [itself, tool, daemon, agent]) {
    const theirs = given(...two).by(by, orchestrator)
    theirs.when('publish', { document: {} }).refuses('FORBIDDEN')
    theirs.when('activate', { version: 1 }).refuses('FORBIDDEN')
    theirs.when('rollback', { reason: 'why' }).refuses('FORBIDDEN')
  }
  behaviour(t, charter).given().when('publish', { document }).refuses('NOT_FOUND')
  behaviour(t, charter).given().seeing(orchestratorState, orchestrator, elsewhere).when('publish', { document }).refuses('NOT_FOUND')
  behaviour(t, charter).given().seeing(orchestratorState, orchestrator, registered, gone).when('publish', { document })
    .refuses('INVALID_STATE_TRANSITION', { command: 'publish', status: 'ARCHIVED' })
})

t.test('F-20 there are 500 versions at the most', async () => {
  const many = Array.from({ length: 500 }, (_, n) => published(n + 1, digestOf(n)))
  given(...many).when('publish', { document }).refuses('LIMIT_REACHED', { max: 500 })
  given(...many.slice(1)).when('publish', { document, activate: false }).yields(published(500, hash, document))
})

t.test('F-79 a charter that has fallen is rolled back once, if anything was active before', async () => {
  const fallen = Charter.GuardianInterventionApplied({
    orchestrator, score: 0, critical: true, actions: ['notify', 'rollback', 'pause'], inForce: ['notify', 'rollback', 'pause'],
  })
  const revert = (...facts: readonly CharterEvent[]) => given(...facts).by(system).when('revert', {})
  revert(...two, fallen).yields(rolledBack(2, 1, 'drift'))
  revert(...two, third, activated(3, 2), fallen, rolledBack(3, 2, 'drift')).changesNothing()
  revert(...one, fallen).changesNothing()
  revert(...two).changesNothing()
  revert(...two, fallen, third, activated(3, 2)).changesNothing()
})

t.test('F-20 the read model has every version, and one that is active', async (t) => {
  const facts = [...two, rolledBack(2, 1)].map((fact, n) => recorded(charterState, fact, { at: `2030-01-01T00:00:0${n}.000Z` }))
  picture(t, charters).after(...facts).shows(
    { orchestrator, version: 1, document, hash, active: true, published_at: now, activated_at: facts[4]!.at },
    {
      orchestrator, version: 2, document: {}, hash: digestOf({}), active: false, published_at: facts[2]!.at, activated_at: facts[3]!.at,
    },
  )
})
