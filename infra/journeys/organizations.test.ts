import t from 'tap'
import { Api, Refused } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const { baton, admin, differences } = await house(t)
const operator = new Api(baton.urls.gateway, baton.operatorKey.key)

const codeOf = (wish: Promise<unknown>) => wish.then(() => 'done', (error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)))

/** Asks once, also when the answer is that it was asked too often. */
const impatient = (key: string) => new Api(baton.urls.gateway, key, { tries_max: 1 })

t.test('O-3 an organization shows its settings, and an admin changes them', async (t) => {
  // It was begun at the start; its row comes soon after.
  const self = await until(() => admin.get('/organizations/self').catch(() => undefined))
  t.match(self, { slug: 'default', name: 'default', zone: 'UTC', set: {}, settings: { orgRatePerMinute: 60_000 } })
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

t.test('O-1 an operator begins a second organization, whose admin sees nothing of the first', async (t) => {
  const { id, secret, changed, position } = await operator.post('/organizations', { slug: 'globex', name: 'Globex', zone: 'Europe/Berlin' })
  t.match({ id, secret, changed }, { id: 'globex', secret: /^bk_/, changed: true })
  const globex = admin.as(secret!)
  t.match(await globex.get('/keys/validate'), { organization: 'globex', actor: { kind: 'admin' } })
  t.match(await globex.get(`/organizations/self?minPosition=${position}`), { slug: 'globex', name: 'Globex', zone: 'Europe/Berlin', status: 'ACTIVE', settings: { orgRatePerMinute: 60_000 } })
  t.strictSame((await globex.get<{ items: { slug: string }[] }>('/organizations')).items.map(({ slug }) => slug), ['globex'])
  const { id: task } = await admin.post('/orchestrators', { name: 'Ours' })
  await globex.post('/orchestrators', { name: 'Theirs' })
  t.equal(await codeOf(globex.send('PATCH', `/orchestrators/${task}`, { role: 'x' })), 'NOT_FOUND')
  const { id: decision } = await admin.post('/decisions', { title: 'Ours?', electorate: [task], minElectorate: 1 })
  await admin.post(`/decisions/${decision}/cancel`)
  for (const what of ['standing', 'dossier']) {
    t.equal(await codeOf(admin.get(`/decisions/${decision}/${what}`)), 'done')
    t.equal(await codeOf(globex.get(`/decisions/${decision}/${what}`)), 'NOT_FOUND', `O-4 the ${what} of a decision`)
  }
  t.match((await operator.get<{ items: { slug: string }[] }>('/organizations')).items.map(({ slug }) => slug).sort(), ['default', 'globex', 'system'], 'operators see all')
  t.match(await operator.get('/organizations/globex'), { name: 'Globex' })
  t.match(await operator.get('/organizations/self'), { slug: 'system' })
  t.match(await operator.get('/orchestrators'), { items: [] }, 'and of what stands in them nothing')
  t.equal(await codeOf(operator.post('/organizations', { slug: 'globex', name: 'Globex' })), 'ORGANIZATION_EXISTS')
  for (const slug of ['self', 'Globex', '']) t.equal(await codeOf(operator.post('/organizations', { slug, name: 'x' })), 'VALIDATION_ERROR')
  t.equal(await codeOf(operator.post('/organizations', { slug: 'system', name: 'x' })), 'ORGANIZATION_EXISTS')
})

t.test('O-4 no metric tells of an organization, nor of anything that is one\'s', async (t) => {
  const ids = (await admin.get<{ items: { orchestrator: string }[] }>('/orchestrators')).items.map(({ orchestrator }) => orchestrator)
  for (const service of [baton.urls.command, baton.urls.query, baton.urls.projection]) {
    const text = await (await fetch(`${service}/metrics`)).text()
    t.match(text, /baton_/)
    for (const word of ['default', 'globex', ...ids]) t.notMatch(text, new RegExp(`"[^"]*\\b${word}\\b[^"]*"`), word)
  }
})

t.test('O-1 nobody else begins, suspends or resumes one', async (t) => {
  const lesser = operator.as((await operator.post('/keys', { scopes: ['read', 'write', 'execute'] })).secret!)
  for (const who of [admin, lesser])
    for (const [path, body] of [['', { slug: 'initech', name: 'x' }], ['/globex/suspend', { reason: 'x' }], ['/globex/resume', {}]] as const)
      t.equal(await codeOf(who.post(`/organizations${path}`, body)), 'FORBIDDEN')
})

t.test('O-2 commands of a suspended organization are refused and its questions answered, until it is resumed', async (t) => {
  const { secret } = await operator.post('/organizations', { slug: 'hooli', name: 'Hooli' })
  const hooli = impatient(secret!)
  const { id } = await hooli.post('/orchestrators', { name: 'Ada' })
  await operator.post('/organizations/hooli/suspend', { reason: 'unpaid' })
  await until(async () => (await codeOf(hooli.post(`/orchestrators/${id}/activate`, {}))) === 'ORGANIZATION_SUSPENDED')
  t.equal(await codeOf(hooli.post('/commands', { commands: [{ method: 'POST', path: `/api/v1/orchestrators/${id}/activate` }] })), 'ORGANIZATION_SUSPENDED')
  await until(async () => (await hooli.get<{ status: string }>('/organizations/self')).status === 'SUSPENDED')
  t.match(await hooli.get(`/orchestrators/${id}`), { status: 'OFFLINE' })
  t.match(await hooli.get('/organizations/self'), { status: 'SUSPENDED', status_reason: 'unpaid' })
  t.equal(await codeOf(admin.post('/orchestrators', { name: 'Others' })), 'done', 'others go on')
  await operator.post('/organizations/hooli/resume', {})
  await until(async () => (await codeOf(hooli.post(`/orchestrators/${id}/activate`, {}))) === 'done')
  t.equal(await codeOf(operator.post('/organizations/system/suspend', { reason: 'x' })), 'FORBIDDEN')
  t.equal(await codeOf(operator.post('/organizations/nowhere/suspend', { reason: 'x' })), 'NOT_FOUND')
  t.strictSame(await differences(), [], 'and so it stands in a replay')
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
