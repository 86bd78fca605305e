import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import { house, until } from './house.ts'

const { baton, admin, client, log } = await house(t)
const { adminKey: { key } } = baton

/** What is sent as it is written here. */
async function sent(path: string, text: string, headers: Record<string, string> = {}): Promise<{ status: number; body: any }> {
  const response = await fetch(`${baton.urls.gateway}/api/v1${path}`, {
    method: 'POST', body: text, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: await response.json() }
}

async function orchestrator(name: string): Promise<string> {
  const { id } = await admin.post('/orchestrators', { name })
  await admin.post(`/orchestrators/${id}/activate`)
  return id
}

const [ada, bob] = [await orchestrator('Ada'), await orchestrator('Bob')]
const task = async (more: object = {}) => (await admin.post('/tasks', { owner: ada, title: 'Look into it', ...more })).id
const running = async () => {
  const id = await task()
  return { id, token: (await admin.post(`/tasks/${id}/start`)).revision }
}
const factsOf = async (id: string) => (await log()).map(({ fact }) => fact).filter((fact) => fact.id === id)

t.test('S-62 a text may quote an escape: what is refused is a character, where it stands', async (t) => {
  for (const error of ['cannot open C:\\udev', 'say "\\u0000" and \\ud83d', 'a pair: \ud83d\ude00']) {
    const { id, token } = await running()
    t.match(await sent(`/tasks/${id}/fail`, JSON.stringify({ token, error })), { status: 200 }, error)
    const [failed] = (await factsOf(id)).filter(({ type }) => type === 'TaskFailed')
    t.equal((failed!.data as { error: string }).error, error, 'kept as it was said')
  }
  const refused = [
    ['{"title":"a\\u0000b"}', '/title'], ['{"metadata":{"a":[1,{"b":"\\ud800"}]}}', '/metadata/a/1/b'], ['{"metadata":{"x\\udc00":1}}', '/metadata'],
  ] as const
  for (const [text, pointer] of refused) t.match(await sent('/tasks', text), { status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer, message: /NUL/ }] } }, text)
})

t.test('S-62 a number that JSON does not keep is refused where it stands, and may be sent as text', async (t) => {
  for (const numeral of ['9007199254740993', '12345678901234567890', '1e-400', '1e400', '0.1234567890123456789']) {
    const { status, body } = await sent('/tasks', `{"owner":"${ada}","title":"x","metadata":{"list":[0,{"n":${numeral}}]}}`)
    t.match({ status, body }, { status: 400, body: { errors: [{ pointer: '/metadata/list/1/n', message: /send it as text/ }] } }, numeral)
  }
  const metadata = { text: '9007199254740993', most: Number.MAX_SAFE_INTEGER, tiny: 5e-324, third: 1 / 3, zero: -0 }
  const id = await task({ metadata })
  const [created] = await factsOf(id)
  t.strictSame((created!.data as { metadata: object }).metadata, { ...metadata, zero: 0 }, 'all others are kept; minus nothing is nothing')
})

t.test('S-60 an id is the same in whatever letters it is written: in bodies, filters, paths and streams', async (t) => {
  const big = (id: string) => id.toUpperCase()
  const first = await task()
  const { id, position } = await admin.post('/tasks', { owner: big(ada), title: 'x', dependsOn: [big(first)], id: big('00000000-0000-7000-8000-00000000abcd') })
  t.equal(id, '00000000-0000-7000-8000-00000000abcd')
  const [created] = await factsOf(id)
  t.match(created!.data, { owner: ada, dependsOn: [first] })
  t.match(await admin.get(`/tasks?owner=${big(ada)}&minPosition=${position}`), { items: [{ owner: ada }] })
  t.match(await admin.get(`/tasks/${big(id)}`), { task: id })
  t.match(await admin.get(`/timeline?stream=task-${big(id)}`), { items: [{ stream: `task-${id}` }] })
  t.match(await admin.get(`/orchestrators/${big(ada)}/next`), { policy: String })
  const { id: decision } = await admin.post('/decisions', { title: 'q', electorate: [big(ada), big(bob)], type: 'task_approval', taskId: big(first) })
  t.match((await factsOf(decision))[0]!.data, { task: first, electorate: [{ elector: ada }, { elector: bob }] })
  await admin.post(`/tasks/${big(first)}/delegate`, { to: big(bob) })
  t.match(await sent(`/vps/${big(bob)}/delegate`, JSON.stringify({ taskId: big(first), toVpId: big(ada) })), { status: 200 }, 'also in older words')

  const once = await sent(`/tasks/${first}/block`, '{"reason":"r"}', { 'idempotency-key': 'letters' })
  t.strictSame(await sent(`/tasks/${big(first)}/block`, '{"reason":"r"}', { 'idempotency-key': 'letters' }), once, 'one key for one thing')
  const { secret } = await admin.post(`/orchestrators/${big(ada)}/keys`, {})
  const claimed = await fetch(`${baton.urls.gateway}/api/v1/orchestrators/${big(ada)}/claim`, { method: 'POST', headers: { authorization: `Bearer ${secret}` } })
  t.not(claimed.status, 403, 'it claims for itself')
  const stuck = await task()
  await admin.post(`/tasks/${stuck}/escalate`, { reason: 'r', to: big(bob) })
  const { secret: bobs } = await admin.post(`/orchestrators/${bob}/keys`, {})
  const resolved = await sent(`/tasks/${stuck}/resolve-escalation`, '{"resolution":"go on"}', { authorization: `Bearer ${bobs}` })
  t.match(resolved, { status: 200 }, 'who was asked may answer')
})

t.test('S-63 facts are followed by an orchestrator and by a stream, in whatever letters', async (t) => {
  const { id, position } = await admin.post('/tasks', { owner: ada, title: 'followed' })
  const after = String(BigInt(position) - 1n)
  for (const wish of [`orchestrator=${ada.toUpperCase()}`, `stream=task-${id.toUpperCase()}`]) {
    const call = request(`${baton.urls.gateway}/api/v1/events?after=${after}&${wish}`, { headers: { authorization: `Bearer ${key}` } }).end()
    const [response] = await once(call, 'response')
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => { text += part })
    await until(async () => text.includes('"followed"'))
    call.destroy()
    t.pass(wish)
  }
})

t.test('S-61 an idempotency key holds for the same request, in whatever order its fields are', async (t) => {
  const headers = { 'idempotency-key': 'order' }
  const first = await sent('/tasks', `{"owner":"${ada}","title":"x","metadata":{"a":{"x":1,"y":[1,2]},"b":2}}`, headers)
  t.match(first, { status: 201 })
  const again = await sent('/tasks', `{"metadata":{"b":2,"a":{"y":[1,2],"x":1.0}},"title":"x","owner":"${ada}"}`, headers)
  t.strictSame(again.body, first.body)
  const other = await sent('/tasks', `{"owner":"${ada}","title":"x","metadata":{"a":{"x":1,"y":[2,1]},"b":2}}`, headers)
  t.match(other, { status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } })
})

t.test('O-70 what is a secret is not kept and is named, in the answer and with the facts; prose stays', async (t) => {
  const title = 'Fix password: rotation for admins'
  const plain = await sent('/tasks', JSON.stringify({ owner: ada, title, metadata: { totalTokens: 5, maxTokens: 9 } }))
  t.match(plain, { status: 201 })
  t.notOk(plain.body.redacted)
  const [kept] = await factsOf(plain.body.id)
  t.match(kept!.data, { title, metadata: { totalTokens: 5, maxTokens: 9 } })

  const metadata = { db: { password: 12345678, user: 'ada' }, note: 'card 4111 1111 1111 1111', apiKeys: 2 }
  const { body } = await sent(`/vps/${ada}/backlog`, JSON.stringify({ title, metadata }))
  t.strictSame(body.redacted, ['/metadata/db/password', '/metadata/note'])
  const stream = client.readStream(`task-${body.id}`)
  for await (const { event } of stream) {
    t.match(event!.data, { title, metadata: { db: { password: '[REDACTED]', user: 'ada' }, note: 'card [REDACTED]', apiKeys: 2 } })
    t.strictSame((event!.metadata as { redacted: unknown }).redacted, body.redacted)
  }
})
