import { createHmac, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import pg from 'pg'
import t from 'tap'
import { settings } from 'shared-domain/catalogue.ts'
import { decider, fold } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent } from 'shared-domain/kernel/fact.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'
import { organization as organizations } from 'shared-domain/fleet/organization/decider.ts'
import { webhook } from 'shared-domain/live/webhook/decider.ts'
import { Webhook } from 'shared-domain/live/webhook/events.ts'
import { webhookOutlet } from 'shared-domain/live/webhook/outlet.ts'
import { foundation } from 'shared-service/wall.ts'
import { sealingOf, secretsKeyIn } from 'shared-service/sealing.ts'
import { startEngines } from '../../../infra/embedded/engines.ts'
import { folderFor } from '../../../infra/embedded/testing.ts'
import { put, Thing, until } from '../fixture.ts'
import { Deliverer } from './deliverer.ts'
import type { Parts } from './desk.ts'
import { poster, systemResolve } from './posting.ts'
import { deliveryTables } from './delivery-tables.ts'
import { signedHeaders } from './signature.ts'
import { VirtualClock } from './testing-clock.ts'
import { outsider, say } from './testing-target.ts'

const root = folderFor(t, 'deliver')
const engines = await startEngines({ root, env: { NATS_URL: 'nats://127.0.0.1:1' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const pool = new pg.Pool({ connectionString: engines.urls.database, max: 6 })
pool.on('error', () => undefined)
await pool.query(`${foundation}; ${deliveryTables}; create table timer (key text primary key, due timestamptz, position bigint, intent jsonb)`)
const stopping: (() => Promise<void>)[] = []
t.teardown(async () => {
  for (const stop of stopping) await stop()
  await client.dispose()
  await pool.end()
  await engines.stop()
})

const thing = decider(fold('thing', Thing, {}, Object.fromEntries(Object.keys(Thing.definitions).map((type) => [type, () => ({})])) as never), { collection: 'things', rejections: {}, commands: {} })
const deciders = [thing, webhook, organizations]
const sealing = sealingOf(secretsKeyIn(join(root, 'secrets.key')))
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

async function append(stream: string, facts: readonly AnyEvent[], organization = 'acme') {
  const events = facts.map(({ type, data }) => jsonEvent({
    type, data: data as never, metadata: { version: 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'ada' }, organization, commandId: randomUUID(), $correlationId: 'c' } as never,
  }))
  const { position } = await client.appendToStream(stream, events)
  return { position: position!.commit, ids: events.map(({ id }) => id) }
}

const sealedFor = (stream: string, text = secret) => sealing.seal(text, { organization: 'acme', stream, field: 'secret' })

/** A webhook of the organization, as its stream would say. */
async function register(url: string, more: object = {}) {
  const id = randomUUID()
  const stream = `webhook-${id}`
  const terms = { url, types: ['ThingPut', 'ThingGrown'], orchestrator: null, workspace: null, description: null, parallel: 4 }
  await append(stream, [Webhook.WebhookRegistered({ ...terms, from: null, secret: sealedFor(stream), ...more } as never)])
  const say = (fact: AnyEvent) => append(stream, [fact])
  return { id, stream, terms, say, end: () => say(Webhook.WebhookDeleted({})) }
}

const nobodyRecent = { async* after() {}, reaches: () => false }
const local = ['127.0.0.1/32']
const hasty = poster(systemResolve, { connect_ms: 400, total_ms: 400 })

/** A deliverer at work, with a clock of its own. */
function serve(more: Partial<Parts> = {}) {
  const clock = new VirtualClock()
  const deliverer = new Deliverer({
    client, pool, recent: nobodyRecent as never, outlets: [webhookOutlet], categories: deciders.map(({ category }) => category), definitions: definitionsOf(deciders as never), settings, sealing,
    networks: local, store: 'log', log: { warn: () => undefined, error: () => undefined }, clock, poster: hasty, ...more,
  })
  const ending = new AbortController()
  const running = deliverer.run(ending.signal)
  const stop = async () => {
    ending.abort()
    await running
  }
  stopping.push(stop)
  return { clock, deliverer, stop }
}

const rowsOf = async (stream: string) => (await pool.query('select event, stream, position::text, attempt, state, status, error, answer, next_at from delivery where target = $1 order by position', [stream])).rows
const settled = (stream: string, count: number) => until(async () => {
  const rows = await rowsOf(stream)
  return rows.length === count && rows.every(({ state }) => state !== 'PENDING') ? rows : undefined
})
const attempted = (stream: string, attempt: number) => until(async () => (await rowsOf(stream)).find((row) => row.attempt === attempt && (row.state !== 'PENDING' || row.next_at)))

const main = serve()

t.test('L-37 a delivery is a signed CloudEvent, by two secrets for as long as both hold', async (t) => {
  t.equal(signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_000, '{"test": 2432232314}', [secret])['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  const { heard, url } = await outsider(t)
  const { stream, say: tell, end } = await register(url())
  const { ids: [first], position } = await append('thing-a', [put('a')])
  await until(async () => heard.length === 1)
  const [{ headers, body, event }] = heard as [typeof heard[number]]
  const expected = (secret: string, { headers, body }: typeof heard[number]) =>
    `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`
  t.match(headers, { 'webhook-id': first, 'content-type': /^application\/cloudevents\+json/, 'webhook-timestamp': String(main.clock.now() / 1_000), cookie: undefined })
  t.equal(headers['webhook-signature'], expected(secret, heard[0]!))
  t.match(event, { specversion: '1.0', id: first, type: 'baton.ThingPut', dataschema: 'baton:/schemas/ThingPut/1', position: String(position), data: { name: 'a' } })
  t.equal(JSON.parse(body).data.name, 'a')
  const next = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  const oldUntil = new Date(main.clock.now() + 60_000).toISOString()
  await tell(Webhook.WebhookSecretRotated({ secret: sealedFor(stream, next), oldUntil }))
  await append('thing-a', [put('b')])
  await until(async () => heard.length === 2)
  t.equal(heard[1]!.headers['webhook-signature'], `${expected(next, heard[1]!)} ${expected(secret, heard[1]!)}`)
  await main.clock.pass(60_000)
  await append('thing-a', [put('c')])
  await until(async () => heard.length === 3)
  t.equal(heard[2]!.headers['webhook-signature'], expected(next, heard[2]!), 'the instant itself is after it')
  t.notMatch(JSON.stringify((await pool.query('select * from delivery_target')).rows), secret.slice(6))
  await end()
})

/** What a target may do wrong, and what is written down of it. */
const misdeeds: Readonly<Record<string, { readonly answer: Parameters<typeof outsider>[1] extends never ? never : ReturnType<typeof say>; readonly status: number | null; readonly error: RegExp; readonly answered?: RegExp }>> = {
  'an error': { answer: say(500, {}, 'no \0 thanks'), status: 500, error: /^HTTP 500$/, answered: /^no � thanks$/ },
  'a redirect': { answer: say(302, { location: '/elsewhere' }), status: 302, error: /HTTP 302/ },
  'a slow answer': { answer: () => undefined, status: null, error: /no answer within/ },
  'a body that never ends': { answer: (_, response) => void response.writeHead(200).write('x'), status: null, error: /no answer within/ },
  'a cut connection': { answer: (_, response) => void response.destroy(), status: null, error: /socket hang up|ECONNRESET/ },
  'an answer that is cut': { answer: (_, response) => void response.writeHead(200, { 'content-length': '99' }).write('half', () => response.destroy()), status: null, error: /cut|aborted|ECONNRESET/ },
  'too much of an answer': { answer: say(503, {}, 'y'.repeat(100_000)), status: 503, error: /HTTP 503/, answered: /^y{256}$/ },
}

t.test('L-38 whatever a target does wrong, it is told once more, later, until it takes it', async (t) => {
  for (const [what, { answer, status, error, answered }] of Object.entries(misdeeds)) {
    const { heard, told, url } = await outsider(t)
    const { stream, end } = await register(url())
    told.answer = answer
    const { ids: [id] } = await append('thing-m', [put(what)])
    const row = await attempted(stream, 1)
    t.match(row, { event: id, state: 'PENDING', status, error, answer: answered ?? row.answer }, what)
    t.ok(Math.abs(Number(row.next_at) - main.clock.now() - 5_000) <= 500, `${what}: after five seconds, a tenth more or less`)
    t.strictSame(heard.map(({ url }) => url), ['/hook'], `${what}: nothing is followed`)
    told.answer = say(204)
    await main.clock.pass(5_500)
    t.match(await settled(stream, 1), [{ state: 'DELIVERED', attempt: 2, status: 204, error: null }], what)
    t.strictSame(heard.map(({ headers }) => headers['webhook-id']), [id, id], 'under the same id')
    await end()
  }
})

t.test('L-38 ten attempts, then it is given up; what is asked for by Retry-After counts', async (t) => {
  const { heard, told, url } = await outsider(t)
  const { stream, end } = await register(url())
  told.answer = say(429, { 'retry-after': '100' })
  await append('thing-n', [put('n')])
  const first = await attempted(stream, 1)
  t.equal(Number(first.next_at) - main.clock.now(), 100_000)
  const begun_ms = main.clock.now()
  told.answer = say(500)
  for (let attempt = 2; attempt <= 10; attempt++) {
    await main.clock.pass(main.clock.next_ms! - main.clock.now())
    await attempted(stream, attempt)
  }
  t.match(await settled(stream, 1), [{ state: 'DEAD', attempt: 10, next_at: null }])
  t.equal(heard.length, 10)
  const took_s = (main.clock.now() - begun_ms) / 1_000
  t.ok(Math.abs(took_s - 50_025 - 95) < 5_010, `${took_s} s in all`)
  await end()
})

t.test('L-33 L-38 one that says that it is gone, or fails for a day, is given up by its own command', async (t) => {
  const intents = async (id: string) => (await pool.query(`select intent from timer where intent #>> '{intent,id}' = $1`, [id])).rows.map(({ intent }) => intent)
  const gone = await outsider(t)
  const one = await register(gone.url())
  gone.told.answer = say(410)
  await append('thing-g', [put('g')])
  const [errand] = await until(async () => { const found = await intents(one.id); return found.length > 0 && found })
  t.match(errand, { organization: 'acme', process: 'webhooks', intent: { category: 'webhook', command: 'disable', data: { cause: 'gone' } } })
  await one.say(Webhook.WebhookDisabled({ cause: 'gone' }))
  await append('thing-g', [put('h')])
  await main.clock.pass(3_600_000)
  t.equal(gone.heard.length, 1, 'nothing is sent to one that is disabled')
  await one.end()

  const failing = await outsider(t)
  const other = await register(failing.url(), { parallel: 16 })
  failing.told.answer = say(500)
  for (let n = 0; n < 4; n++) await append(`thing-f${n}`, [put('f')])
  await until(async () => (await rowsOf(other.stream)).every(({ attempt }) => attempt === 1) && (await rowsOf(other.stream)).length === 4)
  while (failing.heard.length < 24) {
    const heard = failing.heard.length
    await main.clock.pass(main.clock.next_ms! - main.clock.now())
    await until(async () => failing.heard.length > heard && (await rowsOf(other.stream)).reduce((sum, { attempt }) => sum + attempt, 0) === failing.heard.length)
  }
  t.strictSame(await intents(other.id), [], 'often enough, but not for long enough')
  await main.clock.pass(24 * 3_600_000)
  await until(async () => (await intents(other.id)).length > 0)
  t.match(await intents(other.id), [{ intent: { data: { cause: 'failing' } } }])
  await other.end()
})

t.test('L-102 no connection to a forbidden address, whatever names mean and when', async (t) => {
  const inside = await outsider(t)
  const forbidden = await outsider(t, '127.0.0.2')
  let addresses = [{ address: '127.0.0.1', family: 4 }]
  const asked: string[] = []
  const rebinding = serve({
    store: 'other', poster: poster(async (host) => { asked.push(host); return addresses }, { connect_ms: 400, total_ms: 400 }),
  })
  await main.stop()
  const { stream, end } = await register(`http://hook.test:${inside.port}/hook`)
  inside.told.answer = (_, response) => void response.writeHead(200, { connection: 'close' }).end()
  await append('thing-d', [put('d')])
  await settled(stream, 1)
  t.equal(inside.heard[0]!.headers.host, `hook.test:${inside.port}`)
  for (const [what, changed] of Object.entries({
    'another address': [{ address: '127.0.0.2', family: 4 }], 'one of several': [{ address: '127.0.0.1', family: 4 }, { address: '10.0.0.1', family: 4 }],
    'within IPv6': [{ address: '::ffff:127.0.0.2', family: 6 }], 'link-local': [{ address: '169.254.169.254', family: 4 }], 'none at all': [],
  })) {
    addresses = changed
    const { ids: [id] } = await append('thing-d', [put(what)])
    const row = await until(async () => (await rowsOf(stream)).find(({ event, attempt }) => event === id && attempt === 1))
    t.match(row, { state: 'PENDING', status: null, error: changed.length === 0 ? /no address/ : 'DESTINATION_FORBIDDEN' }, what)
    addresses = [{ address: '127.0.0.1', family: 4 }]
    await rebinding.clock.pass(5_500)
    await until(async () => (await rowsOf(stream)).every(({ state }) => state === 'DELIVERED'))
  }
  t.equal(forbidden.told.connections, 0)
  t.ok(asked.length >= 7, 'it was looked up at every connect')
  const literal = await register(forbidden.url())
  const { ids: [id] } = await append('thing-d', [put('literal')])
  t.match(await until(async () => (await rowsOf(literal.stream)).find(({ event, attempt }) => event === id && attempt === 1)), { error: 'DESTINATION_FORBIDDEN' })
  t.equal(forbidden.told.connections, 0, 'nor to one that is said plainly')
  await Promise.all([end(), literal.end()])
  await rebinding.stop()
})

t.test('L-30 L-32 L-34 it begins at a position, keeps its place, sends again and tests, and leaves out what is not wanted', async (t) => {
  const { heard, url } = await outsider(t)
  const at = serve({ store: 'third' })
  const { position, ids: before } = await append('thing-p', [put('1'), put('2')])
  const first = await append('thing-p', [put('3')])
  const hook = await register(url(), { from: String(position) })
  const names = () => heard.map(({ event }) => event.data.name ?? event.type)
  await until(async () => heard.length === 1)
  t.strictSame(names(), ['3'], 'behind the position alone')
  await append('thing-p', [Thing.ThingRenamed({ name: 'x' }), put('4')])
  await append('thing-p', [put('of another')], 'umbrella')
  await until(async () => heard.length === 2)
  await hook.say(Webhook.WebhookPaused({ reason: null }))
  await append('thing-p', [put('5')])
  await hook.say(Webhook.WebhookResumed({ from: 'kept' }))
  await append('thing-p', [put('6')])
  await until(async () => heard.length === 4)
  await hook.say(Webhook.WebhookPaused({ reason: null }))
  await append('thing-p', [put('7')])
  await hook.say(Webhook.WebhookResumed({ from: 'now' }))
  await append('thing-p', [put('8')])
  await until(async () => heard.length === 5)
  t.strictSame(names(), ['3', '4', '5', '6', '8'])
  await hook.say(Webhook.WebhookTested({}))
  await until(async () => heard.length === 6)
  t.match(names().at(-1), 'baton.WebhookTested')
  const again = { deliveries: [], from: null, to: null, types: null }
  await hook.say(Webhook.WebhookRedeliveryRequested({ ...again, deliveries: [first.ids[0]!, randomUUID()] }))
  await until(async () => heard.length === 7)
  t.equal(heard[6]!.headers['webhook-id'], first.ids[0], 'under the same id')
  await hook.say(Webhook.WebhookRedeliveryRequested({ ...again, from: '0', to: String(first.position), types: ['ThingPut'] }))
  await until(async () => names().filter((name) => name === '3').length === 3)
  t.ok(before.every((id) => heard.some(({ headers }) => headers['webhook-id'] === id)), 'also what was never sent, being wanted')
  t.notOk(heard.some(({ event }) => event.organization !== 'acme'))
  await hook.end()
  await until(async () => (await pool.query('select 1 from delivery_target where target = $1', [hook.stream])).rowCount === 0)
  await at.stop()
})

t.test('L-39 one with too much on its way is left where it stands and read on later: nothing is dropped', async (t) => {
  const { heard, told, url } = await outsider(t)
  const at = serve({ store: 'fourth', bounds: { pending_max: 12, pending_low: 4 } })
  const hook = await register(url(), { parallel: 1 })
  told.answer = say(500)
  const ids: string[] = []
  for (let n = 0; n < 60; n += 6) ids.push(...(await append(`thing-q${n % 3}`, Array.from({ length: 6 }, (_, k) => put(String(n + k))))).ids)
  await until(async () => (await rowsOf(hook.stream)).length >= 12)
  const written = (await rowsOf(hook.stream)).length
  t.ok(written <= 13, `${written} are written down`)
  told.answer = say(200)
  await until(async () => {
    await at.clock.pass(6_000)
    return (await rowsOf(hook.stream)).filter(({ state }) => state === 'DELIVERED').length === 60
  })
  t.strictSame([...new Set(heard.map(({ headers }) => headers['webhook-id']))].sort(), [...ids].sort())
  await hook.end()
  await at.stop()
})

t.test('L-101 L-39 killed again and again, it delivers everything under one id each, in the order of each stream', async (t) => {
  const seed = Number(process.env.SEED ?? 39)
  let state = seed
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return Math.floor(state / 2_147_483_647 * below)
  }
  const { heard, told, url } = await outsider(t)
  let at = serve({ store: 'fifth' })
  const hook = await register(url(), { parallel: 8 })
  told.answer = (one, response) => { if (random(5) === 0) say(503)(one, response, undefined as never); else setImmediate(() => say(200)(one, response, undefined as never)) }
  const sent = new Map<string, string[]>()
  for (let n = 0; n < 120; n++) {
    const stream = `thing-k${random(6)}`
    const { ids } = await append(stream, [put(String(n))])
    sent.set(stream, [...sent.get(stream) ?? [], ...ids])
    if (n % 30 === 20) {
      await at.stop()
      at = serve({ store: 'fifth' })
    }
    if (n % 7 === 0) await at.clock.pass(20_000)
  }
  await until(async () => {
    await at.clock.pass(30_000)
    const rows = await rowsOf(hook.stream)
    return rows.length === 120 && rows.every(({ state }) => state === 'DELIVERED')
  })
  for (const [stream, ids] of sent) {
    const order = heard.filter(({ event }) => event.subject === stream).map(({ event }) => event.id)
    t.strictSame([...new Set(order)], ids, `seed ${seed}: ${stream}`)
    const last = new Map(order.map((id, index) => [id, index]))
    t.ok(ids.every((id, n) => n === 0 || order.indexOf(id) > last.get(ids[n - 1]!)!), 'each after the one before had arrived for good')
  }
  t.ok(heard.length < 120 * 2, `${heard.length} requests`)
  await hook.end()
  await at.stop()
})
