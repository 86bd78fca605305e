import t from 'tap'
import { admin, agent, now, on, orchestrator, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { Task } from './events.ts'
import { assigned, completed, created, lease, other, owner, running, scene, started, third, token, work } from './scene.ts'
import { accuracyOf, hoursOf } from './time-records.ts'

type Role = 'owner' | 'holder' | 'agent' | 'collaborator' | 'other'

const noted = (role: Role, over: object = {}) =>
  Task.TaskNoted({ owner, text: 'found it', artifacts: [], hoursSpent: null, role, ...over })

t.test('W-7 whoever has to do with a task leaves notes, also when it is done, and as what', async (t) => {
  const helped = [
    Task.CollaborationRequested({ owner, collaborator: third, role: 'help', note: null }),
    Task.CollaborationAccepted({ owner, collaborator: third, role: 'help' }),
  ]
  const place = { agent: agent.id, slot: uuid(42), kept: false }
  const held = [assigned(`agent:${agent.id}`, { agentSlot: place }), started({ holder: other, agent: agent.id })]
  const given = scene(t)(created(), ...helped, ...held)
  const text = 'found it'
  for (const [by, role] of [[orchestrator(owner), 'owner'], [orchestrator(other), 'holder'], [agent, 'agent'],
    [orchestrator(third), 'collaborator'], [admin, 'other'], [tool, 'other']] as const)
    given.by(by).when('note', { text }).yields(noted(role))
  given.by({ ...agent, id: uuid(99) }).when('note', { text }).refuses('INVALID_OWNERSHIP', { owner })
  given.by(orchestrator(uuid(15))).when('note', { text }).refuses('INVALID_OWNERSHIP', { owner })
  const artifacts = [{ name: 'log', uri: 'file:log', type: 'text/plain' }]
  scene(t)(...running, completed(token)).when('note', { text, artifacts, hoursSpent: 1.5 })
    .yields(noted('other', { artifacts, hoursSpent: 1.5 }))
})

t.test('W-7 the same note again is one note; another by somebody else, or after another, is one more; there is an end', async (t) => {
  const mine = on(noted('owner'), { by: orchestrator(owner) })
  const given = scene(t)(created(), mine)
  given.by(orchestrator(owner)).when('note', { text: 'found it' }).changesNothing()
  given.by(admin).when('note', { text: 'found it' }).yields(noted('other'))
  scene(t)(created(), mine, noted('other', { text: 'well done' })).by(orchestrator(owner)).when('note', { text: 'found it' })
    .yields(noted('owner'))
  const many = (count: number) => Array.from({ length: count }, (_, n) => noted('other', { text: String(n) }))
  scene(t)(created(), ...many(499)).when('note', { text: 'found it' }).yields(noted('other'))
  scene(t)(created(), ...many(500)).when('note', { text: 'found it' }).refuses('LIMIT_REACHED', { max: 500 })
})

t.test('W-52 how near an estimate was', async (t) => {
  const cases = [[4, 5, 1, 80], [8, 4, -4, 50], [3, 3, 0, 100]] as const
  for (const [estimated, actual, variance, accuracy] of cases) {
    t.strictSame([actual - estimated, accuracyOf(estimated, actual)], [variance, accuracy])
    scene(t)(created()).when('recordTime', { actualHours: actual, estimatedHours: estimated, notes: 'by the clock' }).yields(
      Task.TaskTimeRecorded({
        owner, estimatedHours: estimated, actualHours: actual, variance, accuracy, source: 'recorded', notes: 'by the clock',
      }))
  }
  t.strictSame([0, 1, 36_000, 54_000, hour_ms, 3_618_000].map(hoursOf), [0.01, 0.01, 0.01, 0.02, 1, 1.01])
})

t.test('W-52 the estimate of the task counts where none is said; without any there is nothing to compare', async (t) => {
  const fact = Task.TaskTimeRecorded({
    owner, estimatedHours: 8, actualHours: 4, variance: -4, accuracy: 50, source: 'recorded', notes: null,
  })
  scene(t)(created({ estimatedHours: 8 })).when('recordTime', { actualHours: 4 }).yields(fact)
  scene(t)(created({ estimatedHours: 8 }), fact).when('recordTime', { actualHours: 4 }).changesNothing()
  scene(t)(created()).when('recordTime', { actualHours: 4 }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/estimatedHours' }] })
})

t.test('W-52 who completes says how long it took, or the leases do: all that the task had', async (t) => {
  const at = (hours: number) => later(now, hours * hour_ms)
  const before = [created({ estimatedHours: 4 }), started(), on(Task.TaskReleased({
    owner, from: 'IN_PROGRESS', lease: lease('1'), reason: null, agentSlot: null, work: null,
  }), { at: at(1) }), on(started(), { at: at(2) })]
  const held = lease('3', { since: at(2) })
  const done = { lease: held, startedAt: at(2), durationMs: 0.5 * hour_ms, work: work({ wait_ms: hour_ms }) }
  const recorded = (actualHours: number, source: 'given' | 'leases', accuracy: number) => Task.TaskTimeRecorded({
    owner, estimatedHours: 4, actualHours, variance: actualHours - 4, accuracy, source, notes: null,
  })
  const given = scene(t)(...before).at(at(2.5))
  given.when('complete', { token: '3' }).yields(completed('3', { ...done, actualHours: 1.5 }), recorded(1.5, 'leases', 38))
  given.when('complete', { token: '3', actualHours: 5 }).yields(completed('3', { ...done, actualHours: 5 }), recorded(5, 'given', 80))
  scene(t)(...running).when('complete', { token }).yields(completed(token))
  const ended = scene(t)(...running, completed(token, { actualHours: 5 }))
  ended.when('complete', { token, actualHours: 5 }).changesNothing()
  ended.when('complete', { token, actualHours: 6 }).refuses('INVALID_STATE_TRANSITION')
})

t.test('W-53 another than those who did it rates the result; one key says one thing of each side of it', async (t) => {
  const rated = (rating: number, over: object = {}) =>
    Task.TaskQualityRated({ owner, rating, category: 'overall', comments: null, previous: null, agent: null, ...over })
  const done = [created(), started({ holder: third }), completed(token, { lease: lease(token, { holder: third } as object) })]
  const given = scene(t)(...done)
  for (const by of [admin, tool, orchestrator(other)]) given.by(by).when('rate', { rating: 4 }).yields(rated(4))
  for (const by of [orchestrator(owner), orchestrator(third), agent]) given.by(by).when('rate', { rating: 5 }).refuses('FORBIDDEN')
  const byAdmin = on(rated(4), { by: admin, at: later(now, 1) })
  const known = scene(t)(...done, byAdmin).by(admin)
  known.when('rate', { rating: 4 }).changesNothing()
  known.when('rate', { rating: 2, comments: 'it broke' })
    .yields(rated(2, { comments: 'it broke', previous: { rating: 4, at: later(now, 1) } }))
  known.when('rate', { rating: 2, category: 'accuracy' }).yields(rated(2, { category: 'accuracy' }))
  known.by(tool).when('rate', { rating: 2 }).yields(rated(2))
  const byAgent = { lease: lease(token, { holder: third, agent: agent.id } as object) }
  const worked = started({ holder: third, agent: agent.id } as object)
  scene(t)(created(), worked, completed(token, byAgent as object)).when('rate', { rating: 4 })
    .yields(rated(4, { agent: agent.id }))
  const many = Array.from({ length: 20 }, (_, n) => on(rated(3), { by: orchestrator(uuid(100 + n)) }))
  const full = scene(t)(...done, ...many)
  full.when('rate', { rating: 4 }).refuses('LIMIT_REACHED', { max: 20 })
  full.by(orchestrator(uuid(100))).when('rate', { rating: 4, category: 'quality' }).yields(rated(4, { category: 'quality' }))
  scene(t)(...running).when('rate', { rating: 4 }).refuses('INVALID_STATE_TRANSITION')
})
