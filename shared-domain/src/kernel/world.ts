import { inOrder, partsOf, Rejection, scopes, streamOf, type Context, type Decider, type Fold } from './decider.ts'
import type { Actor, AnyEvent, Recorded } from './fact.ts'
import type { Intent } from './intent.ts'
import type { Process } from './process.ts'
import { later } from './time.ts'
import { admin, now, organization, ownOf, system, uuid } from './testing.ts'

/** A command for one stream, by somebody: an admin, when not said. */
export interface Wish {
  readonly category: string
  readonly id: string
  readonly command: string
  readonly data: unknown
  readonly by?: Actor
  readonly actsFor?: string | null
}

/** A log in memory with deciders over it: the smallest host that keeps the promises a host makes, for tests of many streams at once. */
export class World {
  readonly log: Recorded[] = []
  at = now
  readonly #deciders: ReadonlyMap<string, Decider>
  readonly #streams = new Map<string, { readonly state: any; readonly revision: number }>()
  #commands = 0

  constructor(deciders: readonly Decider[]) {
    this.#deciders = new Map(deciders.map((decider) => [decider.category, decider]))
  }

  readonly look = <State>(fold: Fold<State>, id: string): State => this.#streams.get(streamOf(fold, id))?.state ?? fold.initial

  pass(by_ms: number) {
    this.at = later(this.at, by_ms)
  }

  contextOf({ id, by = admin, actsFor = ownOf(by) }: Pick<Wish, 'id' | 'by' | 'actsFor'>): Context {
    const number = ++this.#commands
    const secret = { hash: String(number).padStart(64, '0'), prefix: `bk_${number}` }
    return { id, by, actsFor, allowed: scopes, at: this.at, organization, commandId: uuid(1_000_000 + number), look: this.look, secret }
  }

  /** Decides and appends, with what the decision must hold taken before: all of it, or what was taken goes back. */
  do(wish: Wish, context: Context = this.contextOf(wish)): readonly Recorded[] | Rejection {
    const { category, id, command: name } = wish
    const decider = this.#deciders.get(category)!
    const command = decider.commands[name]!
    const data = command.data.parse(wish.data)
    const state = this.look(decider, id)
    const decision = command.decide(state, data, context)
    if (decision instanceof Rejection || decision.length === 0) return decision
    const held: Intent[] = []
    for (const { take, giveBack } of inOrder(command.holds?.(state, data, context))) {
      const taken = this.carryOut(take)
      if (taken instanceof Rejection) {
        for (const back of held) this.carryOut(back)
        return taken
      }
      held.push(giveBack(String(this.#revisionOf(take))))
    }
    return this.append(decider, id, decision, context)
  }

  #revisionOf({ category, id }: Intent): number {
    return this.#streams.get(streamOf({ category }, id))?.revision ?? -1
  }

  carryOut(intent: Intent): readonly Recorded[] | Rejection {
    return this.do({ ...intent, by: system })
  }

  append(fold: Fold, id: string, facts: readonly AnyEvent[], { at, by, commandId }: Context): readonly Recorded[] {
    return facts.map((fact) => {
      const stream = streamOf(fold, id)
      const { state, revision } = this.#streams.get(stream) ?? { state: fold.initial, revision: -1 }
      const meta = { at, by, organization, commandId, revision: revision + 1, position: String(this.log.length) }
      this.#streams.set(stream, { state: fold.evolve(state, fact, meta), revision: revision + 1 })
      const recorded = { ...fact, ...meta, ...partsOf(stream) }
      this.log.push(recorded)
      return recorded
    })
  }
}

/** Tells facts to processes, in any order and as often as a test likes, and keeps their timers. */
export class Courier {
  readonly #timers = new Map<string, Intent>()
  readonly #world: World
  readonly #processes: readonly Process[]
  #told = 0

  constructor(world: World, processes: readonly Process[]) {
    this.#world = world
    this.#processes = processes
  }

  tell(fact: Recorded) {
    for (const wish of this.#processes.flatMap(({ react }) => react[fact.type]?.(fact) ?? [])) {
      if ('forget' in wish) this.#timers.delete(wish.forget)
      else if (wish.due === undefined) this.#world.carryOut(wish)
      else this.#timers.set(wish.key!, wish)
    }
  }

  /** Tells what has not been told yet, in the order of the log, until there is nothing new; then what has fallen due. */
  settle() {
    do {
      while (this.#told < this.#world.log.length) this.tell(this.#world.log[this.#told++]!)
      this.#ring()
    } while (this.#told < this.#world.log.length)
  }

  get waiting(): readonly Intent[] {
    return [...this.#timers.values()]
  }

  #ring() {
    for (const [key, intent] of this.#timers) {
      if (intent.due! > this.#world.at) continue
      this.#timers.delete(key)
      this.#world.carryOut(intent)
    }
  }
}
