import t from 'tap'
import { asking } from '../../command-service/src/fixture.ts'
import { house, until } from './house.ts'

const { baton, admin: api, differences, log } = await house(t)
const asks = (key: string) => asking(baton.urls.gateway, key)
const admin = asks(baton.adminKey.key)
/** The one of the installation. */
const organization = 'default'

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name })
  const { secret } = await api.post(`/orchestrators/${id}/keys`, { scopes: ['read', 'write', 'execute'] })
  return { id, ask: asks(secret!), budget: `/orchestrators/${id}/budget` }
}

const [ada, bob] = [await orchestrator('Ada'), await orchestrator('Bob')]
const rowOf = (holder: string, isSo: (row: any) => boolean = () => true) => until(async () => {
  const row = await api.get<any>(`/budgets/${holder}`).catch(() => undefined)
  return row && isSo(row) ? row : undefined
})

t.test('F-80 F-52 an admin says what may be used, and what is said is shown', async (t) => {
  t.match(await admin(`PUT ${ada.budget}`, {}), { status: 200, body: { id: ada.id, changed: true } })
  t.match(await admin(`PUT ${ada.budget}`, {}), { status: 200, body: { changed: false } })
  t.match(await ada.ask(`PUT ${ada.budget}`, {}), { status: 403, body: { code: 'FORBIDDEN' } })
  t.match(await admin(`PUT ${ada.budget}`, { tokens: { hourly: -1 } }), { status: 400, body: { errors: [{ pointer: '/tokens/hourly' }] } })
  t.match(await admin(`PUT /orchestrators/00000000-0000-7000-8000-000000000009/budget`, {}), { status: 404 })
  t.match(await admin('PUT /budget', { tokens: { monthly: 1_000_000_000 } }), { status: 200, body: { id: organization, changed: true } })
  await rowOf(ada.id, ({ limits }) => limits.tokens.daily === 1_000_000)
})

t.test('F-81 F-82 tokens are set aside, used and given back, also of the organization', async (t) => {
  const reserved = await ada.ask(`POST ${ada.budget}/reserve`, { tokens: 1_000, cost: 20 })
  t.match(reserved, { status: 200, body: { changed: true, ledger: new Date().toISOString().slice(0, 7).replace('-', ''), reservation: /^[0-9a-f-]{36}$/ } })
  const { ledger, reservation } = reserved.body
  t.match(await ada.ask(`POST ${ada.budget}/consume`, { ledger, reservation, tokens: 400, cost: 30 }), { status: 200, body: { changed: true } })
  t.match(await ada.ask(`POST ${ada.budget}/release`, { ledger, reservation }), { status: 200, body: { changed: true } })
  t.match(await ada.ask(`POST ${ada.budget}/release`, { ledger, reservation }), { status: 200, body: { changed: false } })
  t.match(await ada.ask(`POST ${ada.budget}/consume`, { reservation, tokens: 1 }), { status: 409, body: { code: 'RESERVATION_UNKNOWN', retryable: false } })
  const { counts } = await rowOf(organization, (row) => row.counts?.month.tokens === 400 && row.counts.reserved.tokens === 0)
  t.match(counts, { month: { tokens: 400, cost: 30 }, reserved: { cost: 0 } })
  const days = await api.get<any>(`/budget-days?holder=${ada.id}`)
  t.match(days.items, [{ tokens: 400, cost: 30, overrun_tokens: 0, overrun_cost: 10 }])
})

t.test('F-81 F-82 who may, and what is no ledger', async (t) => {
  t.match(await bob.ask(`POST ${ada.budget}/reserve`, { tokens: 1 }), { status: 403 })
  t.match(await bob.ask('POST /budget/reserve', { tokens: 1 }), { status: 403 })
  t.match(await admin('POST /budget/consume', { tokens: 1 }), { status: 200 })
  t.match(await ada.ask(`POST ${ada.budget}/consume`, { ledger: '999912', tokens: 1 }), { status: 400, body: { errors: [{ pointer: '/ledger' }] } })
  t.match(await ada.ask(`POST ${ada.budget}/consume`, { ledger: '2030-01', tokens: 1 }), { status: 400, body: { errors: [{ pointer: '/ledger' }] } })
  t.match(await ada.ask(`POST ${ada.budget}/reserve`, { tokens: 1, ttl_s: 59 }), { status: 400, body: { errors: [{ pointer: '/ttl_s' }] } })
})

t.test('F-81 F-103 of many who reserve at the same moment as many get it as there is room for', async (t) => {
  await admin(`PUT ${bob.budget}`, { tokens: { daily: 1_000 } })
  const all = await Promise.all(Array.from({ length: 60 }, () => bob.ask(`POST ${bob.budget}/reserve`, { tokens: 40 })))
  t.equal(all.filter(({ status }) => status === 200).length, 25)
  const refused = all.filter(({ status }) => status !== 200)
  for (const { status, body } of refused) t.match({ status, body }, { status: 409, body: { code: 'BUDGET_EXHAUSTED', retryable: true, context: { holder: bob.id, window: 'day', unit: 'tokens' } } })
  const { counts } = await rowOf(bob.id, (row) => row.counts?.reserved.tokens === 1_000)
  t.equal(counts.day.tokens, 0)
})

t.test('F-81 the same key is the same reservation', async (t) => {
  const again = () => ada.ask(`POST ${ada.budget}/reserve`, { tokens: 7 }, { 'idempotency-key': 'one' })
  const [first, second] = [await again(), await again()]
  t.equal(first.body.reservation, second.body.reservation)
  t.equal((await log()).filter(({ fact: { type, data } }: any) => type === 'TokensReserved' && data.reservation === first.body.reservation).length, 2, 'one of each ledger')
})

t.test('F-84 F-83 who has used all is exhausted until the window ends or the limit is higher', async (t) => {
  await admin(`PUT ${ada.budget}`, { tokens: { daily: 1_000 } })
  await ada.ask(`POST ${ada.budget}/consume`, { tokens: 700 })
  const { blocked } = await rowOf(ada.id, (row) => row.blocked)
  t.match(blocked, { window: 'day', unit: 'tokens' })
  await until(async () => (await api.get<any>(`/orchestrators/${ada.id}`)).budget_until === blocked.until)
  await api.post(`/orchestrators/${ada.id}/activate`)
  const task = await api.post('/tasks', { owner: ada.id, title: 'Count' })
  const refusal = { status: 409, body: { code: 'BUDGET_EXHAUSTED', retryable: true, context: { holder: ada.id, window: 'day', unit: 'tokens' } } }
  await until(async () => (await ada.ask(`POST /orchestrators/${ada.id}/claim`, { minPosition: task.position })).body.code === 'BUDGET_EXHAUSTED')
  t.match(await ada.ask(`POST /orchestrators/${ada.id}/claim`), refusal)
  t.match(await ada.ask(`POST /tasks/${task.id}/start`), refusal)
  const wish = { unit: 'tokens', window: 'day', extra: 1_000, until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'a release' }
  t.match(await admin(`POST ${ada.budget}/override`, wish), { status: 200, body: { changed: true } })
  await rowOf(ada.id, (row) => row.blocked === null && row.overrides.length === 1)
  await until(async () => (await ada.ask(`POST /orchestrators/${ada.id}/claim`)).status === 200)
  const told = (await log()).filter(({ fact }) => fact.type === 'BudgetThresholdCrossed').map(({ fact: { data } }: any) => data.percent)
  t.strictSame(told, [50, 75, 90, 100])
})

t.test('F-52 F-85 a budget is shown by window', async (t) => {
  const { status, body } = await ada.ask(`GET ${ada.budget}`)
  t.match({ status, body }, { status: 200, body: { limits: { tokens: { daily: 1_000 } }, overrides: [{ extra: 1_000 }], position: /^\d+$/ } })
  const day = body.windows.find(({ unit, window }: any) => unit === 'tokens' && window === 'day')
  t.match(day, { limit: 2_000, used: 1_100, reserved: 7 })
  const { start, end, limit, projected, exhaustsAt } = day
  // What is told of the end depends on the hour: nothing yet, that it will last, or when it will not.
  t.ok(exhaustsAt === null ? (projected ?? 0) <= limit : projected >= limit && start < exhaustsAt && exhaustsAt <= end, JSON.stringify(day))
  t.match((await admin('GET /budget')).body, { limits: { tokens: { monthly: 1_000_000_000 } }, windows: { length: 6 } })
  t.match(await admin('GET /orchestrators/00000000-0000-7000-8000-000000000009/budget'), { status: 404 })
})

t.test('H-1 F-52 the older paths take the same words', async (t) => {
  const older = async (route: string, body: object, key = baton.adminKey.key) => {
    const [method, path] = route.split(' ') as [string, string]
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await fetch(`${baton.urls.gateway}/api${path.replace('/orchestrators', '/vps')}`, { method, headers, body: JSON.stringify(body) })
    return { status: response.status, body: await response.json() as any, link: response.headers.get('link') }
  }
  const link = (route: string) => `</api/v1${route}>; rel="successor-version"`
  t.match((await asks(baton.adminKey.key)(`GET ${bob.budget.replace('/orchestrators', '/vps')}`)).body, { limits: { tokens: { daily: 1_000 } } })
  t.match(await older(`PUT ${bob.budget}`, {}), { status: 200, body: { changed: true }, link: link(bob.budget) })
  t.match(await older(`PUT ${bob.budget}`, { thresholds: [0] }), { status: 400 })
  const { body: { ledger, reservation }, ...reserved } = await older(`POST ${bob.budget}/reserve`, { tokens: 5 })
  t.match(reserved, { status: 200, link: link(`${bob.budget}/reserve`) })
  t.match(await older(`POST ${bob.budget}/reserve`, { tokens: 200_000 }), { status: 409, body: { code: 'BUDGET_EXHAUSTED' } })
  t.match(await older(`POST ${bob.budget}/consume`, { ledger, reservation, tokens: 4 }), { status: 200, link: link(`${bob.budget}/consume`) })
  t.match(await older(`POST ${bob.budget}/release`, { ledger, reservation }), { status: 200, body: { changed: true } })
  const wish = { unit: 'tokens', window: 'hour', extra: 5, until: new Date(Date.now() + 60_000).toISOString(), reason: 'a release' }
  t.match(await older(`POST ${bob.budget}/override`, wish), { status: 200, body: { changed: true } })
  t.match(await older(`POST ${bob.budget}/override`, { ...wish, until: '2001-01-01T00:00:00Z' }), { status: 400 })
})

t.test('the read models are what a replay makes', async (t) => {
  t.strictSame(await differences(), [])
})
