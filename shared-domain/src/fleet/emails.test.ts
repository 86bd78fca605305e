import fc from 'fast-check'
import t from 'tap'
import { inOrder, Rejection, type Command, type Context, type Hold } from '../kernel/decider.ts'
import type { AnyEvent } from '../kernel/fact.ts'
import { organization, uuid } from '../kernel/testing.ts'
import { later } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { emailAddress, emailReservation_ms } from './email/decider.ts'
import { addressId, emailAddressState } from './email/state.ts'
import { emails } from './emails.ts'
import { orchestrator } from './orchestrator/decider.ts'
import { orchestratorState } from './orchestrator/state.ts'

const ids = [1, 2, 3].map(uuid)
const [ada, bob] = ids as [string, string]
const addresses = ['a@example.org', 'b@example.org']
const [a, b] = addresses as [string, string]

/** Nothing shows orchestrators busy here, and no capacity is announced. */
function scene() {
  const world = new World([orchestrator, emailAddress])
  const courier = new Courier(world, [emails])
  const wish = (id: string, command: string, data: unknown = {}) => world.do({ category: 'orchestrator', id, command, data })
  const use = (email: string) => world.look(emailAddressState, addressId(organization, email))
  return { world, courier, wish, use }
}

const emailOf = (world: World, id: string) => {
  const known = world.look(orchestratorState, id)
  return known.stage === 'registered' ? known.profile.email : null
}

t.test('F-60 an address is reserved for a profile, confirmed by it, and free once that has another or has left', async (t) => {
  const { courier, wish, use } = scene()
  wish(ada, 'register', { name: 'Ada', email: a })
  t.match(use(a), { use: 'reserved', orchestrator: ada })
  courier.settle()
  t.match(use(a), { use: 'confirmed', orchestrator: ada })
  t.match(wish(bob, 'register', { name: 'Bob', email: a }), { code: 'DUPLICATE_EMAIL' })
  wish(ada, 'update', { email: b })
  courier.settle()
  t.match([use(a), use(b)], [{ use: 'free' }, { use: 'confirmed', orchestrator: ada }])
  wish(ada, 'update', { role: 'lead' })
  courier.settle()
  t.match(use(b), { use: 'confirmed', orchestrator: ada }, 'another change leaves it')
  wish(bob, 'register', { name: 'Bob', email: a })
  courier.settle()
  t.match(wish(bob, 'update', { email: b }), { code: 'DUPLICATE_EMAIL' })
  wish(ada, 'archive')
  courier.settle()
  t.notOk(wish(bob, 'update', { email: b }) instanceof Rejection)
  courier.settle()
  t.match([use(a), use(b)], [{ use: 'free' }, { use: 'confirmed', orchestrator: bob }])
  t.strictSame(courier.waiting, [])
})

const step = fc.record({
  run: fc.nat(3), act: fc.constantFrom('decide', 'decide', 'take', 'take', 'store', 'store', 'give back', 'archive'),
  id: fc.constantFrom(...ids), email: fc.constantFrom(...addresses, null), wait_ms: fc.constantFrom(0, 0, 0, 16_000),
  settles: fc.boolean(), repeats: fc.boolean(),
})

/** One that is on its way: what it decided on a view that is old by and by, and until when it may store that. */
interface Run {
  readonly id: string
  readonly command: 'register' | 'update'
  readonly revision: number
  readonly context: Context
  readonly facts: readonly AnyEvent[]
  readonly hold: Hold | undefined
  readonly until?: string
}

t.test('F-102 whatever races, fails half-way or is heard twice, no two orchestrators of an organization keep one email', async (t) => {
  let kept_max = 0
  let refused = 0
  fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    const { world, courier, wish } = scene()
    const revisionOf = (id: string) => world.log.filter((fact) => fact.id === id).length
    const runs = new Map<number, Run>()
    for (const { run: number, act, id, email, wait_ms, settles, repeats } of steps) {
      world.pass(wait_ms)
      const run = runs.get(number)
      if (act === 'decide' && !run) {
        const state = world.look(orchestratorState, id)
        const name = state.stage === 'unknown' ? 'register' : 'update'
        const command: Command = orchestrator.commands[name]
        const data = command.data.parse({ ...(name === 'register' ? { name: 'x' } : {}), email })
        const context = world.contextOf({ id })
        const facts = command.decide(state, data, context)
        if (facts instanceof Rejection || facts.length === 0) continue
        const [hold] = inOrder(command.holds!(state, data, context))
        runs.set(number, { id, command: name, revision: revisionOf(id), context, facts, hold })
      } else if (act === 'take' && run?.hold) {
        if (world.carryOut(run.hold.take) instanceof Rejection) {
          runs.delete(number)
          refused++
        } else {
          runs.set(number, { ...run, until: later(world.at, emailReservation_ms) })
        }
      } else if (act === 'give back' && run) {
        if (run.until) world.carryOut(run.hold!.giveBack('0'))
        runs.delete(number)
      } else if (act === 'store' && run && (!run.hold || (run.until && world.at < run.until)) && revisionOf(run.id) === run.revision) {
        world.append(orchestratorState, run.id, run.facts, run.context)
        runs.delete(number)
      } else if (act === 'archive') {
        wish(id, 'archive')
      }
      if (settles) courier.settle()
      if (repeats) for (const fact of world.log.slice()) if (fact.category === 'orchestrator') courier.tell(fact)
      const kept = ids.flatMap((id) => emailOf(world, id) ?? [])
      if (new Set(kept).size < kept.length) throw new Error(`${kept} are kept by several`)
      kept_max = Math.max(kept_max, kept.length)
    }
    world.pass(emailReservation_ms)
    courier.settle()
    for (const email of addresses) {
      const use = world.look(emailAddressState, addressId(organization, email))
      const keeper = ids.find((id) => emailOf(world, id) === email)
      if (use.use === 'free' ? keeper !== undefined : use.use !== 'confirmed' || use.orchestrator !== keeper)
        throw new Error(`${email} is ${use.use} while ${keeper ?? 'nobody'} has it`)
    }
    if (courier.waiting.length > 0) throw new Error('something waits for nothing')
  }), { seed: 2030, numRuns: 1_000 })
  t.ok(kept_max === 2 && refused > 0, `${kept_max} addresses were kept side by side, ${refused} times one was refused`)
})
