import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { deciders } from './catalogue.ts'
import { ids, stepOf } from './kernel/arbitrary.ts'
import { Rejection } from './kernel/decider.ts'
import type { Actor } from './kernel/fact.ts'
import { agent, daemon, orchestrator, system, uuid } from './kernel/testing.ts'
import type { Wish, World } from './kernel/world.ts'
import { inhabited } from './scenery.ts'

const seed = 2030
const steps = fc.array(stepOf(deciders), { minLength: 40, maxLength: 100, size: 'max' })

/** What would be decided if somebody else had asked for it, of a moment that does not change by asking. */
const askedBy = (world: World, { id, category, command, data }: Wish) => {
  const { commands, ...fold } = deciders.find((decider) => decider.category === category)!
  const [{ data: schema, decide, grounds: asked }, circumstances] = [commands[command]!, world.contextOf({ id, by: system })]
  const [state, wish] = [world.look(fold, id), schema.parse(data)]
  return (by: Actor, actsFor: string | null) => {
    const context = { ...circumstances, by, actsFor, keyExpiresAt: null }
    const grounds = asked?.(state, wish, context)
    return decide(state, wish, { ...context, grounds: grounds && world.find(grounds) })
  }
}

const isGranted = (decision: unknown) => !(decision instanceof Rejection)

t.test('F-1 a daemon gets what its orchestrator would get, whatever it asks for', async (t) => {
  let granted = 0
  fc.assert(fc.property(steps, fc.constantFrom(...ids), (steps, own) => {
    const world = inhabited()
    for (const { wish, wait_ms } of steps) {
      const decided = askedBy(world, wish)
      const [itself, served] = [decided(orchestrator(own), own), decided(daemon, own)]
      // Whose hand it was tells the same move again from another one.
      if (!isDeepStrictEqual(served, itself) && isGranted(served)) throw new Error(`${wish.command} for ${own}`)
      if (isGranted(served) && !isGranted(decided(orchestrator(uuid(99)), uuid(99)))) granted++
      world.pass(wait_ms)
      world.do(wish)
    }
  }), { seed, numRuns: 100 })
  t.ok(granted > 100, 'often it was something that strangers do not get')
})

t.test('F-1 an agent gets nothing that a stranger would not get', async () => {
  fc.assert(fc.property(steps, (steps) => {
    const world = inhabited()
    for (const { wish, wait_ms } of steps) {
      const decided = askedBy(world, wish)
      if (isGranted(decided(agent, null)) && !isGranted(decided(orchestrator(uuid(99)), uuid(99)))) throw new Error(wish.command)
      world.pass(wait_ms)
      world.do(wish)
    }
  }), { seed, numRuns: 100 })
})
