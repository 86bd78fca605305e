import fc from 'fast-check'
import t from 'tap'
import { inOrder, Rejection, type Command, type Context, type Hold } from '../kernel/decider.ts'
import type { AnyEvent } from '../kernel/fact.ts'
import { uuid } from '../kernel/testing.ts'
import { later } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { apiKey, rotation_ms } from './key/decider.ts'
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
  t.equal(world.log.filter(({ type }) => type === 'ApiKeyRevoked').length, 1, 'revoked once')
  t.strictSame(courier.waiting, [])
  t.ok(world.do({ category: 'apiKey', id: uuid(3), command: 'rotate', data: { replaces: old } }) instanceof Rejection)
})

t.test('S-31 however many rotate a key at once and whatever becomes of them, one succeeds; where none did, the next may', async (t) => {
  const old = uuid(1)
  const rivals = [2, 3, 4, 5, 6].map(uuid)
  const rotate: Command = apiKey.commands.rotate
  const data = { replaces: old }
  const step = fc.record({
    id: fc.constantFrom(...rivals), act: fc.constantFrom('decide', 'decide', 'take', 'take', 'store', 'give back'),
    wait_ms: fc.constantFrom(0, 0, 16_000), settles: fc.boolean(),
  })
  const ends = new Set<number>()
  fc.assert(fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    const world = new World([apiKey])
    const courier = new Courier(world, [rotation])
    world.do({ category: 'apiKey', id: old, command: 'generateForOrganization', data: {} })
    /** How far each has come: what it decided on a view that is old by and by, and until when it may store that. */
    const runs = new Map<string, { readonly context: Context; readonly facts: readonly AnyEvent[]; readonly until?: string }>()
    for (const { id, act, wait_ms, settles } of steps) {
      world.pass(wait_ms)
      if (settles) courier.settle()
      const run = runs.get(id)
      const [{ take, giveBack }] = inOrder(rotate.holds!(undefined, data, world.contextOf({ id }))) as [Hold]
      if (act === 'decide') {
        const context = world.contextOf({ id })
        const decision = rotate.decide(world.look(apiKeyState, id), data, context)
        if (!(decision instanceof Rejection) && decision.length > 0) runs.set(id, { context, facts: decision })
      } else if (act === 'take' && run && !(world.carryOut(take) instanceof Rejection)) {
        runs.set(id, { ...run, until: later(world.at, rotation_ms) })
      } else if (act === 'give back' && run?.until) {
        world.carryOut(giveBack('0'))
        runs.delete(id)
      } else if (act === 'store' && run?.until && world.at < run.until && world.look(apiKeyState, id).stage === 'unknown') {
        world.append(apiKeyState, id, run.facts, run.context)
      }
    }
    const made = () => world.log.filter(({ type, data }) => type === 'ApiKeyGenerated' && (data as { replaces: unknown }).replaces === old)
    if (made().length > 1) throw new Error(`${made().length} keys take the place of one`)
    ends.add(made().length)
    world.pass(rotation_ms)
    courier.settle()
    const isFree = !(world.do({ category: 'apiKey', id: uuid(7), command: 'rotate', data }) instanceof Rejection)
    if (isFree !== (made().length === 1 && made()[0]!.id === uuid(7))) throw new Error('it is free when no other came, and only then')
    courier.settle()
    if (made().length !== 1 || world.look(apiKeyState, old).stage !== 'revoked') throw new Error('one takes its place in the end')
    if (courier.waiting.length > 0) throw new Error('something waits for nothing')
  }), { seed: 2030, numRuns: 500 })
  t.strictSame([...ends].sort(), [0, 1], 'both ends were met')
})

t.test('F-63 for as long as it was said both are taken, then the old key is good for nothing', async (t) => {
  const world = new World([apiKey])
  const courier = new Courier(world, [rotation])
  const [old, next] = [uuid(1), uuid(2)]
  world.do({ category: 'apiKey', id: old, command: 'generateForOrganization', data: {} })
  const stages = () => [old, next].map((id) => world.look(apiKeyState, id).stage)
  const rotate: Command = apiKey.commands.rotate
  const data = { replaces: old, overlap_s: 3_600 }
  const [{ take }] = inOrder(rotate.holds!(undefined, data, world.contextOf({ id: next }))) as [Hold]
  world.carryOut(take)
  courier.settle()
  world.do({ category: 'apiKey', id: next, command: 'rotate', data })
  courier.settle()
  world.pass(rotation_ms)
  courier.settle()
  t.strictSame(stages(), ['valid', 'valid'])
  t.match(world.do({ category: 'apiKey', id: uuid(3), command: 'rotate', data: { replaces: old } }), { code: 'ALREADY_ROTATED' })
  world.pass(3_600_000 - rotation_ms - 1)
  courier.settle()
  t.strictSame(stages(), ['valid', 'valid'])
  world.pass(1)
  courier.settle()
  t.strictSame(stages(), ['revoked', 'valid'])
  t.strictSame(courier.waiting, [])
})
