import { partsOf } from 'shared-domain/kernel/decider.ts'
import type { Directive } from 'shared-domain/kernel/outlet.ts'
import type { Received } from '../facts.ts'
import { alongside } from '../follow.ts'
import { transaction } from '../migrations.ts'
import type { Batch } from '../projector.ts'
import { itemOf, rowOf, type Desk } from './desk.ts'
import { LiveTarget, usualBounds } from './live-target.ts'
import { eventAt } from './log-pages.ts'
import * as rows from './rows.ts'
import type { DeliveryRow } from './rows.ts'
import type { Sending } from './sending.ts'

const saved_ms = 1_000

/** What a batch of facts comes to, before any of it is written. */
interface Taken {
  readonly wanted: { readonly row: DeliveryRow; readonly event: Received }[]
  readonly again: { readonly live: LiveTarget; readonly events: readonly string[] }[]
  readonly touched: Set<LiveTarget>
  readonly gone: Set<string>
}

/** Follows the log for all targets that are level with it. */
export class Following {
  readonly #desk: Desk
  readonly #sending: Sending
  #saved_ms = -Infinity

  constructor(desk: Desk, sending: Sending) {
    this.#desk = desk
    this.#sending = sending
  }

  /** What is stored, from which it goes on. */
  async load(): Promise<void> {
    const { parts, targets, agains } = this.#desk
    const { pool, store, outlets, bounds = usualBounds } = parts
    this.#desk.position = await rows.savedPosition(pool, store) ?? -1n
    for (const row of await rows.allTargets(pool)) {
      const outlet = outlets.find(({ fold }) => fold.category === partsOf(row.target).category)
      if (!outlet) continue
      const live = new LiveTarget(outlet, row, bounds)
      Object.assign(live, { failures: row.failures, lastSuccess_ms: row.lastSuccess_ms })
      if (live.isLevel) live.position = this.#desk.position
      targets.set(row.target, live)
      await this.#desk.openUp(live)
    }
    for (const one of await rows.allAgain(pool)) {
      const event = await eventAt(parts, one.request)
      const live = targets.get(one.target)
      const directive = event?.fact && live?.outlet.directive(event.fact)
      if (live && directive && 'again' in directive && 'from' in directive.again) agains.set(one.event, { ...one, range: directive.again, live })
      else await rows.forgetAgain(pool, one.event)
    }
  }

  batches(signal: AbortSignal): AsyncGenerator<Batch> {
    return alongside({ ...this.#desk.parts, from: this.#desk.position, signal })
  }

  /** True when there is something to read on for. */
  async take({ events, position }: Batch): Promise<boolean> {
    const desk = this.#desk
    const before = desk.agains.size
    const taken: Taken = { wanted: [], again: [], touched: new Set(), gone: new Set() }
    for (const event of events) if (event.fact) await this.#consider(event, taken)
    const { wanted, again, touched, gone } = taken
    desk.position = position
    const isLate = desk.clock.now() - this.#saved_ms >= saved_ms
    if (touched.size > 0 || isLate) {
      for (const live of touched) if (live.isLevel) live.position = position
      await this.#save(taken, [...desk.agains.values()].slice(before), isLate)
      this.#saved_ms = desk.clock.now()
    }
    for (const target of gone) {
      desk.dispatch.close(target)
      desk.targets.delete(target)
    }
    for (const { event } of wanted) this.#sending.remember(event)
    for (const live of touched) if (live.view) await desk.openUp(live)
    desk.dispatch.add(wanted.map(({ row }) => itemOf(row)))
    for (const { live, events } of again) await this.#wantAgain(live, events)
    return desk.agains.size > 0 || [...touched].some(({ isLevel }) => !isLevel)
  }

  async #consider(event: Received, taken: Taken) {
    const { wanted, touched, gone } = taken
    for (const live of await this.#desk.wanting(event, ({ isLevel }) => isLevel)) {
      wanted.push({ row: rowOf(event, live), event })
      touched.add(live)
      live.pending++
      if (live.isFull) Object.assign(live, { isLevel: false, position: event.position })
    }
    const live = this.#evolved(event)
    if (!live) return
    touched.add(live)
    const directive = live.outlet.directive(event.fact!)
    if (directive) this.#obey(directive, live, event, taken)
    if (!live.view) gone.add(live.target)
    else if (!live.isOpen && live.isLevel) Object.assign(live, { isLevel: false, position: event.position })
  }

  /** The target whose own fact this is, as it stands with it. */
  #evolved({ fact, stream, position }: Received): LiveTarget | undefined {
    const { parts: { outlets, bounds = usualBounds }, targets } = this.#desk
    const outlet = outlets.find(({ fold }) => fold.category === fact!.category)
    if (!outlet) return undefined
    let live = targets.get(stream)
    if (!live) {
      live = new LiveTarget(outlet, { organization: fact!.organization, target: stream, state: outlet.fold.initial, position, isLevel: true }, bounds)
      targets.set(stream, live)
    }
    live.state = outlet.fold.evolve(live.state, fact as never, fact!)
    live.view = outlet.target(live.state)
    live.hasGivenUp = false
    return live
  }

  #obey(directive: Directive, live: LiveTarget, event: Received, { wanted, again }: Taken) {
    if ('begin' in directive) {
      const isHere = directive.begin === 'here'
      Object.assign(live, { isLevel: isHere, position: isHere ? event.position : BigInt(directive.begin) })
    } else if ('send' in directive) {
      if (wanted.some(({ row }) => row.event === event.eventId && row.target === live.target)) return
      wanted.push({ row: rowOf(event, live), event })
      live.pending++
    } else if ('events' in directive.again) {
      again.push({ live, events: directive.again.events })
    } else {
      const { from, to } = directive.again
      this.#desk.agains.set(event.eventId, {
        event: event.eventId, target: live.target, at: BigInt(from), to: to === null ? event.position : BigInt(to), looked: 0, range: directive.again, live,
        request: { stream: event.stream, revision: event.revision },
      })
    }
  }

  async #save({ wanted, touched, gone }: Taken, agains: readonly (rows.Again & { readonly request: unknown })[], isLate: boolean) {
    const { parts: { pool, store }, position } = this.#desk
    await transaction(pool, async (db) => {
      // A crash of Postgres takes back the position with the rows: the log still has them.
      await db.query('set local synchronous_commit = off')
      await rows.saveRows(db, wanted.map(({ row }) => row), false)
      await rows.saveTargets(db, [...touched].filter(({ view }) => view))
      for (const target of gone) await rows.forgetTarget(db, target)
      for (const one of agains) await rows.saveAgain(db, one, one.request)
      if (isLate) await db.query('update delivery_target set position = $1 where is_level', [String(position)])
      await rows.savePosition(db, store, position)
    })
  }

  async #wantAgain(live: LiveTarget, events: readonly string[]) {
    const { parts: { pool }, dispatch } = this.#desk
    const changed = await rows.wantAgain(pool, live.target, events)
    live.pending += changed.length
    dispatch.add((await rows.pendingRows(pool, live.target, changed)).map((row) => itemOf(row)))
  }
}
