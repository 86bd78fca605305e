import t from 'tap'
import { Rejection } from '../kernel/decider.ts'
import { uuid } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { apiKey } from './key/decider.ts'
import { apiKeyState } from './key/state.ts'
import { rotation } from './rotation.ts'

t.test('S-31 the old key is good for nothing once another has taken its place', async (t) => {
  const world = new World([apiKey])
  const courier = new Courier(world, [rotation])
  const [old, next] = [uuid(1), uuid(2)]
  world.do({ category: 'apiKey', id: old, command: 'generateForOrganization', data: {} })
  courier.settle()
  t.equal(world.look(apiKeyState, old).stage, 'valid')
  world.do({ category: 'apiKey', id: next, command: 'rotate', data: { replaces: old } })
  for (const fact of world.log.slice()) courier.tell(fact)
  courier.settle()
  t.strictSame([old, next].map((id) => world.look(apiKeyState, id).stage), ['revoked', 'valid'])
  t.equal(world.log.length, 3, 'revoked once')
  t.ok(world.do({ category: 'apiKey', id: uuid(3), command: 'rotate', data: { replaces: old } }) instanceof Rejection)
})
