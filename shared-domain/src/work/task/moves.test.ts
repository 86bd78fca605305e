import fc from 'fast-check'
import t from 'tap'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { admin, now, on, orchestrator, replay, subject, system, tool } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { task } from './decider.ts'
import {
  assigned, blocked, codeOf, created, delegated, elsewhere, handedOff, inWorld, other, owner, progressed, registered, running, scene, seed,
  started, stranger, third,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-16 a task is delegated', async (t) => {
  const given = scene(t)
  const fact = (over: object = {}) => delegated(other, owner, { depth: 1, ...over })
  given(created()).by(orchestrator(owner)).when('delegate', { to: other }).yields(fact())
  given(created()).when('delegate', { to: third, note: 'yours', dueAt: later(now, day_ms) })
    .yields(fact({ to: third, note: 'yours', dueAt: later(now, day_ms) }))
  given(created(), blocked('manual')).when('delegate', { to: other }).yields(fact({ from: 'BLOCKED' }))
  const byAdmin = on(fact(), { by: admin })
  given(created(), byAdmin).when('delegate', { to: other, priority: 'MEDIUM' }).changesNothing()
  given(created(), byAdmin).when('delegate', { to: other, priority: 'HIGH' }).refuses('SELF_DELEGATION')
})

t.test('S-15 a move is the same wish again only in the same words, so that none are lost', async (t) => {
  const snapshot = {
    status: 'TODO' as const, percentage: 40, attempt: 0, priority: 'MEDIUM' as const, dueAt: null, assignee: null,
  }
  const handed = on(handedOff({ from: 'TODO', note: 'see context', context: { branch: 'x' }, lease: null, snapshot }), { by: admin })
  const said = { to: other, notes: 'see context', context: { branch: 'x' } }
  const given = scene(t)(created(), handed)
  given.when('handoff', said).changesNothing()
  given.when('handoff', { ...said, completionPercentage: 40 }).changesNothing()
  const others = [{ notes: 'other' }, { notes: undefined }, { context: { branch: 'y' } }, { context: {} }, { completionPercentage: 41 }]
  for (const over of others) given.when('handoff', { ...said, ...over }).refuses('SELF_DELEGATION')
  given.by(system).when('handoff', said).refuses('SELF_DELEGATION')
  // Who has passed the task on owns it no more, and has no other word.
  const byOwner = scene(t)(created(), on(handed, { by: orchestrator(owner) })).by(orchestrator(owner))
  byOwner.when('handoff', said).changesNothing()
  byOwner.when('handoff', { ...said, notes: 'other' }).refuses('INVALID_OWNERSHIP', { owner: other })
  const noted = scene(t)(created(), on(delegated(other, owner, { note: 'yours' }), { by: admin }))
  noted.when('delegate', { to: other, note: 'yours' }).changesNothing()
  for (const note of ['mine', undefined]) noted.when('delegate', { to: other, note }).refuses('SELF_DELEGATION')
})

t.test('S-16 S-17 where a task may go', async (t) => {
  const wishes = [['delegate', created()], ['handoff', created()], ['handoff', created(), started()]] as const
  for (const [command, ...history] of wishes) {
    const given = scene(t)(...history)
    given.when(command, { to: owner }).refuses('SELF_DELEGATION')
    given.when(command, { to: stranger }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
    given.seeing(orchestratorState, other, elsewhere).when(command, { to: other })
      .refuses('DIFFERENT_ORGANIZATION', { orchestrator: other })
    given.seeing(orchestratorState, other, registered).when(command, { to: other })
      .refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: other })
    given.by(orchestrator(owner)).when(command, { to: other, force: true }).refuses('FORBIDDEN')
    given.by(tool).when(command, { to: other, force: true }).refuses('FORBIDDEN')
  }
})

t.test('S-16 a task moves at most five times within 24 hours, unless an admin forces it', async (t) => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 30 * hour_ms }), { maxLength: 9 }), (ages_ms) => {
    const moves = ages_ms.sort((a, b) => b - a)
      .map((age_ms, index) => on(delegated(index % 2 ? owner : other, index % 2 ? other : owner), { at: later(now, -age_ms), by: system }))
    const to = moves.length % 2 ? owner : other
    const known = replay(taskState, [created(), ...moves])
    const { world } = inWorld()
    const decide = (force: boolean) =>
      task.commands.delegate.decide(known, task.commands.delegate.data.parse({ to, force }), world.contextOf({ id: subject }))
    const recent = ages_ms.filter((age_ms) => age_ms < day_ms).length
    if ((codeOf(decide(false)) === 'DELEGATION_LIMIT') !== recent >= 5)
      throw new Error(`${recent} moves within a day: the verdict is wrong`)
    if (codeOf(decide(true))) throw new Error('an admin cannot force it')
  }), { seed, numRuns: 300 })
  const moves = [other, owner, other, owner, other]
    .map((to) => on(delegated(to, to === owner ? other : owner), { at: later(now, -hour_ms) }))
  const given = scene(t)(created(), ...moves)
  given.when('delegate', { to: owner }).refuses('DELEGATION_LIMIT', { moves: 5, within: 'P1D' })
  given.when('delegate', { to: owner, force: true })
    .yields(delegated(owner, other, { forced: true, depth: 1, back: 3 }))
})

t.test('S-17 work in progress is handed off with its context: the lease ends, the progress stays', async (t) => {
  const snapshot = {
    status: 'IN_PROGRESS' as const, percentage: 40, attempt: 0, priority: 'MEDIUM' as const, dueAt: null, assignee: 'grace',
  }
  const handed = (over: object = {}) =>
    handedOff({ note: 'see context', context: { branch: 'x' }, depth: 1, snapshot: { ...snapshot, ...over } })
  const before = [...running, progressed(40), assigned('grace')]
  const given = scene(t)(...before)
  given.by(orchestrator(owner)).when('handoff', { to: other, notes: 'see context', context: { branch: 'x' } }).yields(handed())
  given.when('handoff', { to: other, notes: 'see context', context: { branch: 'x' }, completionPercentage: 60 })
    .yields(handed({ percentage: 60 }))
  t.match(replay(taskState, [...before, handed({ percentage: 60 })]), {
    status: 'TODO', owner: other, percentage: 60, assignee: null, lease: undefined,
  })
  const whileBlocked = handedOff({ ...handed().data, from: 'BLOCKED', lease: null })
  t.match(replay(taskState, [created(), blocked('manual'), whileBlocked]), { status: 'BLOCKED', owner: other, block: { kind: 'manual' } })
})

t.test('S-18 somebody else does the work, the owner stays', async (t) => {
  scene(t)(created()).when('assign', { assignee: 'grace' }).yields(assigned('grace'))
  scene(t)(created(), assigned('grace')).when('assign', { assignee: 'alan' }).yields(assigned('alan', { previous: 'grace' }))
  scene(t)(created(), assigned('grace')).when('assign', { assignee: 'grace' }).yields()
  scene(t)(created(), assigned('grace')).when('assign', { assignee: 'grace', reason: 'she knows it' })
    .yields(assigned('grace', { previous: 'grace', reason: 'she knows it' }))
})
