import t from 'tap'
import { z } from 'zod'
import { Sealed, sealed, sealedForTests, sealedIn, withSealed } from './sealed.ts'

const Said = z.object({ name: z.string(), address: sealed(z.string().min(1)), other: sealed(z.string()).nullable().optional() })
const Kept = z.object({ address: Sealed, tags: z.array(Sealed) })

t.test('L-1 what is sealed says so in its schema, also where it may be missing', async (t) => {
  t.strictSame(sealedIn(Said), ['address', 'other'])
  t.strictSame(sealedIn(Kept), ['address'])
  t.strictSame(sealedIn(Said), ['address', 'other'], 'the same every time')
})

t.test('L-1 only what is sealed is another value afterwards', async (t) => {
  const swapped = withSealed(Said, { name: 'n', address: 'a', other: null }, (text, field) => `${field} ${text}`)
  t.strictSame(swapped, { name: 'n', address: 'address a', other: null })
  const plain = { name: 'n' }
  t.equal(withSealed(z.object({ name: z.string() }), plain, () => 'x'), plain)
  t.ok(Sealed.safeParse(sealedForTests(Said, { name: 'n', address: 'ada@example.org' }).address).success)
  t.ok(Sealed.safeParse(sealedForTests(Said, { name: 'n', address: '' }).address).success)
  t.equal(sealedForTests(z.string(), 'x'), 'x')
})
