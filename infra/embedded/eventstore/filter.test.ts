import { status } from '@grpc/grpc-js'
import t from 'tap'
import { showing } from './filter.ts'
import { happened, started } from './testing.ts'
import { watched } from './watched-store.ts'
import type { FilterWish } from './wire/read.ts'

const { client, store } = await started(t)

/** 300 events in 30 streams, of three types. */
for (let n = 0; n < 30; n++) await client.appendToStream(`order-${n}`, Array.from({ length: 10 }, (_, nth) => happened(nth, `Type${nth % 3}`)))

let named = 0
const counted = watched(store, (what) => {
  if (what === 'entry') named++
})
const filter = (on: FilterWish['on'], regex: string, prefixes: readonly string[] = []): FilterWish =>
  ({ on, expression: { regex, prefixes }, window: undefined, multiplier: 1 })
const shown = (wish: FilterWish | undefined) => {
  const shows = showing(counted, wish)
  return { shows, count: Array.from({ length: store.count }, (_, ordinal) => ordinal).filter(shows).length }
}

t.test('§6.1: a pattern is matched once per distinct name for all who ask the same', async (t) => {
  const everything = shown(undefined)
  const streams = store.stream('$$$settings').lastVisible + 1 + 30
  t.equal(everything.count, store.count)
  t.equal(named, streams, 'each stream is looked at once, whether it is hidden')
  for (const [wish, count, distinct] of [[filter('stream', '^order-2'), 110, streams], [filter('type', 'Type[01]'), 210, 4]] as const) {
    named = 0
    const first = shown(wish)
    t.equal(first.count, count)
    t.equal(named, distinct, 'once')
    named = 0
    const others = [shown({ ...wish }), shown({ ...wish, multiplier: 7 })]
    t.same(others.map((each) => each.count), [count, count])
    t.equal(named, 0, 'and not again for the next who asks')
  }
})

t.test('§6.1: a pattern is no anchor, knows upper and lower case, and may escape what need not be; it goes before prefixes', async (t) => {
  t.equal(shown(filter('stream', 'der-29')).count, 10)
  t.equal(shown(filter('stream', 'ORDER')).count, 0)
  t.equal(shown(filter('stream', '^order\\-29$')).count, 10, 'an escape that is an error where the u flag is set')
  t.equal(shown(filter('type', '^Type[12]$', ['Type0'])).count, 180)
  for (const wrong of ['(', '[', '(?<=', 'a{2,1}', '(?i)order']) t.throws(() => shown(filter('stream', wrong)), { code: status.INVALID_ARGUMENT }, wrong)
})

t.test('§6.1: prefixes: any of them, by every letter', async (t) => {
  t.equal(shown(filter('stream', '', ['order-29', 'order-3'])).count, 20)
  t.equal(shown(filter('type', '', ['Type0', 'type'])).count, 120)
  t.equal(shown(filter('type', '', [''])).count, store.count)
})
