import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import { server } from './server.ts'
import { Problem } from './problems.ts'
import { dataShields } from './shields.ts'

const edge = { service: 'test', logLevel: 'silent' }

t.test('what a service knows of its own errors comes before what every service knows, and nothing is told of the rest', async (t) => {
  const app = server({ ...edge, meaningOf: (error) => (error instanceof RangeError ? new Problem('READ_MODEL_BEHIND', 'Soon.', { retryAfter_s: 7 }) : undefined) })
  t.teardown(() => app.close())
  app.get('/range', async () => { throw new RangeError('secret') })
  app.get('/other', async () => { throw new TypeError('secret') })
  const range = await app.inject('/range')
  t.match([range.statusCode, range.headers['retry-after'], range.json()], [503, '7', { code: 'READ_MODEL_BEHIND', detail: 'Soon.', retryable: true }])
  const other = await app.inject('/other?key=secret')
  t.match([other.statusCode, other.json()], [500, { code: 'INTERNAL_ERROR', instance: '/other' }])
  t.notMatch(other.body, 'secret')
})

t.test('a correlation id is taken over or made, also where there is no route (S-65)', async (t) => {
  const app = server(edge)
  t.teardown(() => app.close())
  app.get('/', async () => ({}))
  for (const url of ['/', '/nowhere', '/%zz']) {
    t.equal((await app.inject({ url, headers: { 'x-correlation-id': 'mine' } })).headers['x-correlation-id'], 'mine', url)
    t.match((await app.inject({ url, headers: { 'x-correlation-id': 'two words' } })).headers['x-correlation-id'], /^[0-9a-f-]{36}$/, url)
  }
})

t.test('every answer is shielded, also where there is no route', async (t) => {
  const app = server(edge)
  t.teardown(() => app.close())
  app.get('/', async () => ({}))
  for (const url of ['/', '/nowhere']) t.match((await app.inject(url)).headers, dataShields, url)
  t.match(dataShields, { 'content-security-policy': /default-src 'none'/, 'strict-transport-security': /max-age=\d{8}/, 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' })
})

t.test('a part of a path has at most 500 characters', async (t) => {
  const app = server(edge)
  t.teardown(() => app.close())
  app.get('/things/:id', async () => ({}))
  t.equal((await app.inject(`/things/${'x'.repeat(500)}`)).statusCode, 200)
  t.match((await app.inject(`/things/${'x'.repeat(501)}`)).json(), { status: 400, code: 'VALIDATION_ERROR', detail: /500 characters/ })
})

t.test('a request that comes while the service ends is told so', async (t) => {
  const app = server(edge)
  app.get('/', async () => ({}))
  let url = ''
  let said: unknown
  app.addHook('preClose', async () => { said = await (await fetch(url)).json() })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  await app.close()
  t.match(said, { status: 503, code: 'SERVICE_UNAVAILABLE', retryable: true, detail: 'The service is about to end.' })
})

t.test('what is no HTTP is answered at every address that is listened on, and whoever does not take their leave is left', async (t) => {
  const app = server(edge)
  t.teardown(() => app.close())
  await app.listen({ host: 'localhost', port: 0 })
  for (const { address, port } of app.addresses() as AddressInfo[]) {
    const socket = connect({ host: address, port, allowHalfOpen: true }).setEncoding('utf8')
    t.teardown(() => socket.destroy())
    socket.write('hello\r\n\r\n')
    let heard = ''
    for await (const text of socket.iterator({ destroyOnReturn: false })) if ((heard += text).endsWith('}')) break
    t.match(heard, /^HTTP\/1\.1 400 Bad Request\r\n[^]*VALIDATION_ERROR/, address)
  }
  const open = () => new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)))
  while (await open() !== 0) await new Promise((resolve) => setTimeout(resolve, 20))
})

t.test('a request that does not arrive in time is told so', async (t) => {
  const app = server(edge)
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  // Node looks for such connections every half minute, and says of one what is said here.
  app.server.once('connection', (socket) => app.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket))
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  let heard = ''
  for await (const text of socket) heard += text
  t.match(heard, /^HTTP\/1\.1 408 Request Timeout\r\n[^]*"code":"REQUEST_TIMEOUT"[^]*"retryable":true/)
})
