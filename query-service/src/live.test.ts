import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { io } from 'socket.io-client'
import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { Orchestrator } from 'shared-domain/fleet/orchestrator/events.ts'
import { capacities } from 'shared-domain/fleet/capacity/capacities.ts'
import { orchestrators } from 'shared-domain/fleet/orchestrator/orchestrators.ts'
import { backlogSummary } from 'shared-domain/work/task/backlog-summary.ts'
import { Task } from 'shared-domain/work/task/events.ts'
import { performance } from 'shared-domain/work/task/performance.ts'
import type { Service } from './app.ts'
import { ask, house, sample, sampleRow, until } from './fixture.ts'
import { sized } from '../../infra/embedded/testing.ts'
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
    const response = await fetch(`${to.url}${query.startsWith('/api') ? '' : '/api/v1/events'}${query}`, {
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

t.test('L-10 a client may ask for some facts only', async (t) => {
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
  const everything = ['task-f 1', 'task-f1 2', 'orchestrator-f ', 'task-f 3']
  t.strictSame(await shown('type=OrchestratorArchived&type=LeaseRenewed', 4), everything)
  t.strictSame(await shown('type=OrchestratorArchived,LeaseRenewed', 4), everything)
  t.strictSame(await shown('stream=task-f1&stream=orchestrator-f', 2), ['task-f1 2', 'orchestrator-f '], 'of any of several streams')
  t.strictSame(await shown('category=orchestrator', 1), ['orchestrator-f '])
  t.strictSame(await shown(`category=task&category=orchestrator&orchestrator=${uuid(3)}&orchestrator=${uuid(4)}`, 3), ['task-f 1', 'task-f1 2', 'task-f 3'])
  t.strictSame(await shown('by=admin:ada&correlation=c-1&stream=task-f', 2), ['task-f 1', 'task-f 3'], 'all words must fit')
  t.strictSame(await shown('by=tool:ada&by=process:x', 0), [])
  t.strictSame(await shown('correlation=c-2', 0), [])
  const refused = (pointer: string) => ({ status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } })
  const wrong = { 'after=x': '/after', 'type=Nonsense': '/type', 'stream=secret-1': '/stream', 'orchestrator=me': '/orchestrator', 'category=secrets': '/category', 'by=ada': '/by', 'by=god:ada': '/by', 'format=xml': '/format' }
  for (const [query, pointer] of Object.entries(wrong)) {
    const { status, body } = await ask(service, `/api/v1/events?${query}`, key)
    t.equal(status, 400, query)
    t.ok(body.errors[0].pointer.startsWith(pointer), query)
  }
  const most = { type: [100, 'LeaseRenewed'], orchestrator: [50, uuid(1)], category: [20, 'task'] } as const
  for (const [word, [count_max, value]] of Object.entries(most)) {
    const query = new URLSearchParams(Array.from({ length: count_max + 1 }, (): [string, string] => [word, value]))
    t.match(await ask(service, `/api/v1/events?${query}`, key), { status: 400, body: { code: 'VALIDATION_ERROR' } }, `more than ${count_max} of ${word}`)
  }
  t.match(await ask(service, '/api/v1/events', key, { 'last-event-id': 'x' }), refused('/Last-Event-ID'))
})

t.test('L-10 H-1 in older words, and as CloudEvents', async (t) => {
  const after = await home.append('task-e', 'acme', [renewed(5, 0)])
  const position = await home.append('task-e', 'acme', [renewed(5, 1)])
  const older = listen(service, `/stream?types=LeaseRenewed,TaskCreated&after=${after}`)
  const cloud = listen(service, `?after=${after}&format=cloudevent`)
  for (const client of [older, cloud]) await client.count(1)
  t.match(older.heard.facts, [{ type: 'LeaseRenewed', position }])
  t.equal(older.heard.headers.get('link'), `</api/v1/events?after=${after}&type=LeaseRenewed&type=TaskCreated&format=fact>; rel="successor-version"`)
  t.match(cloud.heard.facts, [{
    specversion: '1.0', type: 'baton.LeaseRenewed', subject: 'task-e', source: '/organizations/acme/task', organization: 'acme', position, revision: '1',
    actor: 'admin:ada', correlationid: 'c-1', data: { token: '1' },
  }])
  t.strictSame(cloud.heard.ids, [position])
  for (const client of [older, cloud]) await client.stop()
  t.match(await ask(service, '/api/v1/events/stream?types=Nonsense', key), { status: 400, body: { errors: [{ pointer: '/types' }] } })
  t.match(await ask(service, '/api/v1/events/stream?types=LeaseRenewed&type=LeaseRenewed', key), { status: 400, body: { errors: [{ pointer: '/type' }] } })
})

t.test('L-11 a client hears that it has caught up, once, behind all that the log held when it came', async (t) => {
  const after = await home.append('task-u', 'acme', [renewed(6, 0)])
  for (let n = 1; n <= 3; n += 1) await home.append('task-u', 'acme', [renewed(6, n)])
  const head = await home.append('task-u', 'umbrella', [renewed(6, 4)])
  const clients = { behind: listen(service, `?after=${after}`), nothing: listen(service, `?after=${after}&type=OrchestratorArchived`), now: listen(service) }
  const caughtUp = ({ heard }: ReturnType<typeof listen>) => heard.frames.filter(({ event }) => event === 'caught-up')
  for (const [what, client] of Object.entries(clients)) {
    await until('it caught up', async () => caughtUp(client).length > 0)
    t.ok(BigInt(caughtUp(client)[0]!.data.position) >= BigInt(head), what)
    t.equal(client.heard.lastId, caughtUp(client)[0]!.data.position, 'from which it may go on')
  }
  t.equal(clients.behind.heard.facts.length, 3, 'the facts came before it')
  await home.append('task-u', 'acme', [renewed(6, 5)])
  await clients.behind.count(4)
  await clients.now.count(1)
  for (const client of Object.values(clients)) {
    t.equal(caughtUp(client).length, 1)
    await client.stop()
  }
})

t.test('L-11 a position of another log says nothing: the client reads anew', async (t) => {
  const head = await home.append('task-l', 'acme', [renewed(7, 0)])
  const first = listen(service)
  await first.opened()
  const log = first.heard.headers.get('baton-log')!
  t.match(log, /^[0-9a-f-]{36}$/)
  const [same, other] = [listen(service, `?after=${head}&log=${log}`), listen(service, `?after=1&log=another`)]
  await until('the other heard of the gap', async () => other.heard.frames.length > 1)
  const position = await home.append('task-l', 'acme', [renewed(7, 1)])
  for (const client of [same, other]) await client.count(1)
  t.match(other.heard.frames, [{ event: 'gap', data: { from: '1', to: head, reason: 'other-log' } }, { event: 'caught-up' }])
  t.strictSame(other.heard.ids, [position])
  t.notOk(same.heard.frames.some(({ event }) => event === 'gap'))
  for (const client of [first, same, other]) await client.stop()
})

t.test('L-60 what happened last is asked page by page, the newest first, without what is of others', async (t) => {
  const before = await home.append('task-9', 'acme', [renewed(9, 1)])
  const mine: string[] = []
  for (let n = 1; n <= 5; n += 1) mine.unshift(await home.append(`task-${n % 2}`, n % 2 === 0 ? 'umbrella' : 'acme', [renewed(1, n), renewed(1, n)]))
  const positionsOf = ({ body }: { body: any }) => body.items.map(({ position }: { position: string }) => position)
  const last = await ask(service, '/api/v1/events/latest?limit=4', key)
  t.match(last, { status: 200, body: { position: mine[0], items: [{ type: 'LeaseRenewed', stream: 'task-1', data: { token: '5' } }, {}, {}, {}] } })
  t.equal(last.headers.get('baton-position'), mine[0])
  const rest = await ask(service, `/api/v1/events/latest?limit=3&before=${last.body.next}`, key)
  t.equal(rest.body.items.at(-1).position, before, 'the next page goes on where the first one ended')
  t.strictSame([...positionsOf(last), ...positionsOf(rest)], [...new Set([...positionsOf(last), ...positionsOf(rest)])], 'none comes twice')
  t.equal((await ask(service, '/api/v1/events/latest?limit=201', key)).status, 400)
  const beginning = await ask(service, `/api/v1/events/latest?limit=200`, key)
  t.equal(beginning.body.next, null, 'at the beginning of the log there is no next page')
})

t.test('L-100 whatever a client chooses, and wherever it is cut: it has exactly those facts, in the order of the log', async (t) => {
  const seed = Number(process.env.SEED ?? 10_001)
  let state = seed
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return Math.floor(state / 2_147_483_647 * below)
  }
  let replica = await home.serve()
  const after = await home.append('task-p', 'acme', [renewed(8, 0)])
  const queries = ['', '&category=orchestrator', `&orchestrator=${uuid(11)}&type=LeaseRenewed`, '&stream=task-p0&stream=task-p1', '&format=cloudevent']
  const chosen: readonly ((stream: string, type: string, owner: number) => boolean)[] = [
    () => true, (stream) => stream.startsWith('orchestrator'), (_, type, owner) => type === 'LeaseRenewed' && owner === 11, (stream) => /^task-p[01]$/.test(stream), () => true,
  ]
  const consumers = queries.map((query) => ({ query, heard: [] as string[], lastId: after, client: undefined as ReturnType<typeof listen> | undefined }))
  const cut = async (one: typeof consumers[number]) => {
    await one.client?.stop()
    if (one.client) one.lastId = one.client.heard.lastId || one.lastId
    one.heard.push(...one.client?.heard.ids ?? [])
    one.client = undefined
  }
  const expected = queries.map(() => [] as string[])
  for (let n = 0; n < sized(60, 600); n += 1) {
    const owner = 10 + random(3)
    const isTask = random(4) > 0
    const stream = isTask ? `task-p${random(4)}` : `orchestrator-p${random(2)}`
    const organization = random(5) > 0 ? 'acme' : 'umbrella'
    const fact = isTask ? renewed(owner, n) : archived
    const position = await home.append(stream, organization, [fact])
    if (organization === 'acme') for (const [k, is] of chosen.entries()) if (is(stream, fact.type, owner)) expected[k]!.push(position)
    const one = consumers[random(consumers.length)]!
    if (one.client) await cut(one)
    else one.client = listen(replica, `?after=${one.lastId}${one.query}`)
    if (n % 30 === 29) {
      await replica.stop()
      for (const each of consumers) await cut(each)
      replica = await home.serve()
    }
  }
  for (const [k, one] of consumers.entries()) {
    await cut(one)
    one.client = listen(replica, `?after=${one.lastId}${one.query}`)
    await until('it caught up', async () => one.client!.heard.frames.some(({ event }) => event === 'caught-up'))
    t.notOk(one.client.heard.frames.some(({ event }) => event === 'gap'))
    await cut(one)
    t.strictSame(one.heard, expected[k], `seed ${seed}: ${queries[k]}`)
  }
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
      const [{ event, data }] = client.heard.frames as any
      t.match({ event, data }, { event: 'gap', data: { from, reason: 'ahead' } }, what)
      t.ok(BigInt(data.to) >= BigInt(head), 'it says where the log ends')
      t.strictSame(client.heard.ids, [position])
    }
  }
  const at = listen(service, '', { lastId: String((await home.append('task-g', 'acme', [renewed(1, 3)]))) })
  await at.opened()
  const position = await home.append('task-g', 'acme', [renewed(1, 4)])
  await at.count(1)
  t.match(at.heard, { frames: [{ event: 'caught-up' }], ids: [position] }, 'the end of the log itself is no gap')
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

t.test('L-23 a socket that takes too little is let go with a word, and what is too large ends it', async (t) => {
  const narrow = await home.serve({ stalled_ms: 300 })
  const open = async (as = key) => {
    const socket = io(narrow.url, { auth: { key: as }, transports: ['websocket'], reconnection: false, forceNew: true })
    t.teardown(() => socket.close())
    await once(socket as never, 'connect')
    return socket
  }
  const [slow, loud, other] = [await open(), await open(), await open(foreign)]
  await slow.emitWithAck('subscribe', { topics: ['organization'], facts: true })
  await other.emitWithAck('subscribe', { topics: ['organization'], facts: true })
  let heard = 0
  other.onAny(() => { heard += 1 })
  const under = (slow.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws._socket
  under.pause()
  const text = 'x'.repeat(900_000)
  for (let n = 0; n < 16; n += 1) await home.append('task-slow', 'acme', [Task.TaskCompleted({ ...completed, output: text })])
  await until('it was let go', async () => /baton_query_live_connections 2/.test((await ask(narrow, '/metrics')).body))
  t.equal(heard, 0, 'another organization hears nothing of it')
  loud.emit('subscribe', { topics: ['x'.repeat(20_000)] })
  await until('it has ended', async () => loud.disconnected)
  await narrow.stop()
})

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

const clock = globalThis.performance
const figures = [orchestrators, capacities, backlogSummary, performance] as const

t.test('L-12 the figures of an orchestrator come again when they are others, at most once a second, with position and lag', async (t) => {
  const id = uuid(60)
  await home.makeTables(figures, 0)
  await home.insert(orchestrators, 'acme', sampleRow(orchestrators, 60, { orchestrator: id }))
  await home.insert(capacities, 'acme', sampleRow(capacities, 60, { orchestrator: id, active: 1 }))
  const { key: short, revoke } = await home.makeKey()
  const head = Number(await home.append('task-figures', 'acme', [renewed(1, 1)]))
  for (const model of figures) await home.move(model, head)
  t.match(await ask(service, `/api/v1/orchestrators/${uuid(61)}/metrics/realtime`, key), { status: 404 })
  t.match(await ask(service, `/api/v1/orchestrators/${id}/metrics/realtime`, foreign), { status: 404 }, 'of another organization')
  t.match(await ask(service, `/api/v1/orchestrators/${id}/metrics`, key), { status: 200, body: { capacity: { active: 1 }, performance: null } })
  const clients = [listen(service, `/api/v1/vps/${id}/metrics/realtime`), listen(service, `/api/v1/orchestrators/${id}/metrics/realtime`, { as: short })]
  const told = (n: number) => clients[n]!.heard.frames.map(({ event, data }) => ({ event, active: data.capacity?.active, lag: data.lag_s, position: data.position }))
  for (const n of [0, 1]) await until('it is told', async () => told(n).length === 1)
  t.strictSame(told(0), [{ event: 'metrics', active: 1, lag: 0, position: String(head) }])
  // What happens now is in no answer before the read models move.
  const next = Number(await home.append('task-figures', 'acme', [renewed(1, 2)]))
  await home.db.query(`update "${capacities.name}" set active = 2`)
  await home.move(backlogSummary, head)
  await until('it is told again', async () => told(0).length === 2)
  const since = clock.now()
  t.match(told(0)[1], { active: 2, position: String(head) })
  t.ok(told(0)[1]!.lag > 0, 'a fact is not in the answer yet')
  for (const model of figures) await home.move(model, next)
  await home.db.query(`update "${capacities.name}" set active = 3`)
  await home.move(capacities, next)
  await until('it is told once more', async () => told(0).length === 3)
  t.match(told(0)[2], { active: 3, lag: 0, position: String(next) })
  t.ok(clock.now() - since > 900, 'a second after the one before')
  await revoke()
  await until('the other has ended', async () => clients[1]!.heard.ended)
  t.match(clients[1]!.heard.frames.at(-1), { event: 'end', data: { code: 'INVALID_API_KEY' } })
  await clients[0]!.stop()
})
