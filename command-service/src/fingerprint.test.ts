import fc from 'fast-check'
import t from 'tap'
import { fingerprintOf, isOf } from './fingerprint.ts'

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([name, member]) => [name, shuffled(member)]))
}

t.test('S-61 a request is the same in whatever order its fields are, at any depth', async (t) => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (data) => {
    const fingerprint = fingerprintOf('task.create', data)
    if (!isOf(fingerprint, 'task.create', shuffled(data))) throw new Error(JSON.stringify(data))
    if (isOf(fingerprint, 'task.block', data) || isOf(fingerprint, 'task.create', [data])) throw new Error('another request')
  }), { seed: 2030, numRuns: 500 })
  t.not(fingerprintOf('x', { a: [1, 2] }), fingerprintOf('x', { a: [2, 1] }), 'the order of a list is said')
})

t.test('S-61 what was kept before fields had no order is still recognised', async (t) => {
  // Made by the service as it was: the first 22 characters of base64url of SHA-256 over the command, a line feed and the JSON as it came.
  const first = 'XzdTAnkyKeDUAVmAY2y7su'
  const data = { title: 'x', metadata: { b: 1, a: 2 } }
  t.ok(isOf(first, 'task.create', data))
  t.notOk(isOf(first, 'task.create', { ...data, title: 'y' }))
  t.notOk(isOf(first, 'task.create', { title: 'x', metadata: { a: 2, b: 1 } }), 'as strict as it was')
  t.ok(isOf(first, 'task.create', { ...data, title: 'Fix password: rotation for admins' }), 'what was masked then counts as said')
})
