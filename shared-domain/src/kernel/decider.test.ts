import t from 'tap'
import { isPrivileged, mayActAs, partsOf, reject, Rejection, streamOf } from './decider.ts'
import { admin, agent, daemon, orchestrator, ownOf, system, tool, uuid } from './testing.ts'

t.test('a stream is named category-id, and read back at the first hyphen', async (t) => {
  const id = uuid(1)
  t.equal(streamOf({ category: 'task' }, id), `task-${id}`)
  t.strictSame(partsOf(`task-${id}`), { category: 'task', id })
  t.strictSame(partsOf('$all'), { category: '$all', id: '' })
})

t.test('S-31 who may act as an orchestrator, and who may do what only an admin may', async (t) => {
  const [own, another] = [uuid(1), uuid(2)]
  const actors = { own: orchestrator(own), another: orchestrator(another), admin, tool, system, agent, daemon }
  const those = (may: (by: typeof admin) => boolean) => Object.entries(actors).filter(([, by]) => may(by)).map(([name]) => name)
  t.strictSame(those((by) => mayActAs({ by, actsFor: ownOf(by) }, own)), ['own', 'admin', 'tool', 'system'])
  t.strictSame(those((by) => isPrivileged({ by })), ['admin', 'system'])
})

t.test('F-1 a daemon acts for the orchestrator that its key names, and an agent for none', async (t) => {
  const [own, another] = [uuid(1), uuid(2)]
  t.ok(mayActAs({ by: daemon, actsFor: own }, own))
  t.notOk(mayActAs({ by: daemon, actsFor: own }, another))
  t.notOk(mayActAs({ by: agent, actsFor: null }, own))
  t.notOk(mayActAs({ by: agent, actsFor: own }, own), 'whatever its key says')
  t.notOk(isPrivileged({ by: agent }) || isPrivileged({ by: daemon }))
})

t.test('a refusal is a value with a code and what there is to say about it', async (t) => {
  t.strictSame(reject('NOT_FOUND'), new Rejection('NOT_FOUND', {}))
  t.match(reject('TOO_MANY', { max: 5 }), { code: 'TOO_MANY', detail: { max: 5 } })
})
