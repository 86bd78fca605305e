import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator, replay, system, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
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

t.test('O-1 an organization is begun once', async (t) => {
  behaviour(t, organization).given().by(system).when('create', { slug: 'acme', name: 'Acme' }).yields(created)
  const given = behaviour(t, organization).given(created)
  given.when('create', { slug: 'acme', name: 'Acme' }).changesNothing()
  given.when('create', { slug: 'acme', name: 'Acme', zone: 'Asia/Tokyo' }).refuses('ORGANIZATION_EXISTS')
  given.when('create', { slug: 'acme', name: 'Another' }).refuses('ORGANIZATION_EXISTS')
  const { data, place } = organization.commands.create
  for (const slug of ['', 'Acme', '1st', 'a b', 'ä', '-a', 'a'.repeat(64)]) t.notOk(data.safeParse({ slug, name: 'x' }).success, slug)
  t.equal(place!({ slug: 'acme', name: 'Acme', zone: 'UTC' }, { at: now, organization: 'other' }), 'acme')
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
  const row = { slug: 'acme', name: 'Acme', zone: 'UTC', set: {}, created_at: now }
  const facts = [created, configured(5)].map((fact, n) => recorded(organizationState, fact, { id: 'acme', at: later(now, n) }))
  picture(t, organizations).after(facts[0]!).shows(row)
  picture(t, organizations).after(...facts).shows({ ...row, set: { orgRatePerMinute: 5 } })
  t.strictSame(organizations.compute({ set: { orgRatePerMinute: 5 } }), { settings: { ...defaults, orgRatePerMinute: 5 } })
})
