import { organizationSettings } from '../fleet/organization/state.ts'
import { onBehalf, type Asking, type Choice } from './choice.ts'
import { meetsAll } from './condition.ts'
import {
  inOrder, partsOf, reject, Rejection, rounds_max, scopes, streamOf, type Context, type Decider, type Fold, type Hold, type Refused,
} from './decider.ts'
import type { Actor, AnyEvent, Recorded } from './fact.ts'
import type { Asked, Grounds } from './grounds.ts'
import type { Forget, Intent } from './intent.ts'
import { answered, candidates, grounded, rowsAfter } from './picture.ts'
import type { Process } from './process.ts'
import type { Question, Wanted } from './question.ts'
import type { ReadModel, Row } from './read-model.ts'
import { sealedForTests } from './sealed.ts'
import type { Sweep } from './sweep.ts'
import { reportOf } from './report.ts'
import { nothingSupplied, type Supplied, type SupplyAsked } from './supply.ts'
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

  /** What libraries would have: nothing, when not said. */
  readonly supply: (asked: SupplyAsked) => Supplied

  constructor(deciders: readonly Decider[], supply: World['supply'] = () => nothingSupplied) {
    this.supply = supply
    this.#deciders = new Map(deciders.map((decider) => [decider.category, decider]))
  }

  /** Another with the same past. */
  copy(): World {
    const other = new World([...this.#deciders.values()], this.supply)
    other.log.push(...this.log)
    for (const [stream, known] of this.#streams) other.#streams.set(stream, known)
    other.at = this.at
    other.#commands = this.#commands
    return other
  }

  readonly #rowsOf = (model: ReadModel) => rowsAfter(model, this.log)

  readonly look = <State>(fold: Fold<State>, id: string): State => this.#streams.get(streamOf(fold, id))?.state ?? fold.initial

  /** What holds of the settings, also of those that nobody has asked for. */
  get settings() {
    return organizationSettings.of(this.look(organizationSettings.fold, organization))
  }

  pass(by_ms: number) {
    this.at = later(this.at, by_ms)
  }

  contextOf({ id, by = admin, actsFor = ownOf(by) }: Pick<Wish, 'id' | 'by' | 'actsFor'>): Context {
    const number = ++this.#commands
    const secret = { hash: String(number).padStart(64, '0'), prefix: `bk_${number}` }
    return {
      id, by, actsFor, allowed: scopes, at: this.at, organization, commandId: uuid(1_000_000 + number), look: this.look, secret,
      sealedSecret: `sealed:none:${number}`, settings: this.settings,
    }
  }

  /**
   * Decides and appends, with what the decision must hold taken before: all of it, or what was taken goes back. A choice from grounds is
   * made again without what was refused.
   */
  do(wish: Wish, context: Context = this.contextOf(wish)): readonly Recorded[] | Rejection {
    const { category, id, command: name } = wish
    const decider = this.#deciders.get(category)!
    const command = decider.commands[name]!
    const data = sealedForTests(command.data, command.data.parse(wish.data))
    const state = this.look(decider, id)
    const grounds = command.grounds ? this.find(command.grounds(state, data, context)) : undefined
    const asked = command.supply?.(state, data, context)
    const supplied = asked && this.supply(asked)
    for (let refused: readonly Refused[] = []; ;) {
      const told = { ...context, grounds, supplied, refused }
      const decision = command.decide(state, data, told)
      if (decision instanceof Rejection || decision.length === 0) return decision
      const holds = inOrder(command.holds?.(state, data, told))
      const unheld = this.#hold(holds)
      if (!unheld) return this.append(decider, id, decision, context)
      const { take, why } = unheld
      const isStuck = refused.some(({ category, id }) => category === take.category && id === take.id)
      if (!grounds || isStuck || refused.length === rounds_max - 1) return why
      refused = [...refused, { category: take.category, id: take.id, code: why.code }]
    }
  }

  /** The rows that the facts so far make, as of the last of them. */
  find(asked: Asked): Grounds {
    return grounded(this.#rowsOf, asked, String(this.log.length))
  }

  /** Answers from the rows that the facts so far make. */
  ask(question: Question, said: Partial<Wanted>): Row | undefined {
    return answered(question, said, this.#rowsOf, this.at)
  }

  /** Makes a choice and sends the command to one candidate after the other until one takes it: the facts, or why there are none. */
  choose(choice: Choice, { id, wish = {}, by = admin }: Partial<Pick<Asking, 'id' | 'wish'> & Pick<Wish, 'by'>>, tries = 24) {
    const { to: { category }, command, data } = choice.sends
    const caller = { by, actsFor: ownOf(by) }
    const meant = onBehalf(choice, wish, caller)
    if (!meant) return reject('FORBIDDEN')
    const asking = { id, wish: meant, at: this.at, settings: this.settings, caller }
    const course = candidates(choice, asking, tries, this.#rowsOf, String(this.log.length))
    let step = course.next()
    while (!step.done) {
      const { row, selection } = step.value
      const outcome = this.do({ category, id: choice.idOf(row), command, data: data(selection, asking), by })
      if (!(outcome instanceof Rejection)) return outcome
      step = course.next(outcome)
    }
    return step.value.why
  }

  /** Sends the command of a sweep for every row that it is about. */
  sweep({ over: { from, meets }, sends }: Sweep) {
    for (const row of this.#rowsOf(from).filter((one) => meetsAll(one, meets))) this.carryOut(sends(row))
  }

  /** Takes all, or says what could not be taken: then nothing is. */
  #hold(holds: readonly Hold[]): { readonly take: Intent; readonly why: Rejection } | undefined {
    const held: Intent[] = []
    for (const { take, giveBack } of holds) {
      const why = this.carryOut(take)
      if (why instanceof Rejection) {
        for (const back of held) this.carryOut(back)
        return { take, why }
      }
      held.push(giveBack(String(this.#revisionOf(take))))
    }
    return undefined
  }

  #revisionOf({ category, id }: Intent): number {
    return this.#streams.get(streamOf({ category }, id))?.revision ?? -1
  }

  /** Carries out what the system itself wants, and tells whoever wants to know what became of it. */
  carryOut(intent: Intent): readonly Recorded[] | Rejection {
    const outcome = this.do({ ...intent, by: system })
    const isRefused = outcome instanceof Rejection
    const report = reportOf(intent, isRefused ? outcome : { changed: outcome.length > 0, revision: this.#revisionOf(intent) })
    if (report) this.carryOut(report)
    return outcome
  }

  append(fold: Fold, id: string, facts: readonly AnyEvent[], { at, by, commandId }: Context): readonly Recorded[] {
    return facts.map((fact) => {
      const stream = streamOf(fold, id)
      const { state, revision } = this.#streams.get(stream) ?? { state: fold.initial, revision: -1 }
      const meta = { at, by, organization, commandId, revision: revision + 1, position: String(this.log.length) }
      this.#streams.set(stream, { state: fold.evolve(state, fact, meta), revision: revision + 1 })
      const recipient = fold.events.definitions[fact.type]!.recipient?.(fact.data, id) ?? null
      const recorded = { ...fact, ...meta, ...partsOf(stream), recipient }
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
      if ('forget' in wish) this.#forget(wish)
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

  #forget({ forget, isPrefix }: Forget) {
    for (const key of this.#timers.keys()) if (isPrefix ? key.startsWith(forget) : key === forget) this.#timers.delete(key)
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
