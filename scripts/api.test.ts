import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Api, Refused } from './api.ts'

type Reply = number | 'cut' | 'scribble'

/** Replies one after the other, the last one from then on; what it was asked. */
async function service(t: Test, ...replies: Reply[]) {
  const asked: { key: unknown; body: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const reply = replies[Math.min(asked.length, replies.length - 1)]!
    asked.push({ key: request.headers['idempotency-key'], body })
    if (reply === 'cut') request.socket.destroy()
    else if (reply === 'scribble') response.writeHead(502).end('<html>')
    else response.writeHead(reply).end(JSON.stringify(reply === 200 ? { id: 'a' } : { code: `CODE_${reply}`, title: 'No.' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, url, api: new Api(url, 'bk_1', { tries_max: 4, pause_max_ms: 1 }) }
}

t.test('a command with an idempotency key is sent again, unchanged, while nobody answers or the answer is to wait', async (t) => {
  const { api, asked } = await service(t, 503, 'cut', 429, 200)
  t.strictSame(await api.post('/tasks', { title: 'ä' }, { key: 'k' }), { id: 'a' })
  t.strictSame(asked, Array.from({ length: 4 }, () => ({ key: 'k', body: '{"title":"ä"}' })))
})

t.test('patience ends, in one sentence', async (t) => {
  const busy = await service(t, 503)
  await t.rejects(busy.api.post('/tasks', {}, { key: 'k' }), { status: 503, message: 'CODE_503: No.' })
  t.equal(busy.asked.length, 4)
  const silent = await service(t, 'cut')
  await t.rejects(silent.api.get('/tasks'), new Error(`Baton does not answer at ${silent.url}: socket hang up`))
  t.equal(silent.asked.length, 4)
})

t.test('a command without a key is not sent again when it may have arrived', async (t) => {
  const { api, asked } = await service(t, 'cut', 200)
  await t.rejects(api.post('/tasks'), /does not answer/)
  t.equal(asked.length, 1)
})

t.test('verdicts of the domain are told from faults, and neither is asked for twice', async (t) => {
  for (const [reply, isVerdict] of [[403, true], [404, true], [409, true], [410, true], [412, true], [422, true], [400, false], [401, false], [413, false], [500, false], ['scribble', false]] as const) {
    const { api, asked } = await service(t, reply)
    const error = await api.post('/tasks', {}, { key: 'k' }).catch((error: unknown) => error)
    t.ok(error instanceof Refused && error.isVerdict === isVerdict, String(reply))
    t.equal(asked.length, 1)
  }
})
