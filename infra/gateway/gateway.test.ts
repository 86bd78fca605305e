import Fastify, { type FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { listener } from 'shared-service/listener.ts'
import { shields } from 'shared-service/shields.ts'
import t, { type Test } from 'tap'
import { configFrom } from './config.ts'
import { upstream } from './forward.ts'
import { gateway, type Gateway } from './gateway.ts'
import { merged, OpenApi } from './openapi.ts'

const document = (paths: object, components: object, more: object = {}) =>
  ({ openapi: '3.1.0', info: { title: 'A service', version: '1' }, paths, components, ...more })

async function listening(app: FastifyInstance | Gateway) {
  t.teardown(() => app.close())
  return await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: () => '' })
}

/** Says what it was asked, so that the test sees what arrived. */
function serviceOf(name: string, description: object) {
  const app = Fastify({ bodyLimit: 8 * 1024 * 1024, forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.all('/api/*', async ({ method, url, headers, body }, reply) => {
    if (url.includes('refused')) return reply.code(409).header('etag', '"7"').type('application/problem+json').send({ code: 'REFUSED' })
    if (url.includes('later')) return reply.code(503).header('retry-after', '1').send({ asked: asked += 1 })
    return { name, method, url, headers, body: body ?? null }
  })
  let asked = 0
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/openapi.json', async () => description)
  return app
}

const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
const commands = serviceOf('commands', document({ '/api/v1/tasks': { post: { operationId: 'create', responses: { 409: problem } } } },
  { schemas: { Problem: { type: 'object', title: 'of a command' } } }, { tags: [{ name: 'tasks' }], security: [{ key: [] }] }))
const questions = serviceOf('questions', document({ '/api/v1/tasks': { get: { operationId: 'list', responses: { 404: problem } } } },
  { schemas: { Problem: { type: 'object', title: 'of a question' } } }, { tags: [{ name: 'tasks' }] }))

let live = 0
questions.get('/api/v1/live', (request, reply) => {
  live += 1
  request.raw.socket.once('close', () => { live -= 1 })
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.flushHeaders()
  const [, wanted] = /first=(\w+)/.exec(request.url) ?? []
  if (wanted) reply.raw.write(`data: ${wanted}\n\n`)
})

/** Ends before it has said what it promised. */
questions.get('/api/v1/broken', (_, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-length': 100 }).write('half of', () => reply.raw.destroy())
})
questions.get('/api/v1/silent', (_, reply) => void reply.hijack())

const COMMAND_URL = await listening(commands)
const QUERY_URL = await listening(questions)
const config = (more: object = {}) => configFrom({ COMMAND_URL, QUERY_URL, GATEWAY_PORT: '0', LOG_LEVEL: 'silent', ...more })
const base = await listening(await gateway(config()))

interface Echo {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

const isProblem = async (t: Test, response: Response, status: number, code: string) => {
  t.equal(response.status, status)
  t.match(response.headers.get('content-type'), 'application/problem+json')
  const body = await response.json() as Record<string, unknown>
  t.match(body, {
    type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`, title: String, status, code, retryable: status === 503,
    errors: [], instance: /^\/[^?]*$/,
  })
  t.equal(body.correlationId, response.headers.get('x-correlation-id'))
}

t.test('what changes something goes to the command service, what asks to the query service (S-60)', async (t) => {
  const services = { POST: 'commands', PUT: 'commands', PATCH: 'commands', DELETE: 'commands', GET: 'questions' }
  for (const [method, name] of Object.entries(services)) {
    const body = method === 'GET' ? null : '{"a": "ü"}'
    const headers = { 'content-type': 'application/json', authorization: 'Bearer bk_1', 'idempotency-key': 'k' }
    const response = await fetch(`${base}/api/v1/tasks/a%2Fb?x=1&x=%20`, { method, body, headers })
    t.equal(response.status, 200)
    t.match(await response.json() as Echo, {
      name, method, url: '/api/v1/tasks/a%2Fb?x=1&x=%20', body,
      headers: {
        authorization: 'Bearer bk_1', 'idempotency-key': 'k', 'x-correlation-id': response.headers.get('x-correlation-id')!,
        'x-forwarded-for': '127.0.0.1',
      },
    }, `${method} arrives as it was sent`)
  }
  t.equal((await fetch(`${base}/api/v1/tasks`, { method: 'HEAD' })).status, 200)
  const bare = await fetch(`${base}/api/v1/tasks`, { method: 'POST' })
  t.match(await bare.json(), { name: 'commands', body: null }, 'a command may have no body')
  t.match(await (await fetch(`${base}/api/${'x'.repeat(2_000)}`)).json(), { name: 'questions' }, 'a path may be long')
})

t.test('a question that is not asked by GET goes to the query service, whose documents tell it; also the first one', async (t) => {
  const [ofCommands, ofQueries] = [serviceOf('commands', document({ '/api/v1/tasks/{id}': { post: {} } }, {})), serviceOf('questions', document({ '/api/v1/tasks/poll': { post: {} } }, {}))]
  const came: string[] = []
  ofCommands.addHook('onRequest', async ({ url }, reply) => {
    came.push(url)
    if (url.includes('poll')) return reply.code(404).send({ code: 'ROUTE_UNKNOWN' })
  })
  const urls = { COMMAND_URL: await listening(ofCommands), QUERY_URL: await listening(ofQueries) }
  const base = await listening(await gateway(config(urls)))
  const poll = () => fetch(`${base}/api/tasks/poll?x=1`, { method: 'POST', body: '{"after":"7"}', headers: { 'content-type': 'application/json' } })
  const asked = { name: 'questions', method: 'POST', url: '/api/tasks/poll?x=1', body: '{"after":"7"}' }
  t.match(await (await poll()).json(), asked, 'which the command service did not take')
  t.match(await (await poll()).json(), asked)
  t.match(await (await fetch(`${base}/api/v1/tasks/7`, { method: 'POST' })).json(), { name: 'commands' })
  t.strictSame(came.filter((url) => url.startsWith('/api')), ['/api/tasks/poll?x=1', '/api/v1/tasks/7'], 'from then on nobody is asked in vain')
})

/** Sends bytes as they are, and takes what is answered until the connection ends. */
async function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1').setEncoding('latin1')
  t.teardown(() => socket.destroy())
  let answer = ''
  socket.on('data', (chunk) => { answer += chunk }).on('error', () => {})
  socket.write(request)
  await once(socket, 'close')
  return answer
}

const echoIn = (answer: string) => JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echo

t.test('headers about one connection are not handed on, nor those that it names, nor what a caller says about where they come from', async (t) => {
  const own = 'host: baton\r\nconnection: close, X-Mine\r\n'
  const answer = await raw(`POST /api/v1/tasks HTTP/1.1\r\n${own}x-mine: 1\r\nx-other: 2\r\nkeep-alive: 1\r\nte: trailers\r\nupgrade: h2c\r\nproxy-authorization: a\r\n`
    + 'x-forwarded-for: 9.9.9.9\r\nx-forwarded-host: other\r\nX-Forwarded-Proto: https\r\ncontent-length: 2\r\n\r\n{}')
  const { connection: _connection, host: _host, 'x-correlation-id': id, ...headers } = echoIn(answer).headers
  t.strictSame(headers, { 'x-other': '2', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'baton', 'x-forwarded-proto': 'http', 'content-length': '2' })
  t.match(answer, new RegExp(`^x-correlation-id: ${id}\\r$`, 'mi'))
  t.match(answer, /^connection: close\r$/mi)
  t.notMatch(answer, /^keep-alive:/mi)
  const question = echoIn(await raw('GET http://baton/api/v1/tasks?x=1 HTTP/1.1\r\nhost: baton\r\nconnection: close\r\ncontent-type: a/b\r\ncontent-length: 2\r\n\r\n{}'))
  t.match(question, { url: '/api/v1/tasks?x=1', body: null }, 'the whole address is taken as well')
  t.notOk(question.headers['content-type'] ?? question.headers['content-length'], 'a question has no body')
  t.match(await raw('GET /api/v1/tasks HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 [^]*"name":"questions"/)
})

t.test('what the gateway says itself is as shielded as the page of its documentation', async (t) => {
  for (const path of ['/', '/nowhere', '/healthz', '/openapi.json', '/docs/'])
    t.match(Object.fromEntries((await fetch(base + path)).headers), { ...shields, 'x-correlation-id': /^[0-9a-f-]{36}$/ }, path)
})

t.test('an answer that breaks off breaks off here, and a service that says nothing is not waited for without end', async (t) => {
  const broken = await fetch(`${base}/api/v1/broken`)
  t.equal(broken.status, 200)
  await t.rejects(broken.text())
  const { forward, close } = await upstream({ url: QUERY_URL, name: 'The query service', methodsAt: async () => undefined, warn: () => undefined, answer_max_ms: 1 })
  t.teardown(close)
  const front = listener((request, response) =>
    void forward({ request, response, correlationId: 'id', method: 'GET', url: '/api/v1/silent', path: '/api/v1/silent' }))
  t.teardown(() => front.close())
  await once(front.listen(0, '127.0.0.1'), 'listening')
  t.equal((await fetch(`http://127.0.0.1:${(front.address() as AddressInfo).port}/`)).status, 503)
})

t.test('a connection that the service closed as it was taken again is replaced for a question, and never for a command', async (t) => {
  const asked: string[] = []
  const answered = new WeakSet<Socket>()
  const forgetful = createServer((request, response) => {
    asked.push(request.method!)
    if (answered.has(request.socket)) return request.socket.resetAndDestroy()
    answered.add(request.socket)
    response.end('{}')
  })
  t.teardown(() => forgetful.close())
  await once(forgetful.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(forgetful.address() as AddressInfo).port}`
  const front = await listening(await gateway(config({ COMMAND_URL: url, QUERY_URL: url })))
  const statuses = []
  for (const method of ['GET', 'GET', 'POST', 'POST']) statuses.push((await fetch(`${front}/api/v1/tasks`, { method })).status)
  t.strictSame(statuses, [200, 200, 200, 503])
  t.strictSame(asked, ['GET', 'GET', 'GET', 'POST', 'POST'])
})

t.test('a correlation id that came along is kept; one that cannot be a header value is replaced', async (t) => {
  const header = 'x-correlation-id'
  const idOf = async (given: string) => (await fetch(`${base}/api/v1/tasks`, { headers: { [header]: given } })).headers.get(header)
  t.equal(await idOf('from-outside'), 'from-outside')
  t.match(await idOf('x'.repeat(200)), /^[0-9a-f-]{36}$/)
})

t.test('an answer of a service comes through as it is, and is asked for once', async (t) => {
  const refused = await fetch(`${base}/api/v1/refused`, { method: 'POST' })
  t.same([refused.status, refused.headers.get('etag'), refused.headers.get('content-type'), await refused.json()],
    [409, '"7"', 'application/problem+json; charset=utf-8', { code: 'REFUSED' }])
  const later = await fetch(`${base}/api/v1/later`)
  t.same([later.status, later.headers.get('retry-after'), await later.json()], [503, '1', { asked: 1 }])
})

t.test('a body of more than 1 MiB is refused, with or without a declared length (S-62)', async (t) => {
  const largest = await fetch(`${base}/api/v1/tasks`, { method: 'POST', body: 'x'.repeat(1024 * 1024) })
  t.equal((await largest.json() as Echo).body?.length, 1024 * 1024)
  const larger = await fetch(`${base}/api/v1/tasks?key=secret`, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })
  await isProblem(t, larger, 413, 'PAYLOAD_TOO_LARGE')

  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const answer = await raw(`POST /api/v1/tasks HTTP/1.1\r\nhost: baton\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(17)}`)
  t.match(answer, /^HTTP\/1\.1 413 [^]*"code":"PAYLOAD_TOO_LARGE"/)
})

t.test('a path that nobody serves is a problem', async (t) => {
  await isProblem(t, await fetch(`${base}/nowhere?key=secret`), 404, 'NOT_FOUND')
  await isProblem(t, await fetch(`${base}/apix`, { method: 'POST', body: '{}' }), 404, 'NOT_FOUND')
  await isProblem(t, await fetch(`${base}/api/v1/nowhere`, { method: 'OPTIONS' }), 404, 'NOT_FOUND')
  for (const climbing of ['/api/%2e%2e%2fhealthz', '/api/v1/..%5chealthz', '/api/..%2f']) await isProblem(t, await fetch(base + climbing), 400, 'VALIDATION_ERROR')
  t.equal((await fetch(`${base}/api/v1/a..b`)).status, 200, 'dots alone lead nowhere')
})

t.test('a method that neither service takes is told those of both, and of one that is down as many as there can be', async (t) => {
  const asked = await fetch(`${base}/api/v1/tasks`, { method: 'OPTIONS' })
  t.equal(asked.headers.get('allow'), 'GET, HEAD, POST')
  await isProblem(t, asked, 405, 'METHOD_NOT_ALLOWED')
  const half = await listening(await gateway(config({ COMMAND_URL: 'http://127.0.0.1:1' })))
  for (let n = 0; n < 2; n += 1) {
    const { status, headers } = await fetch(`${half}/api/v1/tasks`, { method: 'OPTIONS' })
    t.strictSame([status, headers.get('allow')], [405, 'DELETE, GET, HEAD, PATCH, POST, PUT'])
  }
})

t.test('events come through at once, and a reader that leaves is gone upstream as well', async (t) => {
  const leaving = new AbortController()
  const silent = await fetch(`${base}/api/v1/live`, { signal: leaving.signal })
  t.equal(silent.headers.get('content-type'), 'text/event-stream', 'the headers do not wait for the first event')
  const response = await fetch(`${base}/api/v1/live?first=one`, { signal: leaving.signal })
  const { value } = await response.body!.getReader().read()
  t.equal(Buffer.from(value!).toString(), 'data: one\n\n')
  t.equal(live, 2)
  leaving.abort()
  for (const end = Date.now() + 5_000; live > 0 && Date.now() < end;) await new Promise(setImmediate)
  t.equal(live, 0)
})

t.test('a service that is down is said to be unavailable, and the other one answers', async (t) => {
  const half = await listening(await gateway(config({ COMMAND_URL: 'http://127.0.0.1:1' })))
  const response = await fetch(`${half}/api/v1/tasks?key=secret`, { method: 'POST', body: '{}' })
  t.equal(response.headers.get('retry-after'), '1')
  await isProblem(t, response, 503, 'SERVICE_UNAVAILABLE')
  t.equal((await fetch(`${half}/api/v1/tasks`)).status, 200)
  const health = await fetch(`${half}/healthz`)
  t.same([health.status, await health.json()], [503, { status: 'unavailable', services: { command: 'unavailable', query: 'ok' } }])
  await isProblem(t, await fetch(`${half}/openapi.json`), 503, 'SERVICE_UNAVAILABLE')
})

t.test('L-60 L-61 pages for people: one shell for every address, modules under names that change with them, compressed, and nothing from elsewhere', async (t) => {
  const shell = await fetch(`${base}/app/tasks/1`, { headers: { 'accept-encoding': 'identity' } })
  const html = await shell.text()
  const policy = shell.headers.get('content-security-policy')!
  const [, map] = /<script type="importmap">(.*)<\/script>/.exec(html)!
  t.match(policy, `default-src 'none'; script-src 'self' 'sha256-${createHash('sha256').update(map!).digest('base64')}'; style-src 'self'`)
  t.notMatch(policy, /unsafe|https?:|\*/)
  t.notMatch(html, /\son\w+=|<style|https?:\/\//)
  const { imports } = JSON.parse(map!) as { imports: Record<string, string> }
  t.ok(Object.keys(imports).every((name) => !name.endsWith('.test.ts')))
  for (const [accepted, said] of [['br, gzip', 'br'], ['gzip', 'gzip'], ['br;q=0', null]] as const) {
    const module = await fetch(base + imports['/app/assets/main.ts'], { headers: { 'accept-encoding': accepted } })
    t.strictSame([module.status, module.headers.get('content-encoding'), module.headers.get('content-type')], [200, said, 'text/javascript; charset=utf-8'])
    t.match(module.headers.get('cache-control'), 'immutable')
    t.match(await module.text(), `from 'preact'`)
  }
  const again = await fetch(`${base}/app`, { headers: { 'if-none-match': shell.headers.get('etag')! } })
  t.strictSame([again.status, await again.text()], [304, ''])
  const head = await fetch(`${base}/app`, { method: 'HEAD' })
  t.strictSame([head.status, await head.text()], [200, ''])
  await isProblem(t, await fetch(`${base}/app/assets/main.ts`), 404, 'NOT_FOUND')
  await isProblem(t, await fetch(`${base}/app`, { method: 'POST' }), 405, 'METHOD_NOT_ALLOWED')
})

t.test('it is well when both services are', async (t) => {
  const response = await fetch(`${base}/healthz`)
  t.same([response.status, await response.json()], [200, { status: 'ok', services: { command: 'ok', query: 'ok' } }])
})

t.test('both descriptions are one document, which the page at /docs shows', async (t) => {
  const whole = await (await fetch(`${base}/openapi.json`)).json() as OpenApi
  t.same(Object.keys(whole.paths['/api/v1/tasks']!).sort(), ['get', 'post'])
  t.same(whole.components.schemas, {
    Problem: { type: 'object', title: 'of a command' },
    QueryProblem: { type: 'object', title: 'of a question' },
  })
  t.match(whole.paths['/api/v1/tasks'], {
    get: { responses: { 404: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/QueryProblem' } } } } } },
    post: { security: [{ key: [] }], responses: { 409: problem } },
  })
  t.same(whole.tags, [{ name: 'tasks' }])
  t.match(await (await fetch(`${base}/docs/`)).text(), /<div id="swagger-ui">/)
  t.same(await (await fetch(`${base}/docs/json`)).json(), whole)
})

t.test('merging a description with itself adds nothing', async (t) => {
  const one = OpenApi.parse(document({ '/a': { get: { summary: 'a' } } }, { schemas: { A: { type: 'string' } } }))
  t.match(merged(one, one, 'Other'), { paths: one.paths, components: { schemas: { A: { type: 'string' } } } })
  t.same(Object.keys(merged(one, one, 'Other').components.schemas!), ['A'])
})

t.test('a wrong setting is named', async (t) => {
  t.throws(() => configFrom({ COMMAND_URL: 'ftp://x', GATEWAY_PORT: '99999' }), /GATEWAY_PORT: .*COMMAND_URL: is an http URL; QUERY_URL: /)
})
