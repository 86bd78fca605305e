import t from 'tap'
import { RateLimit, type Limit } from './rate-limit.ts'

t.test('a caller comes so often in a minute and then again in the next, whatever others do', async (t) => {
  const limit = new RateLimit()
  const [a, b] = ['a', 'b'].map((counted) => ({ counted, who: 'This key', perMinute_max: 2 })) as [Limit, Limit]
  limit.count(a, 1_000)
  limit.count(a, 30_000)
  t.throws(() => limit.count(a, 30_500), { code: 'RATE_LIMITED', retryAfter_s: 31, message: /^This key may ask 2 times a minute/ })
  t.doesNotThrow(() => limit.count(b, 30_500))
  t.throws(() => limit.count(a, 60_999), { code: 'RATE_LIMITED', retryAfter_s: 1 })
  t.doesNotThrow(() => limit.count(a, 61_000))
})

t.test('so many callers are remembered and no more', async (t) => {
  const limit = new RateLimit()
  const once = (counted: string) => ({ counted, who: 'This key', perMinute_max: 1 })
  for (let n = 0; n < 10_000; n++) limit.count(once(`caller ${n}`), 1)
  t.throws(() => limit.count(once('caller 0'), 1), { code: 'RATE_LIMITED' })
  limit.count(once('one more'), 1)
  t.doesNotThrow(() => limit.count(once('caller 0'), 1), 'the first is forgotten')
  t.throws(() => limit.count(once('one more'), 1), { code: 'RATE_LIMITED' })
})
