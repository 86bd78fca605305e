import fc from 'fast-check'
import t from 'tap'
import type { Received } from './facts.ts'
import { Recent } from './recent.ts'

const at = (position: number) => ({ position: BigInt(position) }) as Received
const turn = () => new Promise<void>((resolve) => { setImmediate(resolve) })

/** Facts stand at even positions; up to odd ones nothing else was of interest. */
const hearAll = (recent: Recent, from: number, to: number) => {
  for (let position = from; position <= to; position++) recent.hear(position % 2 === 0 ? at(position) : undefined, BigInt(position))
}

t.test('whoever follows hears every fact once and in order, wherever it begins and however it is batched', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(30), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 7 }), async (from, steps, batch_max) => {
    const [recent, over] = [new Recent(0n), new AbortController()]
    hearAll(recent, 1, 30)
    const heard: number[] = []
    let last = BigInt(from)
    const following = (async () => {
      for await (const { events, position } of recent.after(last, batch_max, over.signal)) {
        if (events.length > batch_max || position <= last) throw new Error(`a batch of ${events.length} up to ${position} after ${last}`)
        heard.push(...events.map((event) => Number(event.position)))
        last = position
      }
    })()
    let end = 30
    for (const step of steps) {
      hearAll(recent, end + 1, end + step)
      end += step
      if (step % 3 === 0) await turn()
    }
    while (last < BigInt(end)) await turn()
    over.abort()
    await following
    const wanted = Array.from({ length: end }, (_, n) => n + 1).filter((position) => position > from && position % 2 === 0)
    if (String(heard) !== String(wanted)) throw new Error(`${heard} are not ${wanted}`)
  }), { seed: 2032, numRuns: 200 })
})

t.test('what is forgotten is said to be, and ends who follows too slowly', async (t) => {
  const recent = new Recent(0n)
  hearAll(recent, 1, 500)
  t.ok(recent.reaches(0n))
  t.notOk(recent.reaches(501n), 'nobody has heard so far')
  const slow = recent.after(0n, 10, new AbortController().signal)
  t.equal((await slow.next()).value?.position, 20n)
  hearAll(recent, 501, 5_000)
  t.notOk(recent.reaches(20n))
  t.ok((await slow.next()).done)
  t.ok(recent.reaches(4_900n))
})
