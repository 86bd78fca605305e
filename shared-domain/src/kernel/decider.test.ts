import t from 'tap'
import { isPrivileged, mayActAs, partsOf, reject, Rejection, streamOf } from './decider.ts'
import { admin, orchestrator, system, tool, uuid } from './testing.ts'

t.test('a stream is named category-id, and read back at the first hyphen', async (t) => {
  const id = uuid(1)
  t.equal(streamOf({ category: 'task' }, id), `task-${id}`)
  t.strictSame(partsOf(`task-${id}`), { category: 'task', id })
  t.strictSame(partsOf('$all'), { category: '$all', id: '' })
})

t.test('S-31 who may act as an orchestrator, and who may do what only an admin may', async (t) => {
  const [own, another] = [uuid(1), uuid(2)]
  const actors = { own: orchestrator(own), another: orchestrator(another), admin, tool, system }
  const those = (may: (by: typeof admin) => boolean) => Object.entries(actors).filter(([, by]) => may(by)).map(([name]) => name)
  t.strictSame(those((by) => mayActAs({ by }, own)), ['own', 'admin', 'tool', 'system'])
  t.strictSame(those((by) => isPrivileged({ by })), ['admin', 'system'])
})

t.test('a refusal is a value with a code and what there is to say about it', async (t) => {
  t.strictSame(reject('NOT_FOUND'), new Rejection('NOT_FOUND', {}))
  t.match(reject('TOO_MANY', { max: 5 }), { code: 'TOO_MANY', detail: { max: 5 } })
})
