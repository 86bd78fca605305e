import t from 'tap'
import { Rejection, type Command } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator as orchestratorActor, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { Charter } from '../charter/events.ts'
import { charterState } from '../charter/state.ts'
import { moves, orchestrator } from './decider.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Orchestrator, Profile, statuses, type OrchestratorEvent } from './events.ts'
import { orchestrators } from './orchestrators.ts'
import { isReachable, isWorking, orchestratorState } from './state.ts'

const profile = {
  name: 'Ada', discipline: 'general', role: 'orchestrator', capabilities: [], timezone: 'UTC', daemonEndpoint: null, consensusWeight: 1,
  email: null, avatarUrl: null, tier: 1,
}
const registered = Orchestrator.OrchestratorRegistered({ ...profile, maxConcurrentTasks: 5 })
const changed = (from: (typeof statuses)[number], to: (typeof statuses)[number], action: string, reason: string | null = null) =>
  Orchestrator.OrchestratorStatusChanged({ from, to, action, reason })
const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

t.test('S-30 the status table: what every action does in every status', async (t) => {
  const table = `
    action     unknown   OFFLINE ONLINE          BUSY            AWAY            ARCHIVED
    activate   NOT_FOUND ONLINE  =               =               -               -
    start      NOT_FOUND ONLINE  =               =               -               -
    pause      NOT_FOUND -       AWAY            AWAY            =               -
    resume     NOT_FOUND -       =               =               ONLINE          -
    deactivate NOT_FOUND =       OFFLINE         OFFLINE         OFFLINE         -
    stop       NOT_FOUND =       OFFLINE         OFFLINE         OFFLINE         -
    restart    NOT_FOUND ONLINE  OFFLINE,ONLINE  OFFLINE,ONLINE  OFFLINE,ONLINE  -
    fill       NOT_FOUND =       BUSY            =               =               -
    free       NOT_FOUND =       =               ONLINE          =               -`
  const [[, ...columns] = [], ...rows] = table.trim().split('\n').map((line) => line.trim().split(/\s+/))
  t.strictSame(rows.map(([action]) => action).sort(), Object.keys(moves).sort(), 'the table has every action')
  for (const [column, status] of columns.entries()) for (const [action, ...cells] of rows) {
    const world = new World([orchestrator])
    const history = { unknown: [], OFFLINE: [registered], ARCHIVED: [registered, archived] }[status] ?? [
      registered, changed('OFFLINE', status as 'BUSY', 'start'),
    ]
    world.append(orchestrator, subject, history, world.contextOf({ id: subject }))
    const decision = world.do({ category: 'orchestrator', id: subject, command: action!, data: { reason: 'why' } })
    const steps = decision instanceof Rejection ? decision.code : decision.map(({ data }) => (data as { to: string }).to).join() || '='
    t.equal(steps, cells[column] === '-' ? 'INVALID_STATE_TRANSITION' : cells[column], `${action} when ${status}`)
  }
})

t.test('S-30 a change of status says from where, through what and why', async (t) => {
  const given = behaviour(t, orchestrator).given
  given(registered).when('start', { reason: 'morning' }).yields(changed('OFFLINE', 'ONLINE', 'start', 'morning'))
  given(registered, changed('OFFLINE', 'ONLINE', 'start')).by(orchestratorActor(subject)).when('restart', { reason: 'upgrade' })
    .yieldsEachTime(changed('ONLINE', 'OFFLINE', 'restart', 'upgrade'), changed('OFFLINE', 'ONLINE', 'restart', 'upgrade'))
  given(registered).when('pause', {}).refuses('INVALID_STATE_TRANSITION', { action: 'pause', status: 'OFFLINE' })
  given(registered, archived).when('start', {}).refuses('INVALID_STATE_TRANSITION', { action: 'start', status: 'ARCHIVED' })
})

t.test('S-30 an orchestrator is registered, and again with the same profile without effect', async (t) => {
  const given = behaviour(t, orchestrator).given
  given().when('register', { name: 'Ada' }).yields(registered)
  given(registered).when('register', { name: 'Ada' }).changesNothing()
  given(registered).when('register', { name: 'Grace' }).refuses('ALREADY_EXISTS')
  given(registered).when('register', { name: 'Ada', maxConcurrentTasks: 4 }).refuses('ALREADY_EXISTS')
  given(registered, archived).when('register', { name: 'Ada' })
    .refuses('INVALID_STATE_TRANSITION', { action: 'register', status: 'ARCHIVED' })
})

t.test('S-30 what is known of an orchestrator is bounded', async (t) => {
  const { data } = orchestrator.commands.register
  const limits: readonly [field: string, taken: readonly unknown[], refused: readonly unknown[]][] = [
    ['name', ['x', 'x'.repeat(100)], ['', 'x'.repeat(101)]],
    ['discipline', ['x', 'x'.repeat(100)], ['', 'x'.repeat(101)]],
    ['role', ['x', 'x'.repeat(100)], ['', 'x'.repeat(101)]],
    ['capabilities', [[], ['x'.repeat(100)], Array(50).fill('x')], [[''], ['x'.repeat(101)], Array(51).fill('x')]],
    ['timezone', ['UTC', 'Asia/Tokyo', 'America/Argentina/Buenos_Aires'], ['Mars/Olympus', '', 'x'.repeat(65)]],
    ['consensusWeight', [1, 100], [0, 101, 1.5]],
    ['maxConcurrentTasks', [1, 50], [0, 51]],
    ['email', [null, 'ada@example.org', `${'a'.repeat(64)}@${'b'.repeat(185)}.org`], ['ada', `${'a'.repeat(64)}@${'b'.repeat(186)}.org`]],
    ['avatarUrl', [null, 'https://example.org/ada.png'], ['ada.png', 'javascript:alert(1)', `https://example.org/${'a'.repeat(2_000)}`]],
    ['tier', [0, 3], [-1, 4, 1.5]],
    ['daemonEndpoint', [null, 'https://example.org'], ['not a url']],
  ]
  for (const [field, taken, refused] of limits) {
    for (const value of taken) t.ok(data.safeParse({ name: 'x', [field]: value }).success, `${field} takes ${value}`)
    for (const value of refused) t.notOk(data.safeParse({ name: 'x', [field]: value }).success, `${field} refuses ${value}`)
  }
})

t.test('S-30 an orchestrator is updated: what is not said stays', async (t) => {
  const given = behaviour(t, orchestrator).given
  given(registered).when('update', { timezone: 'Asia/Tokyo' })
    .yields(Orchestrator.OrchestratorUpdated({ ...profile, timezone: 'Asia/Tokyo', previousEmail: null }))
  given(registered).when('update', { name: 'Ada' }).changesNothing()
  given().when('update', { name: 'Ada' }).refuses('NOT_FOUND')
  given(registered, archived).when('update', { name: 'Grace' }).refuses('INVALID_STATE_TRANSITION', { status: 'ARCHIVED' })
})

t.test('S-30 who is offline is archived, for good', async (t) => {
  const given = behaviour(t, orchestrator).given
  given(registered).when('archive', {}).yields(archived)
  given(registered, archived).when('archive', {}).changesNothing()
  given(registered, changed('OFFLINE', 'ONLINE', 'start')).when('archive', {}).refuses('INVALID_STATE_TRANSITION', { status: 'ONLINE' })
  given().when('archive', {}).refuses('NOT_FOUND')
})

t.test('F-60 email, avatar and tier are said at the registration or later, and an address in small letters', async () => {
  const given = behaviour(t, orchestrator).given
  const contact = { email: 'ada@example.org', avatarUrl: 'https://example.org/a', tier: 0 }
  const told = Orchestrator.OrchestratorRegistered({ ...registered.data, ...contact })
  given().when('register', { name: 'Ada', ...contact, email: 'Ada@Example.org' }).yields(told)
  given(told).when('register', { name: 'Ada', ...contact }).changesNothing()
  given(told).when('register', { name: 'Ada' }).refuses('ALREADY_EXISTS')
  const updated = (more: object, previousEmail: string | null = null) =>
    Orchestrator.OrchestratorUpdated({ ...profile, ...contact, ...more, previousEmail })
  given(told).when('update', { email: 'ADA@example.org' }).changesNothing()
  given(told).when('update', { role: 'lead' }).yields(updated({ role: 'lead' }))
  given(told).when('update', { email: 'a@example.org' }).yields(updated({ email: 'a@example.org' }, 'ada@example.org'))
  given(told).when('update', { email: null }).yields(updated({ email: null }, 'ada@example.org'))
  given(told).when('archive', {})
    .yields(Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: 'ada@example.org' }))
})

t.test('F-60 email, tier and weight are an admin\'s to change, the rest also the orchestrator\'s', async (t) => {
  const given = behaviour(t, orchestrator).given(registered)
  for (const change of [{ email: 'ada@example.org' }, { tier: 0 }, { consensusWeight: 2 }]) {
    for (const by of [tool, orchestratorActor(subject)]) given.by(by).when('update', change).refuses('FORBIDDEN')
    given.by(admin).when('update', change).yields(Orchestrator.OrchestratorUpdated({ ...profile, ...change, previousEmail: null }))
  }
  const own = given.by(orchestratorActor(subject))
  own.when('update', { avatarUrl: 'https://example.org/a' })
    .yields(Orchestrator.OrchestratorUpdated({ ...profile, avatarUrl: 'https://example.org/a', previousEmail: null }))
  own.when('update', { ...profile, role: 'lead' })
    .yields(Orchestrator.OrchestratorUpdated({ ...profile, role: 'lead', previousEmail: null }))
  t.strictSame(Profile.keyof().options.filter((field) => !(field in profile)), [], 'a profile says everything')
})

t.test('S-31 an orchestrator changes only itself', async (t) => {
  const given = behaviour(t, orchestrator).given(registered)
  const stranger = given.by(orchestratorActor(uuid(9)))
  stranger.when('start', {}).refuses('FORBIDDEN')
  stranger.when('update', { name: 'Grace' }).refuses('FORBIDDEN')
  stranger.when('archive', {}).refuses('FORBIDDEN')
  for (const by of [admin, tool, system, orchestratorActor(subject)])
    given.by(by).when('start', {}).yields(changed('OFFLINE', 'ONLINE', 'start'))
})

t.test('S-3 S-16 who is not offline takes work over; who is online or busy starts it', async (t) => {
  const guarded = { charterVersion: null, budget: null }
  const known = {
    organization: 'acme', profile, registeredMax: 5, moved: null, guarded, keepsHours: false, maxQueueSize: null, proxy: null,
  }
  const stateIn = (status: (typeof statuses)[number]) => ({ stage: 'registered' as const, ...known, status })
  t.strictSame(statuses.filter((status) => isReachable(stateIn(status))), ['ONLINE', 'BUSY', 'AWAY'])
  t.strictSame(statuses.filter((status) => isWorking(stateIn(status))), ['ONLINE', 'BUSY'])
  for (const state of [{ stage: 'unknown' as const }, { stage: 'archived' as const, ...known }])
    t.notOk(isReachable(state) || isWorking(state))
})

t.test('F-61 a move answers where it began and where it led, however many steps it took', async (t) => {
  const world = new World([orchestrator])
  const asked = (command: keyof typeof orchestrator.commands, data: object = {}) => {
    const context = world.contextOf({ id: subject })
    world.do({ category: 'orchestrator', id: subject, command, data }, context)
    return orchestrator.commands[command].answers?.of(world.look(orchestrator, subject), context, data)
  }
  t.equal(asked('register', { name: 'Ada' }), undefined)
  t.strictSame(asked('activate'), { from: 'OFFLINE', to: 'ONLINE' })
  t.strictSame(asked('activate'), { from: 'ONLINE', to: 'ONLINE' }, 'nothing changed')
  t.strictSame(asked('pause'), { from: 'ONLINE', to: 'AWAY' })
  t.strictSame(asked('restart'), { from: 'AWAY', to: 'ONLINE' }, 'by way of OFFLINE')
  t.strictSame(asked('stop'), { from: 'ONLINE', to: 'OFFLINE' })
  t.strictSame(asked('archive'), { from: 'OFFLINE', to: 'ARCHIVED' })
})

t.test('F-61 older words that name a status mean the move that leads there from where it is', async (t) => {
  const older = Object.entries<Command>(orchestrator.commands).flatMap(([name, { aliases = [] }]) =>
    aliases.filter(({ route }) => route.startsWith('PATCH ')).map((alias) => ({ name, alias })))
  const asked = (status: string, from?: (typeof statuses)[number]) => {
    const world = new World([orchestrator])
    const facts = from && from !== 'OFFLINE' ? [registered, changed('OFFLINE', from, 'start')] : from ? [registered] : []
    world.append(orchestrator, subject, facts, world.contextOf({ id: subject }))
    const [{ name, alias }] = older.filter(({ alias }) => alias.meant!({ status })) as [(typeof older)[number]]
    const state = world.look(orchestrator, subject)
    const said = alias.fill?.(state, {}) ?? {}
    const decision = orchestrator.commands[name as 'pause'].decide(state, said, world.contextOf({ id: subject }))
    return decision instanceof Rejection ? decision.code : decision.map(({ data }) => (data as { action: string }).action).join() || '='
  }
  t.strictSame(statuses.map((from) => asked('ONLINE', from)), ['=', '=', 'resume', 'activate'])
  t.strictSame(statuses.map((from) => asked('AWAY', from)), ['pause', 'pause', '=', 'INVALID_STATE_TRANSITION'])
  t.strictSame(statuses.map((from) => asked('OFFLINE', from)), ['deactivate', 'deactivate', 'deactivate', '='])
  t.equal(asked('ONLINE'), 'NOT_FOUND')
  t.strictSame(older.filter(({ alias }) => alias.meant!({ status: 'BUSY' })), [])
})

t.test('the read model shows who is there', async (t) => {
  const at = later(now, 1_000)
  const row = {
    orchestrator: subject, name: 'Ada', discipline: 'general', role: 'orchestrator', capabilities: [], status: 'OFFLINE' as const,
    status_reason: null,
    since: now, timezone: 'UTC', weight: 1, daemon_endpoint: null, registered_at: now,
    email: null, avatar_url: null, tier: 1, charter_version: null, budget_until: null, interventions: [],
  }
  const fact = (fact: Parameters<typeof orchestratorState.evolve>[1]) => recorded(orchestratorState, fact, { at })
  const shown = (...facts: readonly Parameters<typeof orchestratorState.evolve>[1][]) =>
    picture(t, orchestrators).after(recorded(orchestratorState, registered), ...facts.map(fact))
  shown().shows(row)
  shown(changed('OFFLINE', 'ONLINE', 'start', 'morning')).shows({ ...row, status: 'ONLINE', status_reason: 'morning', since: at })
  shown(Orchestrator.OrchestratorUpdated({ ...profile, consensusWeight: 3, timezone: 'Asia/Tokyo', previousEmail: null }))
    .shows({ ...row, weight: 3, timezone: 'Asia/Tokyo' })
  const contact = { email: 'ada@example.org', avatarUrl: 'https://example.org/a', tier: 0 }
  const told = Orchestrator.OrchestratorUpdated({ ...profile, ...contact, previousEmail: null })
  const { avatarUrl: avatar_url, ...others } = contact
  shown(told).shows({ ...row, ...others, avatar_url })
  shown(told, archived).shows({ ...row, ...others, avatar_url, email: null, status: 'ARCHIVED', since: at })
})

const version = { orchestrator: OrchestratorId.parse(subject), version: 1, previous: null, reason: null }
const holds = [
  Charter.CharterPublished({ ...version, document: {}, hash: '0'.repeat(64) }), Charter.CharterActivated(version),
] as const

t.test('F-8 an orchestrator notes which charter holds, once, and only while it is here', async () => {
  const guarded = Orchestrator.OrchestratorGuarded({ charterVersion: 1, budget: null })
  const seeing = (...facts: readonly OrchestratorEvent[]) =>
    behaviour(t, orchestrator).given(...facts).by(system).seeing(charterState, subject, ...holds)
  seeing(registered).when('guard', {}).yields(guarded)
  seeing(registered, guarded).when('guard', {}).changesNothing()
  behaviour(t, orchestrator).given(registered).when('guard', {}).changesNothing()
  seeing().when('guard', {}).changesNothing()
  // Its keys are refused because that it left is the last that is told of it.
  seeing(registered, archived).when('guard', {}).changesNothing()
})

t.test('F-79 who works stands down, and stays so', async () => {
  const given = (...facts: readonly OrchestratorEvent[]) => behaviour(t, orchestrator).given(registered, ...facts).by(system)
  given(changed('OFFLINE', 'ONLINE', 'activate')).when('standDown', {}).yields(changed('ONLINE', 'AWAY', 'pause', 'drift'))
  given().when('standDown', {}).changesNothing()
  given(archived).when('standDown', {}).changesNothing()
})

t.test('F-8 F-79 the read model shows the charter that holds and what is in force', async (t) => {
  const shown = picture(t, orchestrators)
  const told = recorded(orchestratorState, registered)
  const guarded = recorded(orchestratorState, Orchestrator.OrchestratorGuarded({ charterVersion: 1, budget: null }))
  const drift = { orchestrator: version.orchestrator, score: 40, critical: false }
  const applied = recorded(charterState, Charter.GuardianInterventionApplied({
    ...drift, actions: ['reduce_autonomy'], inForce: ['reduce_autonomy'],
  }))
  const cleared = recorded(charterState, Charter.GuardianInterventionCleared({ ...drift, actions: ['reduce_autonomy'], reason: 'seen to' }))
  shown.after(told, guarded, applied).matches({ charter_version: 1, interventions: ['reduce_autonomy'] })
  shown.after(told, guarded, applied, cleared).matches({ charter_version: 1, interventions: [] })
})
