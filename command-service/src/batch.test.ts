import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import t from 'tap'
import { batchRoute } from './batch.ts'
import { serve, type Answer, type Asked, type CommandRoute } from './command-route.ts'
import { asking, house, until, type Reply } from './fixture.ts'

const { client, key, service, replica } = await house(t)
const admin = asking(service.url, key)
const { body: { id: ada } } = await admin('POST /orchestrators', { name: 'Ada', maxConcurrentTasks: 50 })
await admin(`POST /orchestrators/${ada}/activate`)

interface Item { readonly method?: string; readonly path: string; readonly body?: object; readonly idempotencyKey?: string; readonly ifMatch?: string; readonly importedAt?: string }
const item = (path: string, body: object = {}, more: object = {}): Item => ({ method: 'POST', path: `/api/v1${path}`, body, ...more })
const created = (id: string, more: object = {}) => item('/tasks', { id, owner: ada, title: 'Write' }, more)
const all = (commands: readonly Item[], ask = admin) => ask('POST /commands', { commands })

async function typesOf(id: string): Promise<string[]> {
  const found: string[] = []
  for await (const { event } of client.readStream(`task-${id}`)) found.push(event!.type)
  return found
}

/** By itself, with what the item says beside in headers. */
const alone = ({ method = 'POST', path, body, idempotencyKey, ifMatch, importedAt }: Item, ask: typeof admin): Promise<Reply> => ask(`${method} ${path}`, body, {
  ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }), ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  ...(importedAt === undefined ? {} : { 'baton-imported-at': importedAt }),
})

/** What may differ between an answer among others and one by itself. */
const same = ({ instance: _instance, correlationId: _correlationId, ...rest }: Record<string, unknown>) => rest

t.test('commands for one stream are carried out in their order, whatever comes between them', async (t) => {
  const ids = Array.from({ length: 12 }, () => randomUUID())
  const steps = [(id: string) => created(id), ...['start', 'block', 'unblock', 'cancel', 'reopen'].map((verb) => (id: string) => item(`/tasks/${id}/${verb}`, verb === 'block' ? { reason: 'wait' } : {}))]
  const { status, body } = await all(steps.flatMap((step) => ids.map(step)))
  t.equal(status, 200)
  t.strictSame(body.summary, { total: 72, success: 72, failed: 0, skipped: 0 })
  t.match(body.results[0], { status: 201, headers: { etag: '"0"', location: `/api/v1/tasks/${ids[0]}` }, body: { id: ids[0], revision: '0', changed: true } })
  for (const id of ids) {
    t.strictSame(await typesOf(id), ['TaskCreated', 'TaskStarted', 'TaskBlocked', 'TaskUnblocked', 'TaskCancelled', 'TaskReopened'])
  }
})

t.test('the same keys again answer as the first time, also by themselves, and one key with another body is refused', async (t) => {
  const id = randomUUID()
  const commands = [created(id, { idempotencyKey: 'one' }), item(`/tasks/${id}/start`, {}, { idempotencyKey: 'two' }), item('/tasks', { owner: ada, title: 'Unnamed' }, { idempotencyKey: 'three' })]
  const first = await all(commands)
  t.match(first, { status: 200, body: { summary: { success: 3 } } })
  t.strictSame((await all(commands)).body, first.body)
  for (const [index, command] of commands.entries()) t.strictSame((await alone(command, admin)).body, first.body.results[index].body)
  t.strictSame(await typesOf(id), ['TaskCreated', 'TaskStarted'])
  t.match(await all([created(id, { idempotencyKey: 'one', body: { id, owner: ada, title: 'Other' } })]), { status: 207, body: { results: [{ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } }] } })
})

t.test('what was so already is skipped; a refused command keeps none after it from being judged', async (t) => {
  const id = randomUUID()
  const { status, body } = await all([created(id), item(`/tasks/${id}/complete`, { token: '9' }), item(`/tasks/${id}/cancel`), item(`/tasks/${id}/cancel`)])
  t.equal(status, 207)
  t.strictSame(body.summary, { total: 4, success: 2, failed: 1, skipped: 1 })
  t.match(body.results.map(({ status }: { status: number }) => status), [201, 409, 200, 200])
})

t.test('whatever is wrong with a command is said as by its own route, with the item that it is', async (t) => {
  const { body: { secret } } = await admin(`POST /orchestrators/${ada}/keys`, { scopes: ['write'] })
  const writer = asking(service.url, secret)
  const id = randomUUID()
  await alone(created(id), admin)
  const long = 'x'.repeat(600)
  const wrong: readonly (readonly [string, Item, number, (typeof admin)?])[] = [
    ['no such route', item('/nothing'), 404],
    ['outside', { method: 'POST', path: '/nowhere' }, 404],
    ['no such task', item(`/tasks/${randomUUID()}/start`), 404],
    ['an id that is none', item('/tasks/x/start'), 400],
    ['a title that is too long', item('/tasks', { owner: ada, title: long }), 400],
    ['an unknown field', item(`/tasks/${id}/start`, { x: 1 }), 400],
    ['a field that the path says', item(`/tasks/${id}/start`, { id }), 400],
    ['a stale lease', item(`/tasks/${id}/complete`, { token: '9' }), 409],
    ['another revision', item(`/tasks/${id}/cancel`, {}, { ifMatch: '"7"' }), 412],
    ['no revision', item(`/tasks/${id}/cancel`, {}, { ifMatch: '7' }), 400],
    ['a key without end', item(`/tasks/${id}/cancel`, {}, { idempotencyKey: long }), 400],
    ['a time that lies ahead', created(id, { importedAt: '2999-01-01T00:00:00Z' }), 400],
    ['a time of one who is no admin', item('/tasks', { title: 'x' }, { importedAt: '2020-01-01T00:00:00Z' }), 403, writer],
    ['a scope that the key lacks', item(`/tasks/${id}/start`), 403, writer],
    ['a claim for another', item(`/orchestrators/${randomUUID()}/claim`), 403, writer],
    ['a claim before there are rows', item(`/orchestrators/${ada}/claim`), 503],
  ]
  for (const [what, command, status, ask = admin] of wrong) {
    const { body, status: outer } = await all([item('/tasks', { owner: ada, title: 'Fine' }), command], ask)
    t.equal(outer, 207, what)
    t.equal(body.results[0].status, ask === admin ? 201 : body.results[0].status)
    const itself = await alone(command, ask)
    t.equal(body.results[1].status, status, what)
    t.equal(itself.status, status, what)
    t.strictSame(same(body.results[1].body), same(itself.body), what)
    t.equal(body.results[1].body.instance, '/api/v1/commands#/commands/1', what)
  }
})

t.test('what cannot be among others is refused by name, and no other method finds a route', async (t) => {
  const refused: readonly (readonly [Item, number, RegExp])[] = [
    [item(`/orchestrators/${ada}/keys`), 400, /makes a secret/],
    [item('/orchestrators/bulk', { ids: [ada], action: 'stop' }), 400, /is for many by itself/],
    [item('/commands', { commands: [] }), 400, /holds others/],
    [{ method: 'GET', path: '/api/v1/tasks' }, 405, /Among commands this takes POST/],
  ]
  const { body } = await all(refused.map(([command]) => command))
  for (const [index, [, status, detail]] of refused.entries()) t.match(body.results[index], { status, body: { detail } })
})

t.test('ids in whatever letters, older addresses, imported times, secrets: all as by its own route', async (t) => {
  const id = randomUUID()
  const { body } = await all([
    { method: 'POST', path: '/api/tasks', body: { id: id.toUpperCase(), owner: ada, title: 'token ghp_' + 'a'.repeat(36) }, importedAt: '2020-01-01T00:00:00Z' },
    item(`/tasks/${id.toUpperCase()}/cancel`, {}, { importedAt: '2020-01-02T00:00:00Z', ifMatch: '"0"' }),
  ])
  t.match(body.results, [{ status: 201, body: { id, redacted: ['/title'] } }, { status: 200, body: { id, revision: '1' } }])
  const found: any[] = []
  for await (const { event } of client.readStream(`task-${id}`)) found.push(event)
  t.match(found, [
    { data: { title: 'token [REDACTED]' }, metadata: { at: '2020-01-01T00:00:00.000Z', imported: true, redacted: ['/title'] } },
    { metadata: { at: '2020-01-02T00:00:00.000Z' } },
  ])
})

t.test('what is wrong with the request is said before anything is done', async (t) => {
  const id = randomUUID()
  const cases: readonly (readonly [string, Promise<Reply>, number, object])[] = [
    ['more than a hundred', all(Array.from({ length: 101 }, () => created(id))), 400, { errors: [{ pointer: '/commands' }] }],
    ['none', all([]), 400, { errors: [{ pointer: '/commands' }] }],
    ['no list', admin('POST /commands', {}), 400, { errors: [{ pointer: '/commands' }] }],
    ['no body', admin('POST /commands'), 400, { errors: [{ pointer: '/commands' }] }],
    ['an unknown field', all([created(id), { ...created(id), x: 1 } as Item]), 400, { errors: [{ pointer: '/commands/1/x' }] }],
    ['a body that is none', all([{ ...created(id), body: [] as never }]), 400, { errors: [{ pointer: '/commands/0/body' }] }],
    ['NUL in one', all([created(id), item('/tasks', { owner: ada, title: 'a\u0000b' })]), 400, { errors: [{ pointer: '/commands/1/body/title' }] }],
    ['more than 1 MiB', all(Array.from({ length: 100 }, () => item('/tasks', { owner: ada, title: 'x', description: 'x'.repeat(11_000) }))), 413, { code: 'PAYLOAD_TOO_LARGE' }],
    ['a key for all', admin('POST /commands', { commands: [created(id)] }, { 'idempotency-key': 'all' }), 400, { errors: [{ pointer: '/commands' }] }],
    ['a revision for all', admin('POST /commands', { commands: [created(id)] }, { 'if-match': '"0"' }), 400, {}],
    ['nobody', all([created(id)], asking(service.url, undefined)), 401, { code: 'INVALID_API_KEY' }],
  ]
  for (const [what, reply, status, body] of cases) t.match(await reply, { status, body }, what)
  t.match(await admin(`POST /tasks/${id}/start`), { status: 404 })
})

t.test('a service that is killed in the middle has done a part; the same again does the rest, each once and in order', async (t) => {
  const { url, pid } = await replica()
  const ids = Array.from({ length: 20 }, () => randomUUID())
  const verbs = ['create', 'start', 'block', 'unblock', 'cancel']
  const commands = verbs.flatMap((verb) => ids.map((id) => (verb === 'create' ? created(id, { idempotencyKey: `${id} ${verb}` })
    : item(`/tasks/${id}/${verb}`, verb === 'block' ? { reason: 'wait' } : {}, { idempotencyKey: `${id} ${verb}` }))))
  const cut = all(commands, asking(url, key)).then(() => 'answered', () => 'cut')
  await until(async () => (await typesOf(ids[0]!).catch(() => [])).length > 0)
  process.kill(pid, 'SIGKILL')
  t.comment(await cut)
  const { body } = await all(commands)
  t.strictSame(body.summary, { total: 100, success: 100, failed: 0, skipped: 0 })
  for (const id of ids) t.strictSame(await typesOf(id), ['TaskCreated', 'TaskStarted', 'TaskBlocked', 'TaskUnblocked', 'TaskCancelled'])
})

/** Answers what each item says that it answers. */
const route = (carryOut: (n: number) => Promise<Answer>): CommandRoute => ({
  method: 'POST', path: '/things/:thing', describe: () => ({}), needs: () => ({ scope: undefined, fresh: false }),
  read: ({ parameters, body }) => ({ line: parameters.thing!, carryOut: () => carryOut(body.n as number) }),
})
const fine = { status: 200, headers: {}, body: { changed: true } }
const unavailable = { code: 'SERVICE_UNAVAILABLE', meant: { status: 503, retryable: true, title: 'Not now.' } }
const principal = { actor: { kind: 'admin', id: 'x' }, scopes: ['admin'] }
const asked = (commands: readonly (readonly [string, number])[]) => ({
  request: { originalUrl: '/api/v1/commands', headers: {}, id: 'x', log: { warn: () => undefined } }, principal, known: {},
  body: { commands: commands.map(([thing, n]) => item(`/things/${thing}`, { n })) }, parameters: {},
}) as unknown as Asked

t.test('what comes after an unanswered command of its stream is not begun, so that nothing overtakes', async (t) => {
  const begun: number[] = []
  const { read } = batchRoute([route(async (n) => { begun.push(n); return n === 1 ? unavailable : fine })])
  const answer = await read(asked([['a', 1], ['a', 2], ['b', 3], ['a', 4]])).carryOut()
  t.match(answer, { status: 207, body: { summary: { success: 1, failed: 3 } } })
  t.strictSame(begun, [1, 3])
})

t.test('when the time is up the answer says what is done, and nothing more is begun', async (t) => {
  const gate = Promise.withResolvers<Answer>()
  const begun: number[] = []
  const { read } = batchRoute([route((n) => { begun.push(n); return n === 1 ? Promise.resolve(fine) : gate.promise })], 1)
  t.match(await read(asked([['a', 1], ['b', 2], ['b', 3]])).carryOut(), {
    status: 207, body: { summary: { success: 1, failed: 2 }, results: [{ status: 200 }, { status: 503, body: { retryable: true } }, { status: 503 }] },
  })
  gate.resolve(fine)
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(begun, [1, 2])
})

t.test('a hundred commands are authorised once, on what is known of the key now', async (t) => {
  const asked: boolean[] = []
  const app = Fastify()
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  serve(app, [batchRoute([route(async () => fine)])], async (_request, fresh) => {
    asked.push(fresh)
    return principal as never
  })
  const commands = Array.from({ length: 100 }, (_, n) => item(`/things/${n}`, { n }))
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/api/v1/commands', payload: { commands } })
  t.match({ statusCode, ...JSON.parse(body) }, { statusCode: 200, summary: { success: 100 } })
  t.strictSame(asked, [true])
})
