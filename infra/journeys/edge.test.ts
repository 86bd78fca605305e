import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { house } from './house.ts'

const { baton } = await house(t)
const { gateway, command, projection, query } = baton.urls
const programs = { gateway, command, projection, query }

interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends bytes as they are and takes the answer until the connection ends, or until it is whole. */
async function raw(url: string, request: string): Promise<Said> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
  let answer = ''
  socket.on('data', (text: string) => {
    answer += text
    const { headers, body } = read(answer)
    if (headers['content-length'] !== undefined && body.length >= Number(headers['content-length'])) socket.end()
  }).on('error', () => undefined)
  socket.write(request, 'latin1')
  await once(socket, 'close')
  return read(answer)
}

function read(answer: string): Said {
  const end = answer.indexOf('\r\n\r\n')
  const [status = '', ...lines] = answer.slice(0, Math.max(0, end)).split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  return { status: Number(status.split(' ')[1]), headers, body: end < 0 ? '' : answer.slice(end + 4) }
}

function isProblem(t: Test, { status, headers, body }: Said, wanted: { status: number; code: string; allow?: RegExp }, what: string) {
  const document = body === '' ? {} : JSON.parse(body)
  t.match({ status, type: headers['content-type'], allow: headers.allow ?? '', document }, {
    status: wanted.status, type: /^application\/problem\+json/, allow: wanted.allow ?? '',
    document: { status: wanted.status, code: wanted.code, type: String, title: String, instance: String, correlationId: /^[0-9a-f-]{36}$/, retryable: Boolean, errors: [] },
  }, what)
  t.equal(headers['x-correlation-id'], document.correlationId, `${what}: the correlation id stands in the header, too`)
}

const host = 'host: baton\r\n'
const all = /^DELETE, GET, HEAD, PATCH, POST, PUT$/

/** What no route ever sees, by what is sent. */
const unrouted: Readonly<Record<string, { readonly sent: string; readonly status: number; readonly code: string; readonly allow?: RegExp }>> = {
  'a path with a lonely %': { sent: `GET /api/v1/tasks/%zz HTTP/1.1\r\n${host}\r\n`, status: 400, code: 'VALIDATION_ERROR' },
  'a path that is no UTF-8': { sent: `GET /api/v1/%E0%A4%A HTTP/1.1\r\n${host}\r\n`, status: 400, code: 'VALIDATION_ERROR' },
  'headers over 16 KiB': { sent: `GET / HTTP/1.1\r\n${host}x: ${'x'.repeat(17_000)}\r\n\r\n`, status: 431, code: 'HEADERS_TOO_LARGE' },
  'an address over 16 KiB': { sent: `GET /${'x'.repeat(17_000)} HTTP/1.1\r\n${host}\r\n`, status: 431, code: 'HEADERS_TOO_LARGE' },
  'no HTTP': { sent: 'hello\r\n\r\n', status: 400, code: 'VALIDATION_ERROR' },
  'the handshake of TLS': { sent: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: 400, code: 'VALIDATION_ERROR' },
  'a header that is none': { sent: `GET / HTTP/1.1\r\n${host}bad header\r\n\r\n`, status: 400, code: 'VALIDATION_ERROR' },
  'two lengths': { sent: `POST /x HTTP/1.1\r\n${host}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, status: 400, code: 'VALIDATION_ERROR' },
  'a length and chunks': { sent: `POST /x HTTP/1.1\r\n${host}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`, status: 400, code: 'VALIDATION_ERROR' },
  'no host': { sent: 'GET /healthz HTTP/1.1\r\n\r\n', status: 400, code: 'VALIDATION_ERROR' },
  'a method that nobody knows': { sent: `BREW / HTTP/1.1\r\n${host}\r\n`, status: 405, code: 'METHOD_NOT_ALLOWED', allow: all },
  'a tunnel': { sent: `CONNECT baton:443 HTTP/1.1\r\n${host}\r\n`, status: 405, code: 'METHOD_NOT_ALLOWED', allow: all },
  'an expectation': { sent: `GET /healthz HTTP/1.1\r\n${host}expect: miracles\r\n\r\n`, status: 417, code: 'EXPECTATION_FAILED' },
  'an upgrade of nothing': { sent: `GET /nowhere HTTP/1.1\r\n${host}connection: upgrade\r\nupgrade: websocket\r\n\r\n`, status: 404, code: 'NOT_FOUND' },
  'a path that nobody serves': { sent: `GET /nowhere HTTP/1.1\r\n${host}\r\n`, status: 404, code: 'NOT_FOUND' },
  'another method than those of a path': { sent: `PUT /healthz HTTP/1.1\r\n${host}\r\n`, status: 405, code: 'METHOD_NOT_ALLOWED', allow: /^GET, HEAD$/ },
  'a question about a path': { sent: `OPTIONS /healthz HTTP/1.1\r\n${host}\r\n`, status: 405, code: 'METHOD_NOT_ALLOWED', allow: /^GET, HEAD$/ },
}

t.test('whatever is wrong before there is a route is a problem document with a correlation id, through the gateway and directly (S-62)', async (t) => {
  for (const [program, url] of Object.entries(programs))
    for (const [what, { sent, ...wanted }] of Object.entries(unrouted)) isProblem(t, await raw(url, sent), wanted, `${program}: ${what}`)
})

t.test('a wrong method is told what the path takes, of both services behind the gateway', async (t) => {
  const id = '00000000-0000-7000-8000-000000000001'
  const { paths } = await (await fetch(`${gateway}/openapi.json`)).json() as { paths: Record<string, object> }
  const taken = (...alike: readonly string[]) => {
    const methods = alike.flatMap((path) => Object.keys(paths[path]!).map((method) => method.toUpperCase()))
    return [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].sort().join(', ')
  }
  const tasks = taken('/api/v1/tasks')
  t.match(tasks, /GET, HEAD.*POST/, 'one service takes one of them, the other the others')
  const cases: Readonly<Record<string, string>> = {
    'PUT /api/v1/tasks': tasks, 'DELETE /api/v1/tasks': tasks, 'OPTIONS /api/v1/tasks': tasks, 'PROPFIND /api/v1/tasks': tasks, 'PUT /api/tasks': tasks,
    [`GET /api/v1/tasks/${id}/start`]: 'POST', [`HEAD /api/v1/tasks/${id}/start`]: 'POST', [`POST /api/v1/tasks/${id}`]: taken('/api/v1/tasks/{id}', '/api/v1/tasks/{task}'),
    'POST /api/v1/position': 'GET, HEAD', 'POST /': 'GET, HEAD',
  }
  for (const [asked, allow] of Object.entries(cases)) {
    const [method, path] = asked.split(' ') as [string, string]
    const response = await fetch(gateway + path, { method, headers: { authorization: `Bearer ${baton.adminKey.key}` } })
    t.strictSame([response.status, response.headers.get('allow')], [405, allow], asked)
    if (method !== 'HEAD') t.match(await response.json(), { code: 'METHOD_NOT_ALLOWED', correlationId: response.headers.get('x-correlation-id')! }, asked)
  }
  for (const path of ['/api/v1/nowhere', '/api', `/api/v1/tasks/${id}/nothing`])
    for (const method of ['GET', 'POST', 'OPTIONS']) t.equal((await fetch(gateway + path, { method })).status, 404, `${method} ${path}`)
  t.strictSame((await fetch(`${command}/api/v1/tasks`)).headers.get('allow'), 'POST', 'a service knows its own')
})

t.test('HEAD answers what GET does, without the body', async (t) => {
  const headers = { authorization: `Bearer ${baton.adminKey.key}` }
  for (const url of [`${gateway}/`, `${gateway}/healthz`, `${gateway}/openapi.json`, `${gateway}/api/v1/tasks`, `${gateway}/api/v1/tasks?limit=0`, `${query}/api/v1/position`, `${command}/metrics`, `${projection}/models`]) {
    const [head, get] = [await fetch(url, { method: 'HEAD', headers }), await fetch(url, { headers })]
    t.strictSame([head.status, head.headers.get('content-type'), await head.text()], [get.status, get.headers.get('content-type'), ''], url)
    await get.body?.cancel()
  }
  const events = await fetch(`${gateway}/api/v1/events`, { method: 'HEAD', headers })
  t.match([events.status, events.headers.get('content-type'), await events.text()], [200, /^text\/event-stream/, ''], 'a stream ends before it begins')
})

t.test('whoever comes to the door is told where to look', async (t) => {
  const browser = await fetch(`${gateway}/`, { headers: { accept: 'text/html,application/xhtml+xml' }, redirect: 'manual' })
  t.strictSame([browser.status, browser.headers.get('location'), browser.headers.get('vary')?.includes('accept')], [302, '/app', true])
  const { dashboard, docs, openapi, health, asyncapi, llms, schemas } = await (await fetch(`${gateway}/`)).json() as Record<string, string>
  for (const path of [dashboard!, docs!, openapi!, health!, asyncapi!, llms!, schemas!]) t.equal((await fetch(gateway + path)).status, 200, path)
})

t.test('L-2 L-3 what facts say and what is pushed is told to everybody, without a key', async (t) => {
  for (const place of ['', '/api/v1']) {
    const { items } = await (await fetch(`${gateway}${place}/schemas`)).json() as any
    const created = items.find(({ type }: { type: string }) => type === 'TaskCreated')
    t.ok(created.versions.includes(created.current))
    const schema = await fetch(`${gateway}${place}/schemas/TaskCreated/${created.current}`)
    t.match([schema.status, schema.headers.get('cache-control'), schema.headers.get('content-type')], [200, /immutable/, /schema\+json/])
    t.match(await schema.json(), { $id: `baton:/schemas/TaskCreated/${created.current}`, properties: { title: { type: 'string' } } })
    for (const nothing of ['TaskCreated/99', 'Nothing/1', 'TaskCreated/x', 'constructor/1']) t.equal((await fetch(`${gateway}${place}/schemas/${nothing}`)).status, 404, nothing)
  }
  t.match(await (await fetch(`${gateway}/asyncapi.json`)).json(), { asyncapi: '3.0.0', channels: { events: { address: '/api/v1/events' } } })
  const text = await fetch(`${gateway}/llms.txt`)
  t.match([text.headers.get('content-type'), await text.text()], [/^text\/plain/, /^# Baton\n/])
  t.equal((await fetch(`${gateway}/llms.txt`, { method: 'POST' })).status, 405)
})

t.test('nothing is said into the middle of an answer', async (t) => {
  const headers = `${host}authorization: Bearer ${baton.adminKey.key}\r\n`
  const socket = connect(Number(new URL(query).port), '127.0.0.1').setEncoding('latin1')
  let heard = ''
  let isSaid = false
  // The end may come as a reset: what was said into the answer is not read.
  socket.on('error', () => undefined).on('data', (text: string) => {
    heard += text
    if (isSaid || !heard.includes(': open')) return
    isSaid = true
    socket.write('hello\r\n\r\n')
  })
  socket.write(`GET /api/v1/events HTTP/1.1\r\n${headers}\r\n`)
  await once(socket, 'close')
  t.match(heard, /^HTTP\/1\.1 200 [^]*: open/)
  t.notMatch(heard, 'problem+json')
})
