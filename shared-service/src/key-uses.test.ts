import t from 'tap'
import { KeyUses, type Use } from './key-uses.ts'

t.test('F-65 uses of a key are noted together, and what could not be written comes with what follows', async (t) => {
  const written: (readonly Use[])[] = []
  const lost: unknown[] = []
  let isDown = true
  const save = async (uses: readonly Use[]) => {
    if (isDown) throw new Error('down')
    written.push(uses.map((use) => ({ ...use })))
  }
  const uses = new KeyUses(save, (error) => lost.push(error), 1)
  uses.note('acme', 'a', '10.0.0.1', 1)
  uses.note('acme', 'a', '10.0.0.2', 2)
  uses.note('globex', 'b', '10.0.0.3', 3)
  for (let tries = 0; lost.length === 0 && tries < 1_000; tries++) await new Promise((resolve) => setTimeout(resolve, 1))
  t.match(lost[0], { message: 'down' })
  isDown = false
  uses.note('acme', 'a', '10.0.0.4', 4)
  await uses.close()
  t.strictSame(written.flat().filter(({ key }) => key === 'a').reduce((sum, { count }) => sum + count, 0), 3, 'none is lost')
  t.match(written.flat().filter(({ key }) => key === 'b'), [{ organization: 'globex', last_ms: 3, address: '10.0.0.3', count: 1 }])
  t.match(written.flat().findLast(({ key }) => key === 'a'), { last_ms: 4, address: '10.0.0.4' })
})

t.test('F-65 of more keys than are kept the first are noted, and nothing is written when nobody came', async (t) => {
  const written: number[] = []
  const uses = new KeyUses(async (some) => written.push(some.length), () => undefined, 60_000)
  for (let n = 0; n < 10_001; n++) uses.note('acme', `key ${n}`, '::1')
  await uses.close()
  await uses.close()
  t.strictSame(written, [10_000])
})
