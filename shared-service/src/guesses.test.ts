import t from 'tap'
import { Guesses } from './guesses.ts'
import { Problem } from './problems.ts'

const bad = () => Promise.reject(new Problem('INVALID_API_KEY'))

t.test('an address that came with too many keys which were good for nothing is refused before the next is looked up', async (t) => {
  const guesses = new Guesses(2)
  for (let n = 0; n < 2; n++) await t.rejects(guesses.counted('a', bad), { code: 'INVALID_API_KEY' })
  await t.rejects(guesses.counted('a', () => t.fail('nobody looks') as never), { code: 'RATE_LIMITED', retryAfter_s: 60 })
  t.equal(await guesses.counted('b', async () => 1), 1, 'another address is not meant')
})

t.test('a key that is good, and a lookup that fails for another reason, count no longer than they take', async (t) => {
  const guesses = new Guesses(1)
  for (let n = 0; n < 3; n++) {
    t.equal(await guesses.counted('a', async () => n), n)
    await t.rejects(guesses.counted('a', () => Promise.reject(new Problem('SERVICE_UNAVAILABLE'))), { code: 'SERVICE_UNAVAILABLE' })
  }
  const { promise, resolve } = Promise.withResolvers<number>()
  const under = guesses.counted('a', () => promise)
  await t.rejects(guesses.counted('a', bad), { code: 'RATE_LIMITED' }, 'many at once do not get past')
  resolve(7)
  t.equal(await under, 7)
})
