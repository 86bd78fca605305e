import t from 'tap'
import { Problem, headersOf } from './problems.ts'
import { countAll, RateLimit, type Limit } from './rate-limit.ts'

t.test('a caller comes so often in a minute and then again in the next, whatever others do', async (t) => {
  const limit = new RateLimit()
  const [a, b] = ['a', 'b'].map((counted) => ({ name: 'key', counted, who: 'This key', perMinute_max: 2 })) as [Limit, Limit]
  limit.count(a, 1_000)
  limit.count(a, 30_000)
  t.throws(() => limit.count(a, 30_500), { code: 'RATE_LIMITED', retryAfter_s: 31, message: /^This key may ask 2 times a minute/ })
  t.doesNotThrow(() => limit.count(b, 30_500))
  t.throws(() => limit.count(a, 60_999), { code: 'RATE_LIMITED', retryAfter_s: 1 })
  t.doesNotThrow(() => limit.count(a, 61_000))
})

t.test('O-81 F-65 of a burst so many may come at once, and then one by one at the rate of the minute', async (t) => {
  const limit = new RateLimit()
  const burst = { name: 'key', counted: 'a', who: 'This key', perMinute_max: 60, burst_max: 3 }
  for (let n = 0; n < 3; n++) limit.count(burst, 1_000)
  t.throws(() => limit.count(burst, 1_000), { code: 'RATE_LIMITED', retryAfter_s: 1, message: /^This key may ask 3 times at once/ })
  t.throws(() => limit.count(burst, 1_900), { code: 'RATE_LIMITED' })
  t.match(limit.count(burst, 2_000), { left: 56 }, 'what was refused is not counted')
  t.throws(() => limit.count(burst, 2_000), { code: 'RATE_LIMITED' })
  for (let n = 0; n < 3; n++) limit.count(burst, 9_000)
  t.throws(() => limit.count(burst, 9_000), { code: 'RATE_LIMITED' }, 'no more than a burst is saved up')
  const slow = { ...burst, counted: 'b', perMinute_max: 6, burst_max: 1 }
  limit.count(slow, 10_000)
  t.throws(() => limit.count(slow, 12_000), { code: 'RATE_LIMITED', retryAfter_s: 8 })
})

t.test('so many callers are remembered and no more', async (t) => {
  const limit = new RateLimit()
  const once = (counted: string) => ({ name: 'key', counted, who: 'This key', perMinute_max: 1 })
  for (let n = 0; n < 10_000; n++) limit.count(once(`caller ${n}`), 1)
  t.throws(() => limit.count(once('caller 0'), 1), { code: 'RATE_LIMITED' })
  limit.count(once('one more'), 1)
  t.doesNotThrow(() => limit.count(once('caller 0'), 1), 'the first is forgotten')
  t.throws(() => limit.count(once('one more'), 1), { code: 'RATE_LIMITED' })
})

t.test('F-65 who has a limit for its key is told how far it is from all that is counted, and whoever came too often by which limit', async (t) => {
  const rates = new RateLimit()
  const ofAll = { name: 'organization', counted: 'all', who: 'All keys', perMinute_max: 3 }
  const own = { name: 'key', counted: 'a', who: 'This key', perMinute_max: 2 }
  const said: Readonly<Record<string, string>>[] = []
  const ask = (...limits: readonly Limit[]) => countAll(rates, limits, (headers) => said.push(headers))
  ask(ofAll)
  t.strictSame(said, [], 'others pay nothing for it')
  ask(own, ofAll)
  t.match(said, [{ 'ratelimit-policy': '"key";q=2;w=60, "organization";q=3;w=60', ratelimit: /^"key";r=1;t=\d+, "organization";r=1;t=\d+$/ }])
  ask(own, ofAll)
  const refused = (...limits: readonly Limit[]) => {
    try {
      ask(...limits)
    } catch (error) {
      return headersOf(error as Problem)
    }
    return undefined
  }
  t.match(refused(own, ofAll), { 'ratelimit-policy': '"key";q=2;w=60', ratelimit: /^"key";r=0;t=\d+$/, 'retry-after': /^\d+$/ })
  t.match(refused(ofAll), { 'ratelimit-policy': '"organization";q=3;w=60' })
})
