import t from 'tap'
import { Lateness, relieved } from './pressure.ts'
import { server } from './server.ts'

t.test('one long pause is no pressure, being late each time is, and it ends with the first look in time', async (t) => {
  const lateness = new Lateness(1_000, 0)
  let now_ms = 0
  const afterLooks = (...waits_ms: readonly number[]) => {
    for (const wait_ms of waits_ms) lateness.look(now_ms += wait_ms)
    return lateness.isTooMuch
  }
  t.notOk(afterLooks(100, 100, 60_000, 100))
  t.notOk(afterLooks(1_101, 1_101, 100))
  t.notOk(afterLooks(1_100, 1_100, 1_100, 1_100), 'as late as it may be')
  t.ok(afterLooks(1_101, 1_101, 1_101))
  t.ok(afterLooks(5_000))
  t.notOk(afterLooks(100))
})

t.test('a service that has too much to do says so, and when to come again', async (t) => {
  const app = server({ service: 'test', logLevel: 'silent' })
  const lateness = relieved(app, 1_000)
  app.get('/', async () => ({}))
  t.teardown(() => app.close())
  const ask = () => app.inject('/')
  t.equal((await ask()).statusCode, 200)
  const now_ms = performance.now()
  for (const turn of [1, 2, 3]) lateness.look(now_ms + turn * 10_000)
  const refused = await ask()
  t.match(refused, { statusCode: 503, headers: { 'retry-after': '5' } })
  t.match(refused.json(), { code: 'SERVICE_UNAVAILABLE', retryable: true, detail: 'There is too much to do.' })
})
