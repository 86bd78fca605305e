import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'nats'
import { io } from 'socket.io-client'
import t from 'tap'
import { Api } from '../../scripts/api.ts'
import { house, until } from './house.ts'

// What users of such systems have reported about streams, announcements and keys, as they would see it here.
const { baton, admin, log, announced } = await house(t)

interface Frame {
  readonly event: string
  readonly data: any
}

/** Server-sent events of this key: frames so far, and whether the server has ended it. */
function follow(secret: string, headers: Readonly<Record<string, string>> = {}) {
  const stopping = new AbortController()
  const heard = { frames: [] as Frame[], isOpen: false, hasEnded: false }
  const done = (async () => {
    const response = await fetch(`${baton.urls.gateway}/api/v1/events`, { headers: { authorization: `Bearer ${secret}`, ...headers }, signal: stopping.signal })
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop()!
      heard.isOpen = true
      for (const message of messages) {
        const field = (name: string) => message.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = field('data')
        if (data !== undefined) heard.frames.push({ event: field('event') ?? 'message', data: JSON.parse(data) })
      }
    }
  })().catch(() => undefined).finally(() => { heard.hasEnded = true })
  return { heard, stop: () => { stopping.abort(); return done } }
}

async function newcomer(name: string) {
  const { id } = await admin.post('/orchestrators', { name })
  const { id: key, secret } = await admin.post(`/orchestrators/${id}/keys`)
  const api = new Api(baton.urls.gateway, secret!, { tries_max: 1 })
  await api.post(`/orchestrators/${id}/activate`)
  return { id, key, secret: secret!, api }
}

const archive = (id: string) =>
  fetch(`${baton.urls.gateway}/api/v1/orchestrators/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${baton.adminKey.key}` } })

const everythingIsAnnounced = async () => {
  const ids = (await log()).map(({ provenance }) => provenance.eventId)
  const found = await announced().catch((): string[] => [])
  return found.length >= ids.length && { ids, found }
}

t.test('S-66 somebody publishes baton.hello on NATS, then a task is created: nothing is announced twice, and it is announced', async (t) => {
  const { id: owner } = await newcomer('Ada')
  await until(everythingIsAnnounced)
  const nats = await connect({ servers: baton.urls.nats })
  nats.publish('baton.hello', 'hello')
  await nats.flush()
  await nats.close()
  await admin.post('/tasks', { owner, title: 'after the hello' })
  const { ids, found } = await until(everythingIsAnnounced)
  t.strictSame(found, ids)
})

t.test('F-63 S-22 an orchestrator is archived, its key goes on: it is refused everywhere, its stream ends, and so does its lease', async (t) => {
  const { id, key, secret, api } = await newcomer('Bob')
  const { heard } = follow(secret)
  await until(async () => heard.isOpen)
  const task = await api.post('/tasks', { owner: id, title: 'runs' })
  const { revision: token } = await api.post(`/tasks/${task.id}/start`, {})
  await admin.post(`/orchestrators/${id}/deactivate`)
  await archive(id)
  await until(async () => heard.hasEnded)
  t.match(heard.frames.at(-1), { event: 'end', data: { code: 'INVALID_API_KEY' } })
  const refused = async (asked: Promise<unknown>, what: string) => t.rejects(asked, { code: 'INVALID_API_KEY' }, what)
  await until(async () => api.post(`/tasks/${task.id}/progress`, { token, percentage: 1 }).then(() => false, () => true))
  await refused(api.get('/tasks'), 'reads')
  await refused(api.post(`/tasks/${task.id}/complete`, { token }), 'completes')
  await refused(api.post(`/keys/${key}/rotate`), 'rotates')
  await refused(api.post(`/orchestrators/${id}/claim`, {}), 'claims')
  // Silence alone would take longer than anything here is waited for.
  await until(async () => (await admin.get(`/tasks/${task.id}`)).status === 'TODO')
  await t.rejects(admin.post(`/tasks/${task.id}/start`, {}), { code: 'ORCHESTRATOR_UNAVAILABLE' })
})

t.test('L-11 a key is revoked while its stream is open: it hears nothing of what comes then', async (t) => {
  const { id: owner, key, secret } = await newcomer('Cleo')
  const { heard } = follow(secret)
  await until(async () => heard.isOpen)
  await admin.post(`/keys/${key}/revoke`, {})
  await until(async () => heard.hasEnded)
  const { id } = await admin.post('/tasks', { owner, title: 'unheard' })
  t.notOk(heard.frames.some(({ data }) => data.id === id))
  t.match(heard.frames.at(-1), { event: 'end' })
})

t.test('L-11 Last-Event-ID: 999999999, beyond the log: a gap says where the log ends, and what happens then is heard', async (t) => {
  const { id: owner, secret } = await newcomer('Dora')
  const client = follow(secret, { 'last-event-id': '999999999' })
  await until(async () => client.heard.frames.length > 0)
  t.match(client.heard.frames[0], { event: 'gap', data: { from: '999999999', to: /^\d+$/, reason: 'ahead' } })
  const { id } = await admin.post('/tasks', { owner, title: 'heard' })
  await until(async () => client.heard.frames.some(({ data }) => data.id === id))
  await client.stop()
})

t.test('L-30 L-34 L-104 what a webhook asks for arrives, signed by a secret that is shown once and nowhere else', async (t) => {
  const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    heard.push({ headers: request.headers, body })
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  const { port } = server.address() as AddressInfo
  const { id: owner, api } = await newcomer('Eve')
  const url = `http://127.0.0.1:${port}/hook`
  for (const wrong of [`http://127.0.0.2:${port}/hook`, 'https://10.0.0.1/', `http://ada@127.0.0.1:${port}/`])
    await t.rejects(admin.post('/webhooks', { url: wrong, types: ['*'] }), { code: 'DESTINATION_FORBIDDEN' }, wrong)
  await t.rejects(api.post('/webhooks', { url, types: ['*'] }), { code: 'FORBIDDEN' })
  const { id, secret, position } = await admin.post('/webhooks', { url, types: ['task.created'], orchestrator: owner })
  const task = await admin.post('/tasks', { owner, title: 'pushed' })
  await admin.post('/tasks', { owner: (await newcomer('Finn')).id, title: 'of another' })
  const [{ headers, body }] = await until(async () => heard.length > 0 && heard) as [typeof heard[number]]
  t.match(JSON.parse(body), { type: 'baton.TaskCreated', subject: `task-${task.id}`, data: { title: 'pushed', owner } })
  const signature = createHmac('sha256', Buffer.from(secret!.slice('whsec_'.length), 'base64')).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')
  t.equal(headers['webhook-signature'], `v1,${signature}`)
  const deliveries = await until(async () => {
    const { items } = await admin.get(`/webhooks/${id}/deliveries?minPosition=${position}`)
    return items.some(({ state }: { state: string }) => state === 'DELIVERED') && items
  })
  t.match(deliveries, [{ event: headers['webhook-id'], stream: `task-${task.id}`, type: 'TaskCreated', attempt: 1, status: 200, error: null }])
  t.match(await admin.get(`/webhooks/${id}/health`), { behind: false, pending: 0, dead: 0, lastSuccess: /^\d{4}-/ })
  t.strictSame((await admin.get(`/webhooks/${id}/deliveries?state=DEAD`)).items, [])
  await admin.post(`/webhooks/${id}/redeliver`, { deliveries: [headers['webhook-id']] })
  await until(async () => heard.length === 2)
  t.equal(heard[1]!.headers['webhook-id'], headers['webhook-id'])
  const shown = JSON.stringify([await admin.get(`/webhooks/${id}`), await admin.get(`/timeline?stream=webhook-${id}`), heard.map(({ body }) => body)])
  const { heard: stream, stop } = follow(baton.adminKey.key, { 'last-event-id': '0' })
  await until(async () => stream.frames.some(({ data }) => data.type === 'WebhookRegistered'))
  t.match(stream.frames.find(({ data }) => data.type === 'WebhookRegistered')!.data, { data: { url, secret: '[sealed]' } })
  await stop()
  const stored = (await log()).find(({ fact }) => fact.type === 'WebhookRegistered')!
  for (const text of [shown, JSON.stringify(stream.frames)]) t.notMatch(text, /whsec_|sealed:/)
  t.match((stored.fact.data as any).secret, /^sealed:/)
  await fetch(`${baton.urls.gateway}/api/v1/webhooks/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${baton.adminKey.key}` } })
  await until(async () => (await admin.get(`/webhooks/${id}`)).status === 'DELETED')
})

t.test('L-20 L-21 L-22 L-23 sockets hear of tasks with their rows, of the topics they ask for, in the order of the log, and what they missed', async (t) => {
  const { id: owner, secret, api } = await newcomer('Gil')
  const stranger = (await admin.post('/keys', { scopes: ['write'] })).secret!
  const open = (auth: object, options: object = {}) => {
    const socket = io(baton.urls.gateway, { auth, reconnection: false, forceNew: true, ...options })
    const heard: { event: string; payload: any }[] = []
    socket.onAny((event, payload) => heard.push({ event, payload }))
    t.teardown(() => socket.close())
    return { socket, heard, of: (event: string) => heard.filter((one) => one.event === event).map(({ payload }) => payload) }
  }
  const refused = async (auth: object, options: object = {}) => new Promise((resolve) => open(auth, options).socket.once('connect_error', (error: any) => resolve(error.data?.code ?? error.message)))
  t.equal(await refused({ key: 'bk_nobody' }), 'INVALID_API_KEY')
  t.equal(await refused({ key: stranger }), 'FORBIDDEN')
  t.match(await refused({ key: secret }, { extraHeaders: { origin: 'https://elsewhere.example' }, transports: ['websocket'] }), /websocket error|400|403/)
  const own = open({ key: secret }, { transports: ['websocket'] })
  const all = open({}, { extraHeaders: { authorization: `Bearer ${baton.adminKey.key}`, origin: baton.urls.gateway } })
  await until(async () => own.socket.connected && all.socket.connected)
  t.match(await all.socket.emitWithAck('subscribe', { topics: ['organization'], facts: true }), { position: /^\d+$/ })
  t.strictSame(await all.socket.emitWithAck('subscribe', { topics: ['nonsense'] }), { code: 'VALIDATION_ERROR' })
  const { id: agent } = await admin.post('/agents', { name: 'Hand', orchestrator: owner, maxConcurrent: 1 })
  const first = await api.post('/tasks', { owner, title: 'one', workspace: 'docks' })
  const assigned = await admin.post(`/tasks/${first.id}/assign`, { assignee: `agent:${agent}` })
  const foreign = await admin.post('/tasks', { owner: (await newcomer('Hal')).id, title: 'of another' })
  await until(async () => own.of('task:assigned').length > 0 && own.of('agent:overload').length > 0 && all.heard.some(({ payload }) => payload.id === foreign.id))
  t.match(own.of('task:updated')[0], { task: { id: first.id, task: first.id, title: 'one', workspace: 'docks' }, position: first.position, at: /^\d{4}-/ })
  t.match(own.of('task:assigned')[0], { task: { id: first.id, agent }, agent: { id: agent, agent, name: 'Hand' }, position: assigned.position })
  t.match(own.of('agent:overload')[0], { agent: { id: agent }, current: 1, max: 1 })
  t.notOk(own.heard.some(({ payload }) => JSON.stringify(payload).includes(foreign.id)), 'nothing that concerns another')
  t.equal(own.of('fact').length, 0, 'facts for who asks')
  const facts = all.of('fact').map(({ position }) => BigInt(position))
  t.strictSame(facts, facts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))

  const late = open({ key: baton.adminKey.key })
  await until(async () => late.socket.connected)
  await late.socket.emitWithAck('unsubscribe', { topics: ['organization'] })
  await late.socket.emitWithAck('subscribe', { topics: [`task:${first.id}`, 'workspace:nowhere'], after: String(BigInt(first.position) - 1n), facts: true })
  await until(async () => late.of('fact').length >= 2)
  t.ok(late.of('fact').every(({ stream }) => stream === `task-${first.id}`))
  t.match(late.of('task:assigned'), [{ agent: { id: agent } }])
  await late.socket.emitWithAck('subscribe', { topics: [], after: '999999999999' })
  await until(async () => late.of('gap').length > 0)
  t.match(late.of('gap'), [{ from: '999999999999', reason: 'ahead' }])
  for (let n = 0; n < 61; n++) late.socket.emit('subscribe', { topics: [] })
  await until(async () => late.socket.disconnected)
  t.strictSame(late.of('end'), [{ code: 'RATE_LIMITED' }])
  const key = (await admin.get(`/keys?orchestrator=${owner}`)).items[0].key
  await admin.post(`/keys/${key}/revoke`, {})
  await until(async () => own.socket.disconnected)
  t.strictSame(own.of('end'), [{ code: 'INVALID_API_KEY' }])
})
