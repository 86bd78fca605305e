import fc from 'fast-check'
import t from 'tap'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { ids } from '../../kernel/arbitrary.ts'
import { translated } from '../../kernel/alias.ts'
import { Rejection } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { picture, recorded, rowsAfter } from '../../kernel/picture.ts'
import { admin, agent, behaviour, now, on, orchestrator, organization, subject as id, tool } from '../../kernel/testing.ts'
import { inhabited } from '../../scenery.ts'
import { created, elsewhere, first, other, owner, registered, second, stranger, third } from '../task/scene.ts'
import { taskState } from '../task/state.ts'
import { conflicts } from './conflicts.ts'
import { conflict } from './decider.ts'
import { Conflict } from './events.ts'
import { olderWords } from './older-words.ts'
import { conflictId, conflictState } from './state.ts'

const seed = 2030
const among = [owner, other]
const said = { kind: 'resource' as const, subject: 'the harbour', orchestrators: among }
const detected = (over: object = {}) => Conflict.ConflictDetected({
  ...said, tasks: [], severity: 'MEDIUM', note: null, evidence: null, hold: false, cause: 'hand', grounds: null, ...over,
})
const resolved = (over: object = {}) =>
  Conflict.ConflictResolved({ orchestrators: among, strategy: 'other', resolution: { first: 'Ada' }, held: [], ...over })
const dismissed = (over: object = {}) => Conflict.ConflictDismissed({ orchestrators: among, reason: 'there is room', held: [], ...over })

t.test('W-55 who stands in whose way is told once per subject', async (t) => {
  const scene = (...history: ReturnType<typeof detected | typeof resolved | typeof dismissed>[]) => behaviour(t, conflict).given(...history)
    .seeing(orchestratorState, owner, registered).seeing(orchestratorState, other, registered).seeing(orchestratorState, third, elsewhere)
    .seeing(taskState, first, created()).seeing(taskState, second, on(created(), { organization: 'umbrella' }))
  for (const by of [admin, tool, orchestrator(owner), orchestrator(other)]) scene().by(by).when('open', said).yields(detected())
  for (const by of [orchestrator(stranger), agent]) scene().by(by).when('open', said).refuses('FORBIDDEN')
  scene(detected()).when('open', said).refuses('ALREADY_EXISTS', { conflict: id })
  scene(detected(), resolved()).when('open', said).yields(detected())
  scene(detected(), dismissed()).when('open', said).yields(detected())
  scene().when('open', { ...said, orchestrators: [owner, stranger] }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  scene().when('open', { ...said, orchestrators: [owner, third] }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: third })
  scene().when('open', { ...said, tasks: [first, second] }).refuses('TASK_UNKNOWN', { task: second })
  scene().when('open', { ...said, tasks: [third] }).refuses('TASK_UNKNOWN', { task: third })
  const about = { kind: 'deadline' as const, task: first, orchestrators: [owner, other, owner], tasks: [first] }
  scene().when('open', { ...about, severity: 'HIGH', note: 'late', evidence: [1], hold: true })
    .yields(detected({ kind: 'deadline', subject: first, tasks: [first], severity: 'HIGH', note: 'late', evidence: [1], hold: true }))
})

t.test('W-55 a conflict that is resolved already is told with its resolution', async (t) => {
  const scene = (...history: ReturnType<typeof detected | typeof resolved>[]) => behaviour(t, conflict).given(...history)
    .seeing(orchestratorState, owner, registered).seeing(orchestratorState, other, registered).seeing(taskState, first, created())
  const solved = { ...said, resolution: { first: 'Ada' } }
  scene().when('open', solved).yields(detected(), resolved())
  scene(detected(), resolved()).when('open', solved).changesNothing()
  scene(detected(), resolved()).when('open', { ...solved, strategy: 'first' }).yields(detected(), resolved({ strategy: 'first' }))
  scene().when('open', { ...solved, tasks: [first], hold: true })
    .yields(detected({ tasks: [first], hold: true }), resolved({ held: [first] }))
})

t.test('W-55 one of subject and task is given, and at least two orchestrators', async (t) => {
  const takes = (more: object) => conflict.commands.open.data.safeParse({ ...said, ...more }).success
  t.ok(takes({}))
  t.ok(takes({ subject: undefined, task: first }))
  const wrong = [
    { task: first }, { subject: undefined }, { orchestrators: [owner] }, { orchestrators: Array(11).fill(owner) }, { kind: 'quarrel' },
    { tasks: Array(11).fill(first) }, { note: 'x'.repeat(2_001) }, { evidence: 'x'.repeat(16_384) }, { strategy: 'gone' },
  ]
  for (const more of wrong) t.notOk(takes(more), JSON.stringify(more).slice(0, 60))
})

t.test('W-56 whom it concerns resolves or dismisses it', async (t) => {
  const given = behaviour(t, conflict).given
  const resolution = { strategy: 'split', resolution: { Ada: 'north' } } as const
  for (const by of [admin, tool, orchestrator(owner), orchestrator(other)]) {
    given(detected()).by(by).when('resolve', resolution).yields(resolved(resolution))
    given(detected()).by(by).when('dismiss', { reason: 'there is room' }).yields(dismissed())
  }
  given(detected()).when('resolve', { strategy: 'first' }).yields(resolved({ strategy: 'first', resolution: null }))
  for (const by of [orchestrator(stranger), agent]) {
    given(detected()).by(by).when('resolve', resolution).refuses('FORBIDDEN')
    given(detected()).by(by).when('dismiss', { reason: 'no' }).refuses('FORBIDDEN')
  }
  const held = detected({ tasks: [first], hold: true })
  given(held).when('resolve', resolution).yields(resolved({ ...resolution, held: [first] }))
  given(held).when('dismiss', { reason: 'there is room' }).yields(dismissed({ held: [first] }))
  given(detected(), resolved()).when('resolve', resolution).refuses('INVALID_STATE_TRANSITION', { command: 'resolve', status: 'RESOLVED' })
  given(detected(), dismissed()).when('dismiss', { reason: 'no' })
    .refuses('INVALID_STATE_TRANSITION', { command: 'dismiss', status: 'DISMISSED' })
  given().when('resolve', resolution).refuses('NOT_FOUND')
  given().when('dismiss', { reason: 'no' }).refuses('NOT_FOUND')
})

t.test('W-55 older systems say it in their words', async (t) => {
  const alias = olderWords.open[0]!
  const meant = (words: object) => translated(alias, conflict.commands.open.data, words as never, now)
  const [ada, bob] = ids as [string, string]
  t.strictSame(meant({ vpIds: [bob, ada], conflictType: 'resource' }),
    { kind: 'resource', orchestrators: [bob, ada], subject: digestOf([ada, bob]) })
  t.strictSame(meant({ vpIds: [ada, bob], conflictType: 'other', taskId: first, resolution: 'talked' }),
    { kind: 'other', orchestrators: [ada, bob], task: first, resolution: 'talked' })
  const { conflictType } = alias.fields
  t.equal(conflictType.parse('deadline_conflict'), 'deadline')
  t.equal(conflictType.parse('other'), 'other')
  t.throws(() => conflictType.parse('quarrel'))
})

t.test('W-55 W-56 the read model shows who stands in whose way', async (t) => {
  const row = {
    conflict: id, ...said, state: 'OPEN' as const, tasks: [], severity: 'MEDIUM' as const, hold: false, cause: 'hand' as const, note: null,
    evidence: null, strategy: null, resolution: null, reason: null, detected_at: now, ended_at: null,
  }
  const facts = [detected(), resolved(), detected(), dismissed()].map((fact, revision) => recorded(conflictState, fact, { revision }))
  const shown = picture(t, conflicts)
  shown.after(...facts.slice(0, 1)).shows(row)
  shown.after(...facts.slice(0, 2)).shows({ ...row, state: 'RESOLVED', strategy: 'other', resolution: { first: 'Ada' }, ended_at: now })
  shown.after(...facts.slice(0, 3)).shows(row)
  shown.after(...facts).shows({ ...row, state: 'DISMISSED', reason: 'there is room', ended_at: now })
})

t.test('W-77 whatever is asked, at most one conflict is open per kind and subject', async (t) => {
  const kinds = ['resource', 'deadline'] as const
  const step = fc.record({
    kind: fc.constantFrom(...kinds), subject: fc.constantFrom('north', 'south'),
    orchestrators: fc.subarray(ids.slice(0, 3), { minLength: 2 }),
    command: fc.constantFrom('open', 'open', 'resolve', 'dismiss'), by: fc.constantFrom(admin, orchestrator(ids[0]!), agent),
  })
  const met = new Map<string, number>()
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), (steps) => {
    const world = inhabited()
    for (const { kind, subject, orchestrators, command, by } of steps) {
      const data = { open: { kind, subject, orchestrators }, resolve: { strategy: 'first' }, dismiss: { reason: 'no' } }[command]
      const outcome = world.do({ category: 'conflict', id: conflictId(organization, kind, subject), command, data, by })
      const word = outcome instanceof Rejection ? outcome.code : command
      met.set(word, (met.get(word) ?? 0) + 1)
      const open = rowsAfter(conflicts, world.log).filter(({ state }) => state === 'OPEN')
      if (new Set(open.map(({ kind, subject }) => `${kind} ${subject}`)).size !== open.length) throw new Error('two are open')
    }
  }), { seed, numRuns: 100 })
  for (const word of ['open', 'resolve', 'dismiss', 'ALREADY_EXISTS', 'FORBIDDEN', 'INVALID_STATE_TRANSITION'])
    t.ok(met.get(word)! > 20, `${word} was met ${met.get(word)} times`)
})
