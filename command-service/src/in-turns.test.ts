import t from 'tap'
import { inTurns } from './in-turns.ts'
import { Busy } from './queues.ts'

const never_ms = 2 ** 30

t.test('F-4 so many are under way at once, and what becomes of them stands in the order in which they were named', async (t) => {
  let [now, most] = [0, 0]
  const results = await inTurns([5, 4, 3, 2, 1], 2, never_ms, async (turns) => {
    most = Math.max(most, ++now)
    for (let turn = 0; turn < turns; turn++) await undefined
    now--
    return -turns
  })
  t.strictSame(results, [-5, -4, -3, -2, -1])
  t.equal(most, 2)
  t.strictSame(await inTurns([], 2, never_ms, async () => 1), [])
})

t.test('F-4 when the time is up, nothing more is begun', async (t) => {
  const gate = Promise.withResolvers<void>()
  const begun: number[] = []
  const turns = inTurns([1, 2, 3], 2, 1, async (item) => {
    begun.push(item)
    await gate.promise
  })
  t.ok(await turns.then(() => false, (error: unknown) => error instanceof Busy))
  gate.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(begun, [1, 2])
})
