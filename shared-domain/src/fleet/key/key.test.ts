import fc from 'fast-check'
import t from 'tap'
import { Rejection, scopes, type Command, type Context, type Fold } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator, ownOf, replay, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { codeOf, elsewhere, registered } from '../../work/task/scene.ts'
import { orchestrator as orchestratorDecider } from '../orchestrator/decider.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { defaults } from '../organization/settings.ts'
import { apiKey } from './decider.ts'
import { ApiKey, type ApiKeyEvent } from './events.ts'
import { keys } from './keys.ts'
import { admit, allows, apiKeyState, keyIdOf, keyPattern, keyPrefixLength, type Principal } from './state.ts'

const [owner, stranger, old] = [11, 12, 20].map(uuid) as [string, string, string]
const hash = '0123456789abcdef'.repeat(4)
const secret = { hash, prefix: 'bk_012345678' }
const usual = ['read', 'write', 'execute'] as const
type Fact = Parameters<typeof ApiKey.ApiKeyGenerated>[0]
const generated = (over: Partial<Fact> = {}) =>
  ApiKey.ApiKeyGenerated({
    orchestrator: owner, name: 'key', ...secret, scopes: [...usual], expiresAt: null, replaces: null, agent: null, daemon: null,
    ratePerMinute: null, overlap_s: 0, ...over,
  })
const revoked = (orchestrator: string | null = owner) => ApiKey.ApiKeyRevoked({ orchestrator, reason: null })

const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

t.test('S-31 a key is made for an orchestrator by itself or by who is above it; its secret stays outside', async (t) => {
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(orchestratorState, owner, registered)
  given.when('generate', { orchestrator: owner }).yields(generated())
  given.by(orchestrator(owner)).when('generate', { orchestrator: owner, name: 'laptop', scopes: ['read'], expiresAt: later(now, 1) })
    .yields(generated({ name: 'laptop', scopes: ['read'], expiresAt: later(now, 1) }))
  given.by(orchestrator(stranger)).when('generate', { orchestrator: owner }).refuses('FORBIDDEN')
  given.when('generate', { orchestrator: stranger }).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, elsewhere).when('generate', { orchestrator: owner }).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, registered, left).when('generate', { orchestrator: owner }).refuses('NOT_FOUND')
  given.when('generate', { orchestrator: owner, expiresAt: now })
    .refuses('VALIDATION_ERROR', { errors: [{ pointer: '/expiresAt', message: 'lies in the past' }] })
  given.with({ secret: undefined }).when('generate', { orchestrator: owner }).refuses('FORBIDDEN')
})

t.test('S-31 a key of the organization itself is made by an admin', async (t) => {
  const given = behaviour(t, apiKey).given().with({ secret })
  for (const by of [admin, system]) given.by(by).when('generateForOrganization', {}).yields(generated({ orchestrator: null }))
  for (const by of [tool, orchestrator(owner)]) given.by(by).when('generateForOrganization', {}).refuses('FORBIDDEN')
})

t.test('S-31 a rotated key is one like the old one', async (t) => {
  const before = generated({ name: 'laptop', scopes: ['read', 'write'], expiresAt: later(now, 5) })
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(apiKeyState, old, before)
  given.by(orchestrator(owner)).when('rotate', { replaces: old })
    .yields(generated({ name: 'laptop', scopes: ['read', 'write'], expiresAt: later(now, 5), replaces: old }))
  given.at(later(now, 5)).when('rotate', { replaces: old }).refuses('VALIDATION_ERROR')
  given.when('rotate', { replaces: uuid(21) }).refuses('NOT_FOUND')
  given.with({ organization: 'umbrella' }).when('rotate', { replaces: old }).refuses('NOT_FOUND')
  given.seeing(apiKeyState, old, before, revoked()).when('rotate', { replaces: old }).refuses('INVALID_STATE_TRANSITION')
  behaviour(t, apiKey).given(generated({ replaces: old })).with({ secret }).seeing(apiKeyState, old, before, revoked())
    .when('rotate', { replaces: old }).changesNothing()
})

t.test('S-31 a rotated key lives no longer than the old one, unless an admin says so', async (t) => {
  const limited = generated({ expiresAt: later(now, 5) })
  const rotation = (before: ApiKeyEvent, by: Actor, expiresAt: string) => behaviour(t, apiKey).given().with({ secret })
    .seeing(apiKeyState, old, before).by(by).when('rotate', { replaces: old, expiresAt })
  for (const by of [admin, system]) rotation(limited, by, later(now, 9)).yields(generated({ expiresAt: later(now, 9), replaces: old }))
  rotation(limited, orchestrator(owner), later(now, 6)).refuses('FORBIDDEN')
  for (const life_ms of [5, 4])
    rotation(limited, orchestrator(owner), later(now, life_ms)).yields(generated({ expiresAt: later(now, life_ms), replaces: old }))
  rotation(generated(), orchestrator(owner), later(now, 9)).yields(generated({ expiresAt: later(now, 9), replaces: old }))
})

t.test('S-31 a key is rotated once: which other is to take its place is said on its own stream', async (t) => {
  const [next, another] = [uuid(21), uuid(22)]
  const reserved = (successor: string) => ApiKey.ApiKeyRotationReserved({ orchestrator: owner, successor })
  const released = ApiKey.ApiKeyRotationReleased({ orchestrator: owner, successor: next })
  const given = (...facts: readonly ApiKeyEvent[]) => behaviour(t, apiKey).given(...facts).by(system)
  given(generated()).when('reserveRotation', { successor: next }).yields(reserved(next))
  given(generated(), reserved(next)).when('reserveRotation', { successor: another }).refuses('ALREADY_ROTATED')
  given(generated(), reserved(next), revoked()).when('reserveRotation', { successor: another }).refuses('ALREADY_ROTATED')
  given(generated(), revoked()).when('reserveRotation', { successor: next }).refuses('INVALID_STATE_TRANSITION')
  given().when('reserveRotation', { successor: next }).refuses('NOT_FOUND')
  given(generated(), reserved(next)).when('releaseRotation', { successor: next }).yields(released)
  given(generated(), reserved(next)).when('releaseRotation', { successor: another }).changesNothing()
  given(generated(), reserved(next)).seeing(apiKeyState, next, generated({ replaces: subject }))
    .when('releaseRotation', { successor: next }).changesNothing()
  given(generated(), reserved(next), released).when('reserveRotation', { successor: another }).yields(reserved(another))
  const rotation = behaviour(t, apiKey).given().with({ secret }).seeing(apiKeyState, old, generated(), reserved(next))
  rotation.when('rotate', { replaces: old }).refuses('ALREADY_ROTATED')
  rotation.with({ id: next }).when('rotate', { replaces: old }).yields(generated({ replaces: old }))
})

t.test('S-31 a key that another has replaced is revoked, once', async (t) => {
  const retired = ApiKey.ApiKeyRevoked({ orchestrator: owner, reason: 'rotated' })
  behaviour(t, apiKey).given(generated()).by(system).when('retire', {}).yields(retired)
  behaviour(t, apiKey).given(generated(), revoked()).by(system).when('retire', {}).changesNothing()
  behaviour(t, apiKey).given().by(system).when('retire', {}).changesNothing()
})

t.test('S-31 nobody comes by more than it has: who may rotate and revoke which key', async (t) => {
  const kinds: Readonly<Record<string, ApiKeyEvent>> = {
    'of the orchestrator': generated(), 'of the orchestrator, with all rights': generated({ scopes: ['admin'] }),
    'of the organization': generated({ orchestrator: null }),
    'of the organization, with all rights': generated({ orchestrator: null, scopes: ['admin'] }),
  }
  const [own, another, itself]: readonly Actor[] = [orchestrator(owner), orchestrator(stranger), { kind: 'tool', id: old }] as const
  const mayRotate: Readonly<Record<string, readonly Actor[]>> = {
    'of the orchestrator': [own!], 'of the orchestrator, with all rights': [],
    'of the organization': [itself!], 'of the organization, with all rights': [],
  }
  const mayRevoke: Readonly<Record<string, readonly Actor[]>> = {
    ...mayRotate, 'of the orchestrator, with all rights': [own!], 'of the organization, with all rights': [itself!],
  }
  for (const [kind, fact] of Object.entries(kinds)) {
    for (const by of [admin, system, own!, another!, tool, itself!]) {
      const above = by === admin || by === system
      const rotation = behaviour(t, apiKey).given().with({ secret, allowed: above ? scopes : usual }).seeing(apiKeyState, old, fact)
        .by(by).when('rotate', { replaces: old })
      const { orchestrator, scopes: granted } = fact.data as Fact
      if (above || mayRotate[kind]!.includes(by)) rotation.yields(generated({ orchestrator, scopes: granted, replaces: old }))
      else rotation.refuses('FORBIDDEN')
      const revocation = behaviour(t, apiKey).given(fact).with({ id: old }).by(by).when('revoke', {})
      if (above || mayRevoke[kind]!.includes(by)) revocation.yields(revoked(orchestrator))
      else revocation.refuses('FORBIDDEN')
    }
  }
})

t.test('S-31 nobody grants more than the key allows that it comes with, whoever it is and however it asks', async () => {
  const some = fc.uniqueArray(fc.constantFrom(...scopes), { minLength: 1 })
  const actors = fc.constantFrom(admin, system, tool, orchestrator(owner))
  fc.assert(fc.property(some, some, actors, (allowed, wanted, by) => {
    const before = generated({ scopes: wanted })
    const look = (other: Fold<any>) => replay<any>(other, other === apiKeyState ? [before] : [registered])
    const context = {
      id: subject, at: now, by, actsFor: ownOf(by), allowed, keyExpiresAt: null, organization: 'acme', commandId: uuid(900), secret,
      look: look as Context['look'],
    }
    const isMore = !allowed.includes('admin') && wanted.some((scope) => !allowed.includes(scope))
    const { generate, generateForOrganization, rotate } = apiKey.commands
    const made = [
      generate.decide(apiKeyState.initial, generate.data.parse({ orchestrator: owner, scopes: wanted }), context),
      rotate.decide(apiKeyState.initial, rotate.data.parse({ replaces: old }), context),
      generateForOrganization.decide(apiKeyState.initial, generateForOrganization.data.parse({ scopes: wanted }), context),
    ]
    for (const [way, decision] of made.entries()) {
      // A tool manages no keys of an orchestrator, and only who is above them makes keys of the organization.
      const mayNot = by === tool && way === 1 || way === 2 && by !== admin && by !== system
      if ((codeOf(decision) === 'FORBIDDEN') !== (isMore || mayNot)) throw new Error(`${way}: ${allowed} makes ${wanted}`)
    }
  }), { seed: 2030, numRuns: 500 })
})

t.test('S-31 nobody but an admin grants for longer than the key lives that it comes with, whoever it is and however it asks', async () => {
  const lives = fc.constantFrom(5, 9, Infinity)
  const end = (life: number) => (life === Infinity ? null : later(now, life))
  const actors = fc.constantFrom(admin, system, tool, orchestrator(owner))
  fc.assert(fc.property(lives, lives, lives, actors, fc.boolean(), (own, replaced, wished, by, hasKey) => {
    const before = generated({ orchestrator: by === tool ? null : owner, expiresAt: end(replaced) })
    const look = (other: Fold<any>) => replay<any>(other, other === apiKeyState ? [before] : [registered])
    const context = {
      id: subject, at: now, by: by === tool ? { ...tool, id: old } : by, actsFor: ownOf(by), allowed: scopes,
      organization: 'acme', commandId: uuid(900), look: look as Context['look'], secret, ...(hasKey ? { keyExpiresAt: end(own) } : {}),
    }
    const { generate, rotate } = apiKey.commands
    const expiresAt = end(wished) ?? undefined
    const made = generate.decide(apiKeyState.initial, generate.data.parse({ orchestrator: owner, expiresAt }), context)
    const rotated = rotate.decide(apiKeyState.initial, rotate.data.parse({ replaces: old, expiresAt }), context)
    const ways = [[made, wished, own], [rotated, wished === Infinity ? replaced : wished, Math.min(own, replaced)]] as const
    for (const [decision, life, most] of ways) {
      const isTooLong = by !== admin && by !== system && (!hasKey || life > most)
      if ((codeOf(decision) === 'FORBIDDEN') !== isTooLong) throw new Error(`a key of ${own} makes one of ${life}`)
    }
  }), { seed: 2030, numRuns: 500 })
})

t.test('S-31 a key is revoked once and for ever', async (t) => {
  behaviour(t, apiKey).given(generated(), revoked()).when('revoke', {}).changesNothing()
  behaviour(t, apiKey).given().when('revoke', {}).refuses('NOT_FOUND')
})

t.test('S-31 whom a key speaks for, and when it is not taken', async (t) => {
  const asked = (facts: readonly ApiKeyEvent[], at = now, presented = hash) =>
    admit(replay(apiKeyState, facts), subject, presented, at, false)
  const ofAll = {
    name: 'organization', counted: 'organization acme', who: 'All keys of the organization together', perMinute_max: 60_000,
  }
  const limits = { commands: [ofAll], queries: [ofAll] }
  const principal = { organization: 'acme', actsFor: null, scopes: usual, expiresAt: null, isSuspended: false, settings: defaults, limits }
  const own = { ...principal, actor: { kind: 'orchestrator', id: owner }, actsFor: owner }
  t.strictSame(asked([generated()]), own, 'F-1 it acts for its orchestrator')
  t.strictSame(asked([generated({ orchestrator: null })]), { ...principal, actor: { kind: 'tool', id: subject } }, 'less than an admin')
  t.match(asked([generated({ orchestrator: null, scopes: ['admin'] })]), { actor: { kind: 'admin', id: subject } })
  t.match(asked([generated({ scopes: ['admin'] })]), { actor: own.actor, actsFor: owner }, 'acts only as itself, whatever it may')
  t.equal(asked([]), 'INVALID_API_KEY')
  t.equal(asked([generated(), revoked()]), 'INVALID_API_KEY')
  t.equal(asked([generated()], now, 'f'.repeat(64)), 'INVALID_API_KEY', 'the id alone is not enough')
  const expiring = [generated({ expiresAt: later(now, 10) })]
  t.match(asked(expiring, later(now, 9)), { ...own, expiresAt: later(now, 10) })
  t.equal(asked(expiring, later(now, 10)), 'API_KEY_EXPIRED')
})

t.test('F-63 nothing happens to an orchestrator that has left, so that its last fact says so for ever', async (t) => {
  const [{ data }, ...others] = [registered, left]
  const state = replay(orchestratorState, [registered, ...others] as never)
  const context = { id: owner, at: now, by: admin, actsFor: null, allowed: scopes, organization: 'acme', commandId: uuid(1) }
  for (const [name, command] of Object.entries<Command>(orchestratorDecider.commands)) {
    const wish = command.data.parse({ ...data, name: 'another', maxQueueSize: 3, to: uuid(70) })
    const outcome = command.decide(state, wish, { ...context, look: (other) => other.initial } as Context)
    t.ok(outcome instanceof Rejection || outcome.length === 0, name)
  }
})

t.test('F-63 a key of who has left is not rotated, by nobody', async (t) => {
  const given = behaviour(t, apiKey).given().with({ secret }).seeing(apiKeyState, old, generated())
    .seeing(orchestratorState, owner, registered, left)
  for (const by of [admin, system, orchestrator(owner)]) given.by(by).when('rotate', { replaces: old }).refuses('NOT_FOUND')
  given.seeing(apiKeyState, old, generated({ orchestrator: null })).by(admin).when('rotate', { replaces: old })
    .yields(generated({ orchestrator: null, replaces: old }))
})

t.test('S-31 a key allows what its scopes say, and admin allows everything', async (t) => {
  const holder = (...scopes: Principal['scopes']): Principal =>
    ({
      organization: 'acme', actor: tool, actsFor: null, scopes, expiresAt: null, isSuspended: false, settings: defaults,
      limits: { commands: [], queries: [] },
    })
  t.strictSame([...usual, 'admin' as const].filter((scope) => allows(holder('read', 'write'), scope)), ['read', 'write'])
  t.strictSame([...usual, 'admin' as const].filter((scope) => allows(holder('admin'), scope)), [...usual, 'admin'])
})

t.test('S-31 what a key looks like, and the id that its hash gives', async (t) => {
  t.match(`bk_${'aB0_-'.repeat(8)}xyz`, keyPattern)
  for (const wrong of [`bk_${'a'.repeat(42)}`, `bk_${'a'.repeat(44)}`, `xk_${'a'.repeat(43)}`, `bk_${'a'.repeat(42)}!`])
    t.notMatch(wrong, keyPattern)
  t.equal(keyPrefixLength, 12)
  t.equal(keyIdOf(hash), '01234567-89ab-8def-a123-456789abcdef')
  t.ok(ApiKey.definitions.ApiKeyGenerated!.data.shape.replaces.safeParse(keyIdOf(hash)).success, 'it is a uuid')
})

t.test('S-31 the read model shows keys without their hashes', async (t) => {
  const row = {
    key: subject, orchestrator: owner, name: 'key', prefix: secret.prefix, scopes: [...usual], created_at: now, expires_at: null,
    revoked_at: null, agent: null, daemon: null, rate_per_minute: null,
  }
  picture(t, keys).after(recorded(apiKeyState, generated())).shows(row)
  picture(t, keys).after(recorded(apiKeyState, generated()), recorded(apiKeyState, revoked(), { at: later(now, 1) }))
    .shows({ ...row, revoked_at: later(now, 1) })
})
