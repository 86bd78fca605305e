import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { Orchestrator } from 'shared-domain/fleet/orchestrator/events.ts'
import { Task } from 'shared-domain/work/task/events.ts'
import type { Service } from './app.ts'
import { ask, house, sample, until } from './fixture.ts'
import { z } from 'zod'

const uuid = (n: number) => sample(z.uuid(), n) as never
const home = await house(t, catalogue)
const service = await home.serve()
const { key } = await home.makeKey()
const { key: foreign } = await home.makeKey({ organization: 'umbrella' })

const renewed = (owner: number, token: number) => Task.LeaseRenewed({ owner: uuid(owner), token: String(token) })
const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

/** A client that keeps what it hears, as browsers do: facts, heartbeats and the last event id. */
function listen(to: Service, query = '', { as = key, lastId }: { as?: string; lastId?: string } = {}) {
  const stopping = new AbortController()
  const heard = {
    facts: [] as any[], frames: [] as { event: string; data: any }[], ids: [] as string[], heartbeats: 0, lastId: '', open: false, ended: false, status: 0, headers: new Headers(),
  }
  const take = (lines: readonly string[]) => {
    const event = lines.find((line) => line.startsWith('event: '))?.slice(7)
    const data = lines.find((line) => line.startsWith('data: '))?.slice(6)
    if (event && data) heard.frames.push({ event, data: JSON.parse(data) })
    for (const line of lines) {
      if (line === ': open') heard.open = true
      if (line === ': heartbeat') heard.heartbeats += 1
      if (line.startsWith('id: ')) heard.lastId = line.slice(4)
      if (line.startsWith('data: ') && !event) {
        heard.facts.push(JSON.parse(line.slice(6)))
        heard.ids.push(heard.lastId)
      }
    }
  }
  const done = (async () => {
    const response = await fetch(`${to.url}/api/v1/events${query}`, {
      headers: { authorization: `Bearer ${as}`, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) }, signal: stopping.signal,
    })
    Object.assign(heard, { status: response.status, headers: response.headers })
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop()!
      for (const message of messages) take(message.split('\n'))
    }
  })().catch(() => {}).finally(() => { heard.ended = true })
  return {
    heard,
    done,
    opened: () => until('the stream is open', async () => heard.open || heard.ended),
    count: (n: number) => until(`${n} facts are heard`, async () => heard.facts.length >= n),
    stop: async () => {
      stopping.abort()
      await done
    },
  }
}

t.test('O-4 only what happens from now on is sent, in the order of the log, to its own organization', async (t) => {
  await home.append('task-old', 'acme', [renewed(1, 0)])
  const [mine, theirs] = [listen(service), listen(service, '', { as: foreign })]
  await Promise.all([mine.opened(), theirs.opened()])
  const positions: string[] = []
  for (let n = 1; n <= 20; n += 1) positions.push(await home.append(`task-${n % 3}`, n % 4 === 0 ? 'umbrella' : 'acme', [renewed(1, n)]))
  await mine.count(15)
  await theirs.count(5)
  const expected = positions.map((position, n) => ({ position, n: n + 1 }))
  const told = (facts: readonly any[]) => facts.map(({ position, data }) => ({ position, n: Number(data.token) }))
  t.strictSame(told(mine.heard.facts), expected.filter(({ n }) => n % 4 !== 0))
  t.strictSame(told(theirs.heard.facts), expected.filter(({ n }) => n % 4 === 0))
  t.strictSame(mine.heard.ids, mine.heard.facts.map(({ position }) => position), 'the id of an event is its log position')
  t.match(mine.heard.facts[0], {
    stream: 'task-1', category: 'task', id: '1', revision: 0, type: 'LeaseRenewed', recipient: uuid(1), by: { kind: 'admin', id: 'ada' },
    correlationId: 'c-1', imported: false,
  })
  t.match(mine.heard.headers.get('content-type'), /^text\/event-stream/)
  t.ok(mine.heard.headers.get('x-correlation-id') && mine.heard.headers.get('x-content-type-options'))

  await t.test('heartbeats move the resume point past the facts of others', async (t) => {
    const last = positions.at(-1)
    await until('the last id of both is the last position', async () => mine.heard.lastId === last && theirs.heard.lastId === last)
    t.ok(mine.heard.heartbeats > 0)
  })
  await Promise.all([mine.stop(), theirs.stop()])
  await until('the service let both go', async () => /baton_query_live_connections 0/.test((await ask(service, '/metrics')).body))
})

t.test('a client that comes back with its last event id misses nothing and hears nothing twice', async (t) => {
  let lastId = await home.append('task-r', 'acme', [renewed(2, 0)])
  const heard: number[] = []
  let said = 0
  const say = async (n: number) => {
    for (let i = 0; i < n; i += 1) await home.append(`task-r${said % 5}`, 'acme', [renewed(2, said += 1), renewed(2, said += 1)])
  }
  for (let round = 0; round < 5; round += 1) {
    await say(3)
    const client = listen(service, '', { lastId })
    const saying = say(4)
    await client.count(4 + round)
    await client.stop()
    await saying
    heard.push(...client.heard.facts.map(({ data }) => Number(data.token)))
    lastId = client.heard.lastId
  }
  const last = listen(service, `?after=${lastId}`)
  await until('all is heard', async () => heard.length + last.heard.facts.length >= said)
  await last.stop()
  heard.push(...last.heard.facts.map(({ data }) => Number(data.token)))
  t.strictSame(heard, Array.from({ length: said }, (_, n) => n + 1))
})

t.test('a client may ask for some facts only', async (t) => {
  const after = await home.append('task-f', 'acme', [renewed(3, 0)])
  await home.append('task-f', 'acme', [renewed(3, 1)])
  await home.append('task-f1', 'acme', [renewed(4, 2)])
  await home.append('orchestrator-f', 'acme', [archived])
  await home.append('task-f', 'acme', [renewed(4, 3)])
  const shown = async (query: string, n: number) => {
    const client = listen(service, `?after=${after}&${query}`)
    await client.count(n)
    await until('a heartbeat', async () => client.heard.heartbeats > 1)
    await client.stop()
    return client.heard.facts.map(({ stream, data }) => `${stream} ${data.token ?? ''}`)
  }
  t.strictSame(await shown('stream=task-f', 2), ['task-f 1', 'task-f 3'], 'of a stream, not of others whose name begins so')
  t.strictSame(await shown(`orchestrator=${uuid(4)}`, 2), ['task-f1 2', 'task-f 3'])
  t.strictSame(await shown('type=OrchestratorArchived', 1), ['orchestrator-f '])
  t.strictSame(await shown('type=OrchestratorArchived&type=LeaseRenewed', 4), ['task-f 1', 'task-f1 2', 'orchestrator-f ', 'task-f 3'])
  const refused = (pointer: string) => ({ status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } })
  const wrong = { 'after=x': '/after', 'type=Nonsense': '/type', 'stream=secret-1': '/stream', 'orchestrator=me': '/orchestrator' }
  for (const [query, pointer] of Object.entries(wrong)) t.match(await ask(service, `/api/v1/events?${query}`, key), refused(pointer), query)
  t.match(await ask(service, '/api/v1/events', key, { 'last-event-id': 'x' }), refused('/Last-Event-ID'))
})

t.test('no event shows what is secret in it, and none is left out because it cannot be read', async (t) => {
  const { hash, position } = await home.makeKey()
  await home.append('task-m', 'acme', [{ type: 'TaskCreated', data: { title: 7 } }, { type: 'Strange', data: {} }])
  const client = listen(service, '?after=0')
  await until('the last one is heard', async () => client.heard.facts.at(-1)?.type === 'Strange')
  await client.stop()
  t.match(client.heard.facts.find((fact) => fact.position === position), { type: 'ApiKeyGenerated', data: { name: 'key' } })
  t.notMatch(JSON.stringify(client.heard.facts), hash)
  t.match(client.heard.facts.slice(-2), [{ type: 'TaskCreated', data: null, recipient: null }, { type: 'Strange', data: null }])
})

t.test('the number of live connections is bounded, per key and in all', async (t) => {
  const narrow = await home.serve({ liveConnections_max: 3, liveConnectionsPerKey_max: 2 })
  const clients = [listen(narrow), listen(narrow), listen(narrow, '', { as: foreign })]
  for (const client of clients) await client.opened()
  const third = await ask(narrow, '/api/v1/events', key)
  t.match(third, { status: 429, body: { code: 'RATE_LIMITED' } })
  t.ok(third.headers.get('retry-after'))
  const fourth = await ask(narrow, '/api/v1/events', foreign)
  t.match(fourth, { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
  t.ok(fourth.headers.get('retry-after'))
  await clients[0]!.stop()
  await until('the place is free again', async () => /baton_query_live_connections 2/.test((await ask(narrow, '/metrics')).body))
  const next = listen(narrow)
  await next.opened()
  t.equal(next.heard.status, 200)

  await t.test('and all of them end when the service does', async (t) => {
    await narrow.stop()
    const ends = await Promise.all([...clients, next].map(({ done }) => done.then(() => 'over')))
    t.same(ends, ['over', 'over', 'over', 'over'])
  })
})

/** Heartbeats and the age of what is known are too long to be what ends it. */
const patient = await home.serve({ heartbeat_ms: 600_000 })

/** What ends the authority of a key, and how the key is made for it. */
const ends = {
  'is revoked': { make: () => home.makeKey(), end: ({ revoke }: { revoke: () => Promise<unknown> }) => revoke(), code: 'INVALID_API_KEY' },
  'loses whom it stands for': {
    make: () => home.makeKey({ orchestrator: uuid(50) }),
    end: () => home.append(`orchestrator-${uuid(50)}`, 'acme', [archived]), code: 'INVALID_API_KEY',
  },
  'expires': { make: () => home.makeKey({ expiresAt: new Date(Date.now() + 4_000).toISOString() }), end: async () => {}, code: 'API_KEY_EXPIRED' },
}

for (const [what, { make, end, code }] of Object.entries(ends)) {
  t.test(`L-11 F-63 a connection ends when its key ${what}, says so, and hears nothing afterwards`, async (t) => {
    const made = await make()
    const replica = await home.serve({ heartbeat_ms: 600_000 })
    const clients = [listen(patient, '', { as: made.key }), listen(replica, '', { as: made.key })]
    for (const client of clients) await client.opened()
    t.equal((await ask(replica, '/api/v1/keys/validate', made.key)).status, 200)
    await end(made)
    await until('both ended', async () => clients.every(({ heard }) => heard.ended))
    for (const { heard } of clients) t.match(heard.frames.at(-1), { event: 'end', data: { code } })
    const known = clients.map(({ heard }) => heard.facts.length)
    await home.append('task-after', 'acme', [renewed(1, 1)])
    t.strictSame(clients.map(({ heard }) => heard.facts.length), known)
    for (const one of [patient, replica]) t.match(await ask(one, '/api/v1/keys/validate', made.key), { status: 401, body: { code } })
    t.match(await ask(patient, '/api/v1/events', made.key), { status: 401, body: { code } })
  })
}

t.test('F-63 what an orchestrator does, short of leaving, ends no connection of its keys', async (t) => {
  const { key: own } = await home.makeKey({ orchestrator: uuid(51) })
  const client = listen(patient, '', { as: own })
  await client.opened()
  const position = await home.append(`orchestrator-${uuid(51)}`, 'acme', [
    Orchestrator.OrchestratorStatusChanged({ from: 'ONLINE', to: 'OFFLINE', action: 'stop', reason: null }),
  ])
  await client.count(1)
  t.match(client.heard.facts, [{ position }])
  t.equal((await ask(patient, '/api/v1/keys/validate', own)).status, 200)
  t.equal(client.heard.ended, false)
  await client.stop()
})

t.test('L-11 a position to go on after that the log has not reached is answered by a gap, and the stream goes on from now', async (t) => {
  const beyond = {
    'far beyond': () => '999999999', 'ahead by one': (head: string) => String(BigInt(head) + 1n), 'the greatest that can be said': () => '9'.repeat(19),
  }
  for (const [what, fromOf] of Object.entries(beyond)) {
    const head = await home.append('task-g', 'acme', [renewed(1, 1)])
    const from = fromOf(head)
    const clients = [listen(service, '', { lastId: from }), listen(service, `?after=${from}`)]
    for (const client of clients) await until('it heard of the gap', async () => client.heard.frames.length > 0)
    const position = await home.append('task-g', 'acme', [renewed(1, 2)])
    for (const client of clients) {
      await client.count(1)
      await client.stop()
      const [{ event, data }] = client.heard.frames as [any]
      t.match({ event, data }, { event: 'gap', data: { from, reason: 'ahead' } }, what)
      t.ok(BigInt(data.to) >= BigInt(head), 'it says where the log ends')
      t.strictSame(client.heard.ids, [position])
    }
  }
  const at = listen(service, '', { lastId: String((await home.append('task-g', 'acme', [renewed(1, 3)]))) })
  await at.opened()
  const position = await home.append('task-g', 'acme', [renewed(1, 4)])
  await at.count(1)
  t.match(at.heard, { frames: [], ids: [position] }, 'the end of the log itself is no gap')
  await at.stop()
  for (const wrong of ['-1', 'x', '1.5', '', '1e3', '9'.repeat(20), '0x10', '१']) {
    const refused = { status: 400, body: { code: 'VALIDATION_ERROR' } }
    t.match(await ask(service, `/api/v1/events?after=${encodeURIComponent(wrong)}`, key), refused, `after ${wrong}`)
    if (wrong !== '१') t.match(await ask(service, '/api/v1/events', key, { 'last-event-id': wrong }), refused, `Last-Event-ID ${wrong}`)
  }
})

t.test('a client that takes nothing is let go, and costs nobody else anything', async (t) => {
  const hasty = await home.serve({ stalled_ms: 100 })
  const after = await home.append('task-b', 'acme', [renewed(1, 0)])
  const request = httpGet(`${hasty.url}/api/v1/events?after=${after}`, { headers: { authorization: `Bearer ${key}` } })
  request.on('error', () => {})
  const [response] = await once(request, 'response') as [IncomingMessage]
  response.on('error', () => {})
  response.pause()
  const other = listen(hasty, `?after=${after}`)
  const big = Task.LeaseRenewed({ owner: uuid(1), token: '1' })
  const text = 'x'.repeat(900_000)
  for (let n = 0; n < 16; n += 1) await home.append('task-b', 'acme', [Task.TaskCompleted({ ...completed, output: text }), big])
  await other.count(32)
  await until('only the other is left', async () => /baton_query_live_connections 1/.test((await ask(hasty, '/metrics')).body))
  t.equal(other.heard.ended, false)
  await other.stop()
  request.destroy()
})

const completed = {
  owner: uuid(1), from: 'IN_PROGRESS' as const, priority: 'LOW' as const,
  lease: { holder: uuid(1), token: '1', slot: uuid(2), since: '2030-01-01T00:00:00.000Z', agent: null, run: null },
  createdAt: '2030-01-01T00:00:00.000Z', startedAt: '2030-01-01T00:00:00.000Z', durationMs: 1, onTime: true, artifacts: [], metrics: {},
  slaMet: null, actualHours: null, dependsOn: [], agentSlot: null, origin: null, work: null,
}

t.test('while the event store is down nobody is admitted, and afterwards all is as before', async (t) => {
  const own = await home.serve({ keyAge_ms: 50, eventStoreTimeout_ms: 500 })
  await until('it follows the log', async () => (await ask(own, '/healthz')).body.detail !== 'The log cannot be followed.')
  const client = listen(own)
  await client.opened()
  await home.eventStore.down()
  await until('the stream ended', async () => client.heard.ended)
  await until('the key is no longer known', async () => (await ask(own, '/api/v1/keys/validate', key)).status === 503)
  const refused = await ask(own, '/api/v1/keys/validate', key)
  t.match(refused.body, { code: 'SERVICE_UNAVAILABLE', retryable: true, status: 503 })
  t.ok(refused.headers.get('retry-after'))
  t.match(await ask(own, '/healthz'), { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
  await home.eventStore.up()
  await until('the key is taken again', async () => (await ask(own, '/api/v1/keys/validate', key)).status === 200)
  const resume = () => listen(own, '', { lastId: client.heard.lastId || '0' })
  let resumed = resume()
  const position = await home.append('task-back', 'acme', [renewed(1, 1)])
  await until('the stream goes on', async () => {
    // Refused or ended while the service is still on its way back to the store: whoever listens comes again.
    if (resumed.heard.ended) resumed = resume()
    return resumed.heard.facts.at(-1)?.position === position
  })
  await resumed.stop()
})
