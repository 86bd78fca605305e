import t from 'tap'
import { scopes, type Hold } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator, replay, system, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { apiKey } from '../key/decider.ts'
import { ApiKey } from '../key/events.ts'
import { admit, apiKeyState, keyIdOf } from '../key/state.ts'
import { organization } from './decider.ts'
import { Organization } from './events.ts'
import { organizations } from './organizations.ts'
import { defaults, Settings, settingOf, SomeSettings, withDefaults } from './settings.ts'
import { organizationSettings, organizationState } from './state.ts'

const created = Organization.OrganizationCreated({ slug: 'acme', name: 'Acme', zone: 'UTC' })
const configured = (to: number, from = defaults.orgRatePerMinute) =>
  Organization.OrganizationConfigured({
    changed: { orgRatePerMinute: to }, before: { orgRatePerMinute: from }, set: { orgRatePerMinute: to },
  })

const suspended = Organization.OrganizationSuspended({ reason: 'unpaid' })
const resumed = Organization.OrganizationResumed({})

t.test('O-1 an organization is begun once, under a name of its own', async (t) => {
  behaviour(t, organization).given().when('create', { slug: 'acme', name: 'Acme' }).yields(created)
  for (const name of ['Acme', 'Another'])
    behaviour(t, organization).given(created).when('create', { slug: 'acme', name }).refuses('ORGANIZATION_EXISTS')
  const { data } = organization.commands.create
  for (const slug of ['', 'Acme', '1st', 'a b', 'ä', '-a', 'a'.repeat(64), 'self'])
    t.notOk(data.safeParse({ slug, name: 'x' }).success, slug)
  for (const { place } of [organization.commands.create, organization.commands.suspend, organization.commands.resume])
    t.equal((place as (said: object, by: object) => string)({ slug: 'acme' }, { organization: 'system' }), 'acme')
})

t.test('O-1 an organization begins with an admin key, which is good for nothing where it does not begin', async (t) => {
  const world = new World([organization, apiKey])
  const hash = 'ab'.repeat(32)
  const key = keyIdOf(hash)
  const create = (slug: string) => {
    const wish = { category: 'organization', id: slug, command: 'create', data: { slug, name: 'Acme' } }
    return world.do(wish, { ...world.contextOf(wish), secret: { hash, prefix: 'bk_1' } })
  }
  t.match(create('acme'), [{ type: 'OrganizationCreated' }])
  t.match(world.look(apiKeyState, key), { stage: 'valid', orchestrator: null, scopes, expiresAt: null, name: 'first' })
  t.match(create('acme'), { code: 'ORGANIZATION_EXISTS' })
  const hold = organization.commands.create.holds!(organizationState.initial, { slug: 'acme', name: 'x', zone: 'UTC' }, {
    ...world.contextOf({ id: 'acme' }), secret: { hash, prefix: 'bk_1' },
  }) as Hold
  world.carryOut(hold.giveBack('0'))
  t.match(world.look(apiKeyState, key), { stage: 'revoked' })
  t.match(world.log.at(-1), { type: 'ApiKeyRevoked', data: { reason: 'not-created' } })
  t.equal(organization.commands.create.holds!(organizationState.initial, { slug: 'acme', name: 'x', zone: 'UTC' }, {
    ...world.contextOf({ id: 'acme' }), secret: undefined,
  }), undefined, 'the first of all is begun without')
})

t.test('O-2 an organization is suspended and resumed, as often as need be', async (t) => {
  const of = { slug: 'acme' }
  behaviour(t, organization).given(created).when('suspend', { ...of, reason: 'unpaid' }).yields(suspended)
  behaviour(t, organization).given(created, suspended).when('suspend', { ...of, reason: 'again' }).changesNothing()
  behaviour(t, organization).given(created, suspended).when('resume', of).yields(resumed)
  behaviour(t, organization).given(created, suspended, resumed).when('resume', of).changesNothing()
  behaviour(t, organization).given(created, suspended, resumed).when('suspend', { ...of, reason: 'unpaid' }).yields(suspended)
  behaviour(t, organization).given().when('suspend', { ...of, reason: 'x' }).refuses('NOT_FOUND')
  behaviour(t, organization).given().when('resume', of).refuses('NOT_FOUND')
  behaviour(t, organization).given(created).when('suspend', { slug: 'system', reason: 'x' }).refuses('FORBIDDEN')
  const key = replay(apiKeyState, [ApiKey.ApiKeyGenerated({
    orchestrator: null, name: 'x', hash: 'ab'.repeat(32), prefix: 'bk_1', scopes: ['read'], expiresAt: null, replaces: null,
    agent: null, daemon: null, ratePerMinute: null, overlap_s: 0,
  })])
  for (const [facts, isSuspended] of [[[created], false], [[created, suspended], true], [[created, suspended, resumed], false]] as const)
    t.match(admit(key, uuid(1), 'ab'.repeat(32), now, false, replay(organizationState, facts)), { isSuspended })
})

t.test('O-3 an admin changes settings, of which the fact tells what they were', async (t) => {
  const given = behaviour(t, organization).given(created)
  for (const by of [admin, system]) given.by(by).when('configure', { orgRatePerMinute: 90_000 }).yields(configured(90_000))
  for (const by of [tool, orchestrator(uuid(1))]) given.by(by).when('configure', { orgRatePerMinute: 90_000 }).refuses('FORBIDDEN')
  given.when('configure', {}).changesNothing()
  given.when('configure', { orgRatePerMinute: 60_000 }).changesNothing()
  behaviour(t, organization).given(created, configured(90_000)).when('configure', { orgRatePerMinute: 60_000 })
    .yields(configured(60_000, 90_000))
  behaviour(t, organization).given().when('configure', { orgRatePerMinute: 1 }).refuses('NOT_FOUND')
  t.equal(organization.commands.configure.place!({}, { at: now, organization: 'acme' }), 'acme', 'its own organization, whatever it says')
})

t.test('O-3 every setting has a default and bounds, and is said by itself', async (t) => {
  t.strictSame(defaults, Settings.parse({}))
  t.strictSame(Object.keys(SomeSettings.shape), Object.keys(Settings.shape))
  t.strictSame(SomeSettings.parse({}), {}, 'what is not said stays')
  for (const orgRatePerMinute of [0, 10_000_001, 1.5, '1', null]) t.notOk(SomeSettings.strict().safeParse({ orgRatePerMinute }).success)
  for (const orgRatePerMinute of [1, 10_000_000]) t.ok(SomeSettings.safeParse({ orgRatePerMinute }).success)
})

t.test('O-3 what was set holds as long as it is known and within bounds, else what holds without', async (t) => {
  t.strictSame(withDefaults({ orgRatePerMinute: 5 }), { ...defaults, orgRatePerMinute: 5 })
  t.strictSame(withDefaults({ orgRatePerMinute: 0, gone: 1 }), defaults)
  t.strictSame(organizationSettings.of(replay(organizationState, [created, configured(5)])), { ...defaults, orgRatePerMinute: 5 })
  t.strictSame(organizationSettings.of(organizationState.initial), defaults, 'also where nobody has created it')
})

t.test('O-3 who reads a setting declares it', async (t) => {
  t.equal(settingOf({ settings: { orgRatePerMinute: 5 } }, 'orgRatePerMinute'), 5)
  for (const context of [{ settings: {} }, {}]) t.throws(() => settingOf(context, 'orgRatePerMinute'), /orgRatePerMinute is read/)
})

t.test('O-3 the read model shows what is set and what holds', async (t) => {
  const active = { status: 'ACTIVE' as const, status_reason: null, since: now }
  const row = { slug: 'acme', name: 'Acme', zone: 'UTC', ...active, set: {}, created_at: now }
  const facts = [created, configured(5), suspended, resumed]
    .map((fact, n) => recorded(organizationState, fact, { id: 'acme', at: later(now, n) }))
  picture(t, organizations).after(facts[0]!).shows(row)
  const set = { orgRatePerMinute: 5 }
  picture(t, organizations).after(...facts.slice(0, 2)).shows({ ...row, set })
  picture(t, organizations).after(...facts.slice(0, 3))
    .shows({ ...row, set, status: 'SUSPENDED', status_reason: 'unpaid', since: later(now, 2) })
  picture(t, organizations).after(...facts).shows({ ...row, set, since: later(now, 3) })
  t.strictSame(organizations.compute({ set: { orgRatePerMinute: 5 } }), { settings: { ...defaults, orgRatePerMinute: 5 } })
})
