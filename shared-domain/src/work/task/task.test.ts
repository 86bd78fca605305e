import fc from 'fast-check'
import t from 'tap'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { inputOf } from '../../kernel/arbitrary.ts'
import { Rejection, type Actor, type Command } from '../../kernel/decider.ts'
import { admin, on, orchestrator, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { second_ms } from '../../kernel/time.ts'
import { task } from './decider.ts'
import { cycleThrough } from './dependencies.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, codeOf, completed, created, delegated, elsewhere, escalated, first, inWorld, last, lease, other, owner,
  running, scene, second, seed, started, stranger, third, token, waitingFor,
} from './scene.ts'
import { taskState } from './state.ts'

/** How the state table abbreviates refusals; `=` stands for no fact. */
const codes: Readonly<Record<string, string>> = {
  '-': 'INVALID_STATE_TRANSITION', EXISTS: 'ALREADY_EXISTS', STALE: 'STALE_LEASE', UNMET: 'DEPENDENCIES_UNMET',
  ESCALATED: 'ALREADY_ESCALATED',
}

t.test('the state table S-1 to S-14: what every command does in every status', async (t) => {
  const table = `
    command              NONE      TODO        IN_PROGRESS dependencies failure   manual    escalation DONE   CANCELLED
    create               TODO      EXISTS      EXISTS      EXISTS       EXISTS    EXISTS    EXISTS     EXISTS EXISTS
    addDependency        NOT_FOUND BLOCKED     -           BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    breakCircle          =         =           =           =            =         =         =          =      =
    start                NOT_FOUND IN_PROGRESS -           UNMET        -         -         -          -      -
    startSelected        NOT_FOUND IN_PROGRESS -           UNMET        -         -         -          -      -
    heartbeat            NOT_FOUND STALE       IN_PROGRESS STALE        STALE     STALE     STALE      -      STALE
    reportProgress       NOT_FOUND STALE       IN_PROGRESS STALE        STALE     STALE     STALE      -      STALE
    complete             NOT_FOUND STALE       DONE        STALE        STALE     STALE     STALE      =      STALE
    fail                 NOT_FOUND STALE       TODO        STALE        STALE     STALE     STALE      -      STALE
    release              NOT_FOUND =           TODO        STALE        STALE     STALE     STALE      -      STALE
    expireLease          =         =           TODO        =            =         =         =          =      =
    block                NOT_FOUND BLOCKED     BLOCKED     -            -         -         -          -      -
    unblock              NOT_FOUND =           -           TODO         TODO      TODO      -          -      -
    settleDependencies   =         =           =           TODO         =         =         =          =      =
    escalate             NOT_FOUND BLOCKED     BLOCKED     -            -         -         ESCALATED  -      -
    resolveEscalation    NOT_FOUND -           -           -            -         -         TODO       -      -
    cancel               NOT_FOUND CANCELLED   CANCELLED   CANCELLED    CANCELLED CANCELLED CANCELLED  -      =
    reopen               NOT_FOUND =           -           -            -         -         -          -      TODO
    delegate             NOT_FOUND TODO        USE_HANDOFF BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    handoff              NOT_FOUND TODO        TODO        BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    assign               NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    collaborate          NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    acceptCollaboration  NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    declineCollaboration NOT_FOUND TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    -      -
    requireApproval      =         TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    =      CANCELLED
    withdrawApproval     =         TODO        IN_PROGRESS BLOCKED      BLOCKED   BLOCKED   BLOCKED    =      CANCELLED`
  const [[, ...statuses] = [], ...rows] = table.trim().split('\n').map((line) => line.trim().split(/\s+/))
  t.strictSame(rows.map(([command]) => command).sort(), Object.keys(task.commands).sort(), 'the table has every command')

  const asked = Task.CollaborationRequested({ owner, collaborator: other, role: 'help', note: null })
  const histories: Record<string, readonly TaskEvent[]> = {
    NONE: [], TODO: [], IN_PROGRESS: [started()], DONE: [started(), completed('2')], CANCELLED: [cancelled()],
    dependencies: [blocked('dependencies')], failure: [blocked('failure')], manual: [blocked('manual')], escalation: [escalated()],
  }
  const [token, decision] = ['2', uuid(31)]
  const wishes: Record<string, object> = {
    create: { owner, title: 'Work' }, addDependency: { dependency: first }, breakCircle: { dependency: first },
    startSelected: { selection: { policy: 'any', candidates: [] } },
    heartbeat: { token }, reportProgress: { token, percentage: 10 }, complete: { token }, fail: { token, error: 'no' },
    release: { token }, expireLease: { token },
    block: { reason: 'a reason' }, escalate: { reason: 'a reason' }, resolveEscalation: { resolution: 'so be it' },
    delegate: { to: other }, handoff: { to: other }, assign: { assignee: 'grace' }, requireApproval: { decision },
    collaborate: { collaborators: [{ orchestrator: third, role: 'help' }] },
  }
  for (const [column, status] of statuses.entries()) {
    for (const [name, ...cells] of rows) {
      const facts = status === 'NONE' ? [] : [created(), asked, ...histories[status!]!]
      const { world, tell, wish } = inWorld(...facts)
      // Said last, it changes no token; said before all else, it would keep the task from starting.
      const isWithdrawn = name === 'withdrawApproval'
      if (isWithdrawn && facts.length > 0) tell(taskState, subject, Task.ApprovalRequired({ owner, decision, decisions: [decision] }))
      tell(taskState, first, created())
      world.pass(60 * second_ms)
      const by = name!.endsWith('Collaboration') ? orchestrator(other) : admin
      const before = world.look(taskState, subject)
      t.equal(before.status === 'BLOCKED' ? before.block.kind : before.status, status)
      const decided = wish(name!, isWithdrawn ? { decision, taken: String(facts.length) } : wishes[name!], { by })
      const outcome = decided instanceof Rejection ? decided.code : decided.length === 0 ? '=' : world.look(taskState, subject).status
      const cell = cells[column]!
      t.equal(outcome, codes[cell] ?? cell, `${name} when ${status}`)
    }
  }
})

t.test('what a task may hold is bounded', async (t) => {
  const json = (bytes: number) => ({ x: 'y'.repeat(bytes - '{"x":""}'.length) })
  const many = (count: number, text = 'x') => Array.from({ length: count }, () => text)
  const helpers = (count: number) => many(count).map((role) => ({ orchestrator: other, role }))
  const limits: readonly [command: keyof typeof task.commands, field: string, taken: readonly unknown[], refused: readonly unknown[]][] = [
    ['create', 'title', ['x', 'x'.repeat(500)], ['', '  ', 'x'.repeat(501)]],
    ['create', 'description', ['x'.repeat(5_000)], ['x'.repeat(5_001)]],
    ['create', 'priority', ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], ['URGENT']],
    ['create', 'dueAt', ['2030-01-01T00:00:00Z'], ['tomorrow', '2030-01-01']],
    ['create', 'estimatedHours', [1, 1_000], [0.5, 1_001]],
    ['create', 'tags', [many(50, 'x'.repeat(50))], [many(51), ['x'.repeat(51)]]],
    ['create', 'dependsOn', [many(100, first)], [many(101, first), ['x']]],
    ['create', 'maxRetries', [0, 10], [-1, 11, 1.5]],
    ['create', 'metadata', [json(16 * 1024)], [json(16 * 1024 + 1), []]],
    ['reportProgress', 'percentage', [0, 100], [-1, 101, 0.5]],
    ['reportProgress', 'message', ['x'.repeat(1_000)], ['x'.repeat(1_001)]],
    ['complete', 'artifacts', [many(50).map((name) => ({ name, uri: 'a:b' }))], [many(51).map((name) => ({ name, uri: 'a:b' }))]],
    ['complete', 'output', ['x'.repeat(65_534)], ['x'.repeat(65_535)]],
    ['complete', 'metrics', [{ cost: 1 }], [Object.fromEntries(many(51).map((name, index) => [name + index, 1]))]],
    ['fail', 'error', ['x'.repeat(5_000)], ['', 'x'.repeat(5_001)]],
    ['block', 'reason', ['x'.repeat(500)], ['', 'x'.repeat(501)]],
    ['escalate', 'reason', ['x'.repeat(500)], ['', 'x'.repeat(501)]],
    ['resolveEscalation', 'resolution', ['x'.repeat(2_000)], ['', 'x'.repeat(2_001)]],
    ['delegate', 'note', ['x'.repeat(1_000)], ['x'.repeat(1_001)]],
    ['handoff', 'notes', ['x'.repeat(2_000)], ['x'.repeat(2_001)]],
    ['handoff', 'context', [json(64 * 1024)], [json(64 * 1024 + 1)]],
    ['handoff', 'completionPercentage', [0, 100], [101]],
    ['collaborate', 'collaborators', [helpers(10)], [[], helpers(11), [{ orchestrator: other, role: 'x'.repeat(101) }]]],
  ]
  for (const [command, field, taken, refused] of limits) {
    const schema = (task.commands[command] as Command).data.shape[field]!
    for (const value of taken) t.ok(schema.safeParse(value).success, `${command}.${field} takes what is just allowed`)
    for (const value of refused) t.notOk(schema.safeParse(value).success, `${command}.${field} refuses what is not`)
  }
})

t.test('S-1 a task is created', async (t) => {
  const given = scene(t)
  given().when('create', { owner, title: ' Work ' }).yields(created())
  given().by(orchestrator(owner)).when('create', { title: 'Work', dueAt: '2030-01-02T01:00:00+01:00' })
    .yields(created({ dueAt: '2030-01-02T00:00:00.000Z' }))
  given().when('create', { title: 'Work' }).refuses('OWNER_REQUIRED')
  given().by(tool).when('create', { title: 'Work' }).refuses('OWNER_REQUIRED')
  given().by(orchestrator(other)).when('create', { owner, title: 'Work' }).refuses('INVALID_OWNERSHIP', { owner })
  given().when('create', { owner: stranger, title: 'Work' }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  given().seeing(orchestratorState, owner, elsewhere).when('create', { owner, title: 'Work' }).refuses('ORCHESTRATOR_UNKNOWN')
})

t.test('S-1 what a task depends on exists in its organization, and is not the task itself', async (t) => {
  const given = () => scene(t)().seeing(taskState, first, created()).seeing(taskState, second, on(created(), { organization: 'umbrella' }))
  const wish = (...dependsOn: string[]) => given().when('create', { owner, title: 'Work', dependsOn })
  wish(last).refuses('DEPENDENCY_UNKNOWN', { unknown: [last] })
  wish(first, second).refuses('DEPENDENCY_UNKNOWN', { unknown: [second] })
  wish(first, subject).refuses('DEPENDENCY_CYCLE', { cycle: [subject, subject] })
})

t.test('S-2 a task that waits for others is blocked from the start', async (t) => {
  const given = scene(t)().seeing(taskState, first, created()).seeing(taskState, second, created(), started(), completed('1'))
    .seeing(taskState, last, created(), cancelled())
  const wish = (...dependsOn: string[]) => given.when('create', { owner, title: 'Work', dependsOn })
  wish(first, second, first).yields(created({ dependsOn: [first, second] }), waitingFor(first))
  wish(second, last).yields(created({ dependsOn: [second, last] }))
})

t.test('S-1 one more dependency', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created(), ...facts)
    .seeing(taskState, first, created()).seeing(taskState, second, created(), cancelled())
    .seeing(taskState, last, created({ dependsOn: [subject] }))
  const added = (dependency: string, ...before: string[]) => Task.DependencyAdded({ owner, dependency, dependsOn: [...before, dependency] })
  given().when('addDependency', { dependency: first }).yields(added(first), waitingFor(first))
  given().when('addDependency', { dependency: second }).yields(added(second))
  given(blocked('manual')).when('addDependency', { dependency: first }).yields(added(first))
  given(added(first), waitingFor(first)).when('addDependency', { dependency: first }).changesNothing()
  given().when('addDependency', { dependency: stranger }).refuses('DEPENDENCY_UNKNOWN', { unknown: [stranger] })
  given().when('addDependency', { dependency: subject }).refuses('DEPENDENCY_CYCLE', { cycle: [subject, subject] })
  given().when('addDependency', { dependency: last }).refuses('DEPENDENCY_CYCLE', { cycle: [subject, last, subject] })
  given().by(orchestrator(other)).when('addDependency', { dependency: first }).refuses('INVALID_OWNERSHIP')
})

t.test('S-1 tasks never wait for one another in a circle, and only what would close one is refused as one', async () => {
  const tasks = Array.from({ length: 6 }, (_, index) => uuid(50 + index))
  const edge = fc.record({ from: fc.constantFrom(...tasks), to: fc.constantFrom(...tasks) })
  fc.assert(fc.property(fc.array(edge, { maxLength: 30 }), (edges) => {
    const { world, tell } = inWorld()
    for (const id of tasks) tell(taskState, id, created())
    const waitsFor = (id: string): readonly string[] => {
      const known = world.look(taskState, id)
      return known.status === 'NONE' ? [] : known.dependsOn
    }
    const reaches = (from: string, to: string): boolean => from === to || waitsFor(from).some((next) => reaches(next, to))
    for (const { from, to } of edges) {
      const closes = reaches(to, from)
      const decision = world.do({ category: 'task', id: from, command: 'addDependency', data: { dependency: to } })
      if (closes !== (codeOf(decision) === 'DEPENDENCY_CYCLE')) throw new Error('the verdict is wrong')
      if (!(decision instanceof Rejection)) continue
      const [begin, next, ...rest] = decision.detail.cycle as string[]
      const steps = [next!, ...rest]
      if (begin !== from || next !== to || steps.at(-1) !== from)
        throw new Error('the circle begins with the new wait and ends where it began')
      for (const [index, one] of steps.slice(1).entries())
        if (!waitsFor(steps[index]!).includes(one as never)) throw new Error('the circle is not one')
    }
  }), { seed, numRuns: 200 })
})

t.test('S-1 the search for a circle ends, however long the chain', async (t) => {
  let looks = 0
  const endless = <State>(_: unknown, id: string): State => {
    looks++
    return { ...created().data, status: 'TODO', organization: 'acme', dependsOn: [uuid(Number(id.slice(-12)) + 1)] } as State
  }
  t.equal(cycleThrough(subject, uuid(2), { look: endless, organization: 'acme' }), 'unknown')
  t.ok(looks >= 1_000 && looks < 1_100)
  t.equal(cycleThrough(subject, uuid(2), { look: ({ initial }) => initial, organization: 'acme' }), undefined)
})

t.test('S-1 a task waits for at most a hundred others, and for none where too many hang together', async (t) => {
  const many = Array.from({ length: 100 }, (_, index) => uuid(100 + index))
  const given = (dependsOn: string[]) => scene(t)(created({ dependsOn })).seeing(taskState, first, created())
  given(many).when('addDependency', { dependency: first }).refuses('DEPENDENCY_LIMIT', { max: 100 })
  given(many.slice(1)).when('addDependency', { dependency: first })
    .yields(Task.DependencyAdded({ owner, dependency: first, dependsOn: [...many.slice(1), first] }), waitingFor(first))
  given(many).when('addDependency', { dependency: many[0]! }).changesNothing()
  const chained = (...facts: readonly TaskEvent[]) => {
    const { tell, wish } = inWorld(created())
    for (let n = 0; n <= 1_001; n++) tell(taskState, uuid(5_000 + n), created({ dependsOn: [uuid(5_001 + n)] }))
    tell(taskState, uuid(5_500), ...facts)
    return codeOf(wish('addDependency', { dependency: uuid(5_000) }))
  }
  t.equal(chained(), 'DEPENDENCY_LIMIT')
  t.equal(chained(started(), completed('1')), undefined, 'what is done waits for nothing')
})

t.test('S-1 of waits that closed a circle unseen, the one that is looked at is withdrawn', async (t) => {
  const added = Task.DependencyAdded({ owner, dependency: first, dependsOn: [first] })
  const withdrawn = (...dependsOn: string[]) =>
    Task.DependencyWithdrawn({ owner, dependency: first, dependsOn, cycle: [subject, first, subject] })
  const back = created({ dependsOn: [subject] })
  const given = (...facts: readonly TaskEvent[]) =>
    scene(t)(created(), ...facts).by(system).seeing(taskState, first, back).seeing(taskState, second, created())
  const check = (...facts: readonly TaskEvent[]) => given(...facts).when('breakCircle', { dependency: first })
  check(added, waitingFor(first)).yields(withdrawn(),
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'dependencies', reason: 'the last dependency was withdrawn' }))
  check(Task.DependencyAdded({ owner, dependency: first, dependsOn: [first, second] }), waitingFor(first, second)).yields(withdrawn(second))
  check(added, blocked('manual')).yields(withdrawn())
  check(added, waitingFor(first), withdrawn()).changesNothing()
  check(added, waitingFor(first), cancelled({ from: 'BLOCKED' })).yields(withdrawn())
  check(added, started(), completed('2')).changesNothing()
  given(added, waitingFor(first)).seeing(taskState, first, created()).when('breakCircle', { dependency: first }).changesNothing()
})

t.test('S-8 S-9 S-10 S-12 S-18 S-19 only the owner, or who is above it, decides about a task', async (t) => {
  const wishes: Record<string, object> = {
    block: { reason: 'why' }, escalate: { reason: 'why' }, cancel: {}, assign: { assignee: 'grace' }, delegate: { to: third },
    handoff: { to: third }, collaborate: { collaborators: [{ orchestrator: third, role: 'help' }] },
  }
  const tried = (history: readonly TaskEvent[], command: string, data: object, by: Actor) =>
    scene(t)(...history).by(by).when(command as 'cancel', data)
  for (const [command, data] of Object.entries(wishes)) {
    tried([created()], command, data, orchestrator(other)).refuses('INVALID_OWNERSHIP', { owner })
    for (const by of [orchestrator(owner), admin, tool]) {
      const { wish } = inWorld(created(), delegated(other), delegated(owner, other))
      t.not(codeOf(wish(command, data, { by })), 'INVALID_OWNERSHIP', `${command} by ${by.kind}`)
    }
  }
  tried([created(), blocked('manual')], 'unblock', {}, orchestrator(other)).refuses('INVALID_OWNERSHIP', { owner })
})

t.test('S-8 blocking ends a lease and says what it was', async (t) => {
  scene(t)(...running).when('block', { reason: 'no key' })
    .yields(Task.TaskBlocked({ owner, from: 'IN_PROGRESS', kind: 'manual', reason: 'no key', waitsFor: [], lease: lease(token) }))
  scene(t)(created(), blocked('manual', 'no key')).when('block', { reason: 'no key' }).changesNothing()
})

t.test('S-9 whatever was laid over open dependencies, they block again when it goes', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created({ dependsOn: [first] }), ...facts)
  const reblocked = (from: 'TODO') =>
    Task.TaskBlocked({ owner, from, kind: 'dependencies', reason: 'waits for other tasks', waitsFor: [first], lease: null })
  const gone = (kind: 'manual' | 'failure' | 'dependencies') =>
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind, reason: 'unblocked by hand' })
  const decided = Task.TaskEscalationResolved({ owner, from: 'BLOCKED', resolution: 'go on' })
  const again = Task.TaskReopened({ owner, from: 'CANCELLED', reason: null })
  const [open, ended] = [[created()], [created(), cancelled()]]
  for (const kind of ['manual', 'failure'] as const) {
    given(blocked(kind)).seeing(taskState, first, ...open).when('unblock', {}).yields(gone(kind), reblocked('TODO'))
    given(blocked(kind)).seeing(taskState, first, ...ended).when('unblock', {}).yields(gone(kind))
  }
  given(waitingFor(first)).seeing(taskState, first, ...open).when('unblock', {}).refuses('DEPENDENCIES_UNMET', { open: [first] })
  given(waitingFor(first)).seeing(taskState, first, ...ended).when('unblock', {}).yields(gone('dependencies'))
  given(escalated()).seeing(taskState, first, ...open).when('resolveEscalation', { resolution: 'go on' }).yields(decided, reblocked('TODO'))
  given(escalated()).seeing(taskState, first, ...ended).when('resolveEscalation', { resolution: 'go on' }).yields(decided)
  given(cancelled()).seeing(taskState, first, ...open).when('reopen', {}).yields(again, reblocked('TODO'))
  given(cancelled()).seeing(taskState, first, ...ended).when('reopen', {}).yields(again)
})

t.test('S-20 S-9 only a block of kind dependencies goes by itself, and only with the last of them', async (t) => {
  const given = (...facts: readonly TaskEvent[]) =>
    scene(t)(created({ dependsOn: [first, second] }), ...facts).by(system).seeing(taskState, first, created(), cancelled())
  const gone = Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'dependencies', reason: 'the last dependency ended' })
  const done = [created(), started(), completed('1')]
  given(waitingFor(first, second)).seeing(taskState, second, created()).when('settleDependencies', {}).changesNothing()
  given(waitingFor(first, second)).seeing(taskState, second, ...done).when('settleDependencies', {}).yields(gone)
  for (const other of [blocked('manual'), blocked('failure'), escalated()])
    given(other).seeing(taskState, second, ...done).when('settleDependencies', {}).changesNothing()
})

t.test('S-10 an escalated task waits, and is not escalated twice', async (t) => {
  const fact = (over = {}) =>
    Task.TaskEscalated({ owner, from: 'TODO', to: null, reason: 'why', severity: 'MEDIUM', context: {}, lease: null, ...over })
  scene(t)(created()).when('escalate', { reason: 'why' }).yields(fact())
  scene(t)(...running).by(orchestrator(owner)).when('escalate', { reason: 'why', severity: 'HIGH', to: 'grace', context: { tried: 3 } })
    .yields(fact({ from: 'IN_PROGRESS', severity: 'HIGH', to: 'grace', context: { tried: 3 }, lease: lease(token) }))
  scene(t)(created(), fact()).when('escalate', { reason: 'why' }).changesNothing()
  for (const other of [{ reason: 'another' }, { severity: 'HIGH' as const }, { to: 'grace' }, { context: { tried: 3 } }])
    scene(t)(created(), fact()).when('escalate', { reason: 'why', ...other }).refuses('ALREADY_ESCALATED', { reason: 'why' })
})

t.test('S-11 an escalation is resolved by an admin or by whom it was put to', async (t) => {
  const resolved = Task.TaskEscalationResolved({ owner, from: 'BLOCKED', resolution: 'go on' })
  for (const by of [admin, system, orchestrator(other)])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', { resolution: 'go on' }).yields(resolved)
  for (const by of [orchestrator(owner), orchestrator(third), tool])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', { resolution: 'go on' }).refuses('FORBIDDEN')
  scene(t)(created(), escalated()).by(orchestrator(owner)).when('resolveEscalation', { resolution: 'go on' }).refuses('FORBIDDEN')
})

t.test('S-12 S-13 what was cancelled is reopened by an admin alone', async (t) => {
  scene(t)(...running).by(orchestrator(owner)).when('cancel', { reason: 'not needed' })
    .yields(cancelled({ from: 'IN_PROGRESS', reason: 'not needed', lease: lease(token) }))
  for (const by of [orchestrator(owner), tool]) scene(t)(created(), cancelled()).by(by).when('reopen', {}).refuses('FORBIDDEN')
})

t.test('S-14 a task that is done is final, whatever anybody wishes', async () => {
  const { world, wish } = inWorld(...running, completed(token))
  for (const [name, command] of Object.entries<Command>(task.commands)) {
    fc.assert(fc.property(inputOf(command.data), fc.constantFrom(admin, system, tool, orchestrator(owner)), (data, by) => {
      wish(name, data, { by })
      if (world.look(taskState, subject).status !== 'DONE') throw new Error(`${name} undid it`)
    }), { seed, numRuns: 20 })
  }
})
