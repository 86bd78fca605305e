import t from 'tap'
import { Api } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const { baton, admin, differences } = await house(t)

/** Asks once, also when the answer is that it was asked too often. */
const impatient = (key: string) => new Api(baton.urls.gateway, key, { tries_max: 1 })

t.test('O-3 an organization shows its settings, and an admin changes them', async (t) => {
  t.match(await admin.get('/organizations/self'), { slug: 'default', name: 'default', zone: 'UTC', set: {}, settings: { orgRatePerMinute: 60_000 } })
  const { id, position, changed } = await admin.post('/organizations/self/configure', { orgRatePerMinute: 1_000_000 })
  t.match({ id, changed }, { id: 'default', changed: true })
  const wanted = { set: { orgRatePerMinute: 1_000_000 }, settings: { orgRatePerMinute: 1_000_000 } }
  t.match(await admin.get(`/organizations/self?minPosition=${position}`), wanted)
  t.match(await admin.get('/organizations/default'), wanted)
  t.match(await admin.get('/organizations'), { items: [wanted] })
  await t.rejects(admin.get('/organizations/another'), { code: 'NOT_FOUND' })
  t.match(await admin.post('/organizations/self/configure', { orgRatePerMinute: 1_000_000 }), { changed: false })
  await t.rejects(admin.post('/organizations/self/configure', { orgRatePerMinute: 0, unheardOf: 1 }), { code: 'VALIDATION_ERROR' })
  const { secret } = await admin.post('/keys', { scopes: ['read', 'write', 'execute'] })
  await t.rejects(admin.as(secret!).post('/organizations/self/configure', { orgRatePerMinute: 5 }), { code: 'FORBIDDEN' })
  t.match(await admin.as(secret!).get('/organizations/self'), wanted, 'anybody may read them')
  t.strictSame(await differences(), [], 'and so they stand in a replay')
})

t.test('F-65 all keys of an organization together may ask as often as it has set, and no more', async (t) => {
  const { secret } = await admin.post('/keys', { scopes: ['read', 'write', 'execute'] })
  const keys = [baton.adminKey.key, secret!].map(impatient) as [Api, Api]
  await admin.post('/organizations/self/configure', { orgRatePerMinute: 20 })
  for (const ask of [(api: Api) => api.get('/organizations/self'), (api: Api) => api.post('/tasks/00000000-0000-7000-8000-000000000001/start', {})]) {
    const code = (api: Api) => ask(api).then(() => 'done', ({ code }) => code as string)
    await until(async () => (await code(keys[0])) === 'RATE_LIMITED')
    t.equal(await code(keys[1]), 'RATE_LIMITED', 'whoever of them asks')
  }
})
