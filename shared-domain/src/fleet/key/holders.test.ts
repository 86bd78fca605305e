import fc from 'fast-check'
import t from 'tap'
import type { Fold } from '../../kernel/decider.ts'
import type { Recorded } from '../../kernel/fact.ts'
import { ids } from '../../kernel/arbitrary.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator, replay, subject, system, tool, uuid, agent as anAgent, daemon } from '../../kernel/testing.ts'
import { inhabited, lived, lives } from '../../scenery.ts'
import { registered } from '../../work/task/scene.ts'
import { agent as agentDecider } from '../agent/decider.ts'
import { Agent } from '../agent/events.ts'
import { agentState } from '../agent/state.ts'
import { Daemon, type DaemonEvent } from '../daemon/events.ts'
import { daemonState } from '../daemon/state.ts'
import type { OrchestratorEvent } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { withDefaults } from '../organization/settings.ts'
import { organizationState } from '../organization/state.ts'
import { apiKey } from './decider.ts'
import { ApiKey } from './events.ts'
import { keys } from './keys.ts'
import { admit, apiKeyState, backersOf, backing, type ApiKeyState, type Key, type Principal } from './state.ts'
import { described } from './validation.ts'

const [owner, stranger, hand, old] = [11, 12, 51, 20].map(uuid) as [string, string, string, string]
const secret = { hash: '0123456789abcdef'.repeat(4), prefix: 'bk_012345678' }
type Fact = Parameters<typeof ApiKey.ApiKeyGenerated>[0]
const generated = (over: Partial<Fact> = {}) => ApiKey.ApiKeyGenerated({
  orchestrator: owner, name: 'key', ...secret, scopes: ['read', 'execute'], expiresAt: null, replaces: null, agent: hand, daemon: null,
  ratePerMinute: null, overlap_s: 0, ...over,
})
const joined = (orchestrator: string | null = owner) => Agent.AgentRegistered({
  name: 'Hand', description: null, orchestrator, capabilities: [], maxConcurrent: 1, reliability: 0.9, tags: [],
})
const retired = Agent.AgentRetired({ orchestrator: owner, from: 'IDLE', reason: null, slots: [] })

t.test('F-63 an agent has keys of its own, made by who answers for it, that read and execute and no more', async (t) => {
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(agentState, hand, joined())
  given.when('generateForAgent', { agent: hand }).yields(generated())
  given.by(orchestrator(owner)).when('generateForAgent', { agent: hand, name: 'night', scopes: ['read'], ratePerMinute: 60 })
    .yields(generated({ name: 'night', scopes: ['read'], ratePerMinute: 60 }))
  given.by(daemon, owner).when('generateForAgent', { agent: hand }).yields(generated())
  for (const by of [orchestrator(stranger), anAgent]) given.by(by).when('generateForAgent', { agent: hand }).refuses('FORBIDDEN')
  given.when('generateForAgent', { agent: stranger }).refuses('NOT_FOUND')
  given.with({ organization: 'umbrella' }).when('generateForAgent', { agent: hand }).refuses('NOT_FOUND')
  given.seeing(agentState, hand, joined(), retired).when('generateForAgent', { agent: hand }).refuses('NOT_FOUND')
  const alone = given.seeing(agentState, hand, joined(null))
  alone.when('generateForAgent', { agent: hand }).yields(generated({ orchestrator: null }))
  alone.by(orchestrator(owner)).when('generateForAgent', { agent: hand }).refuses('FORBIDDEN')
  for (const scopes of [['write'], ['admin'], ['read', 'execute', 'write'], []])
    t.notOk(apiKey.commands.generateForAgent.data.safeParse({ agent: hand, scopes }).success, scopes.join())
})

t.test('F-63 every key may have a rate of its own, which its successor keeps', async (t) => {
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(orchestratorState, owner, registered)
  const own = { agent: null, scopes: ['read' as const], ratePerMinute: 100 }
  given.when('generate', { orchestrator: owner, scopes: ['read'], ratePerMinute: 100 }).yields(generated(own))
  given.when('generateForOrganization', { scopes: ['read'], ratePerMinute: 100 }).yields(generated({ ...own, orchestrator: null }))
  given.seeing(apiKeyState, old, generated(own)).when('rotate', { replaces: old }).yields(generated({ ...own, replaces: old }))
  const limitsOf = (made: ReturnType<typeof generated>, set: object = {}) => {
    const state = { ...organizationState.initial, settings: withDefaults(set as never) }
    return (admit(replay(apiKeyState, [made]), subject, secret.hash, now, false, state) as Principal).limits
  }
  const { commands, queries } = limitsOf(generated(own), { commandsPerMinute: 5, queriesPerMinute: 5 })
  const limit = { name: 'key', counted: `key ${subject}`, who: 'This key', perMinute_max: 100 }
  for (const limits of [commands, queries]) t.strictSame(limits[0], limit)
})

t.test('F-65 O-81 of a key without a rate of its own the organization says how often it may come, or else the installation', async (t) => {
  const limitsOf = (set: object) => {
    const state = { ...organizationState.initial, settings: withDefaults(set as never) }
    const made = replay(apiKeyState, [generated({ ratePerMinute: null })])
    const { limits } = admit(made, subject, secret.hash, now, false, state) as Principal
    return [limits.commands, limits.queries]
      .map((some) => some.map(({ name, perMinute_max, burst_max }) => [name, perMinute_max, burst_max]))
  }
  const ofAll = ['organization', 60_000, undefined]
  t.strictSame(limitsOf({}), [[ofAll], [ofAll]])
  t.strictSame(limitsOf({ commandsPerMinute: 600, commandsBurst: 50 }), [[['key', 600, 50], ofAll], [ofAll]])
  t.strictSame(limitsOf({ queriesPerMinute: 6_000 }), [[ofAll], [['key', 6_000, undefined], ofAll]])
})

t.test('F-63 whoever answers for the agent now rotates and revokes its keys, and the key itself does not', async (t) => {
  const made = generated()
  const revoked = ApiKey.ApiKeyRevoked({ orchestrator: owner, reason: null })
  const rotation = behaviour(t, apiKey).given().with({ secret }).seeing(apiKeyState, old, made)
  const revocation = behaviour(t, apiKey).given(made).with({ id: old })
  const moved = [joined(), Agent.AgentUpdated({ ...joined().data, orchestrator: stranger })] as const
  const cases = [
    [[joined()], admin, true], [[joined()], orchestrator(owner), true], [[joined()], orchestrator(stranger), false],
    [[joined()], { ...anAgent, id: hand }, false], [[joined()], { ...tool, id: old }, false],
    [moved, orchestrator(owner), false], [moved, orchestrator(stranger), true], [[joined(null)], { ...anAgent, id: hand }, false],
  ] as const
  for (const [facts, by, may] of cases) {
    const [rotated, gone] = [
      rotation.seeing(agentState, hand, ...facts).by(by).when('rotate', { replaces: old, overlap_s: 60 }),
      revocation.seeing(agentState, hand, ...facts).by(by).when('revoke', {}),
    ]
    if (may) rotated.yields(generated({ replaces: old, overlap_s: 60 }))
    else rotated.refuses('FORBIDDEN')
    if (may) gone.yields(revoked)
    else gone.refuses('FORBIDDEN')
  }
  revocation.by({ ...anAgent, id: hand }).when('revoke', {}).refuses('FORBIDDEN')
  for (const by of [admin, system, orchestrator(owner)])
    rotation.seeing(agentState, hand, joined(), retired).by(by).when('rotate', { replaces: old }).refuses('NOT_FOUND')
})

t.test('F-1 a key of an agent acts for nobody else, one of a daemon for its orchestrator', async (t) => {
  const asked = (over: Partial<Fact>) => admit(replay(apiKeyState, [generated(over)]), subject, secret.hash, now, false)
  t.match(asked({}), { actor: { kind: 'agent', id: hand }, actsFor: null })
  t.match(asked({ orchestrator: null }), { actor: { kind: 'agent', id: hand }, actsFor: null })
  t.match(asked({ agent: null, daemon: uuid(70) }), { actor: { kind: 'daemon', id: uuid(70) }, actsFor: owner })
  t.match(asked({ agent: null }), { actor: { kind: 'orchestrator', id: owner }, actsFor: owner })
  t.match(asked({ agent: null, orchestrator: null }), { actor: { kind: 'tool', id: subject }, actsFor: null })
})

t.test('F-63 a key is not taken once whom it stands for has left', async (t) => {
  const state = replay(apiKeyState, [generated()])
  t.equal(admit(state, subject, secret.hash, now, true), 'INVALID_API_KEY')
  const whoBacks = (over: Partial<Fact>) => backersOf(replay(apiKeyState, [generated(over)])).map(({ fold, id }) => [fold.category, id])
  t.strictSame(whoBacks({}), [['agent', hand]], 'an agent outlives whoever supervises it')
  t.strictSame(whoBacks({ agent: null }), [['orchestrator', owner]])
  t.strictSame(whoBacks({ agent: null, daemon: uuid(70) }), [['orchestrator', owner], ['daemon', uuid(70)]])
  t.strictSame(whoBacks({ agent: null, orchestrator: null }), [], 'a key of the organization stands for nobody else')
  t.strictSame(backersOf(apiKeyState.initial), [])
  for (const over of [{}, { agent: null }])
    for (const { fold } of backersOf(replay(apiKeyState, [generated(over)])))
      t.ok(backing.includes(fold), 'and hosts follow all streams of its category')
})

t.test('F-63 the last facts about somebody say whether it has left, whatever happens after', async (t) => {
  const holders = [generated(), generated({ agent: null })].map((fact) => backersOf(replay(apiKeyState, [fact]))[0]!)
  let gone = 0
  fc.assert(fc.property(lives(5, 20), (steps) => {
    const world = lived(steps, inhabited())
    for (const id of ids) {
      world.do({ category: 'agent', id, command: 'retire', data: {}, by: admin })
      const state = world.look(agentState, id)
      // What a session holds goes back with the session.
      const held = state.stage === 'unknown' ? [] : [...state.slots.values()].filter(({ task }) => task !== null)
      for (const { task, slot } of held)
        world.do({ category: 'agent', id, command: 'settle', data: { task, slot, success: false }, by: system })
    }
    const after = lived(steps, world)
    for (const { fold, hasLeft, saysLeft } of holders) {
      for (const facts of Map.groupBy(after.log.filter(({ category }) => category === fold.category), ({ id }) => id).values()) {
        let state = fold.initial
        facts.forEach((fact: Recorded, n) => {
          state = fold.evolve(state, fact, fact)
          const said = facts.slice(0, n + 1).reverse().map(({ type }) => saysLeft(type)).find((one) => one !== undefined)
          if ((said ?? false) !== hasLeft(state)) throw new Error(`${fact.type}: ${said}`)
          if (hasLeft(state) && n < facts.length - 1) gone++
        })
      }
    }
  }), { seed: 2030, numRuns: 20 })
  t.ok(gone > 20, `${gone} facts came after a leaving`)
})

t.test('F-63 a daemon has keys that act in the name of its orchestrator and govern nothing, and they end with it', async (t) => {
  const served = uuid(70)
  const made = Daemon.DaemonRegistered({ orchestrator: owner, name: 'quay', maxSessions: 4 })
  const gone = Daemon.DaemonRetired({ orchestrator: owner, reason: null })
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(daemonState, served, made).seeing(orchestratorState, owner, registered)
  const own = generated({ agent: null, daemon: served, scopes: ['read', 'write', 'execute'] })
  for (const by of [admin, orchestrator(owner)]) given.by(by).when('generateForDaemon', { daemon: served }).yields(own)
  for (const by of [orchestrator(stranger), anAgent]) given.by(by).when('generateForDaemon', { daemon: served }).refuses('FORBIDDEN')
  given.when('generateForDaemon', { daemon: stranger }).refuses('NOT_FOUND')
  given.with({ organization: 'umbrella' }).when('generateForDaemon', { daemon: served }).refuses('NOT_FOUND')
  given.seeing(daemonState, served, made, gone).when('generateForDaemon', { daemon: served }).refuses('NOT_FOUND')
  t.notOk(apiKey.commands.generateForDaemon.data.safeParse({ daemon: served, scopes: ['admin'] }).success)
  const key = replay(apiKeyState, [own])
  t.match(admit(key, subject, secret.hash, now, false), { actor: { kind: 'daemon', id: served }, actsFor: owner })
  const [, backer] = backersOf(key)
  const hasLeft = (...facts: readonly DaemonEvent[]) => backer!.hasLeft(replay(daemonState, facts))
  t.strictSame([backer!.id, hasLeft(made), hasLeft(made, gone)], [served, false, true])
  t.strictSame([backer!.saysLeft('DaemonStopped'), backer!.saysLeft('DaemonRetired')], [false, true])
})

t.test('F-63 nothing but what it had begun happens to an agent that has left', async (t) => {
  const { saysLeft } = backersOf(replay(apiKeyState, [generated()]))[0]!
  t.strictSame(Object.keys(Agent.definitions).filter((type) => saysLeft(type) === false), [
    'AgentRegistered', 'AgentUpdated', 'AgentStatusChanged', 'AgentVersionPublished', 'AgentSupervisorSet', 'AgentPeerAdded',
    'AgentSlotReserved',
  ])
  const given = behaviour(t, agentDecider).given(joined(), retired).with({ id: hand }).by(admin)
  given.when('update', { name: 'x' }).refuses('INVALID_STATE_TRANSITION')
  given.when('setStatus', { status: 'ACTIVE' }).refuses('INVALID_STATE_TRANSITION')
  given.when('publishVersion', { version: '1', manifest: {} }).refuses('INVALID_STATE_TRANSITION')
  given.when('setSupervisor', { agent: null }).refuses('INVALID_STATE_TRANSITION')
  given.by(system).when('reserve', { task: uuid(1), slot: uuid(2) }).refuses('AGENT_NOT_AVAILABLE')
})

t.test('F-63 the read model tells whose a key is and how often it may come', async (t) => {
  picture(t, keys).after(recorded(apiKeyState, generated({ ratePerMinute: 60 }))).shows({
    key: subject, orchestrator: owner, name: 'key', prefix: secret.prefix, scopes: ['read', 'execute'], created_at: now, expires_at: null,
    revoked_at: null, agent: hand, daemon: null, rate_per_minute: 60,
  })
  t.strictSame([...keys.filters], ['orchestrator', 'agent', 'daemon'])
})

t.test('F-64 who is shown a key learns whose it is, and is told no when it is another\'s or allows less', async (t) => {
  const tell = (over: Partial<Fact>, asked: Partial<Parameters<typeof described>[1]> = {}, ...facts: readonly OrchestratorEvent[]) => {
    const key = replay(apiKeyState, [generated(over)]) as Extract<ApiKeyState, Key>
    const principal = admit(key, subject, secret.hash, now, false) as Principal
    const look = (other: Fold<any>) => replay<any>(other, facts)
    return described({ id: subject, key, principal }, { requiredPermissions: [], ...asked }, { look })
  }
  const known = { key: subject, organization: 'acme', scopes: ['read', 'execute'], expiresAt: null, name: 'key' }
  t.strictSame(tell({ agent: null }, {}, registered), {
    ...known, actor: { kind: 'orchestrator', id: owner }, orchestrator: { id: owner, name: registered.data.name, status: 'OFFLINE' },
  })
  t.match(tell({ agent: null }, {}), { orchestrator: null })
  t.match(tell({}, {}, registered), { actor: { kind: 'agent', id: hand }, orchestrator: null }, 'an agent acts for nobody else')
  t.match(tell({ agent: null, daemon: uuid(70) }, { orchestrator: owner as never }, registered), { orchestrator: { id: owner } })
  for (const asked of [{ orchestrator: stranger as never }, { requiredPermissions: ['write' as const] }])
    t.match(tell({ agent: null }, asked, registered), { code: 'FORBIDDEN' })
  t.match(tell({}, { orchestrator: owner as never }), { code: 'FORBIDDEN' })
  t.match(tell({ agent: null, scopes: ['admin'] }, { requiredPermissions: ['write'] }, registered), { name: 'key' })
})
