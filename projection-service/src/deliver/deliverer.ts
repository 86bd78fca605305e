import { FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import { again_max, failedOnce, isFailing, noFailures, waitAfter, type Directive, type Outlet, type Stretch, type Told } from 'shared-domain/kernel/outlet.ts'
import type { SettingsStand } from 'shared-domain/kernel/settings.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { heard } from 'shared-service/heard.ts'
import { pause } from 'shared-service/pause.ts'
import type { Sealing } from 'shared-service/sealing.ts'
import { v5 } from 'uuid'
import { received, type Received } from '../facts.ts'
import { batches } from '../follow.ts'
import { transaction } from '../migrations.ts'
import type { Batch } from '../projector.ts'
import type { Recent } from '../recent.ts'
import { wallClock, type Clock } from './clock.ts'
import { Dispatch, type Item, type Outcome } from './dispatch.ts'
import { GroupCommit } from './group-commit.ts'
import { Labels } from './labels.ts'
import { LiveTarget, usualBounds, type Bounds } from './live-target.ts'
import { poster as usualPoster, type Answered, type Poster } from './posting.ts'
import * as rows from './rows.ts'
import type { Attempt, DeliveryRow, PendingRow } from './rows.ts'
import { Sending } from './sending.ts'

const batch_max = 500
const page_max = 500
const saved_ms = 1_000
const retry_max_ms = 5_000
const forget_ms = 3_600_000
const gone_status = 410
const namespace = 'b1d6f2f0-6f5e-5c38-9a57-0f4e2c9d7a11'

export interface Parts {
  readonly client: EventStoreDBClient
  readonly pool: Pool
  /** What the projector hears. */
  readonly recent: Pick<Recent, 'after' | 'reaches'>
  readonly outlets: readonly Outlet[]
  readonly categories: readonly string[]
  readonly definitions: Definitions
  readonly settings: SettingsStand
  readonly sealing: Sealing
  readonly networks: readonly string[]
  readonly store: string
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  readonly clock?: Clock
  readonly poster?: Poster
  readonly bounds?: Bounds
}

interface Sent extends Item {
  readonly row: DeliveryRow
  attempt: number
}

type Range = Stretch
interface Again extends rows.Again {
  readonly range: Range
  readonly live: LiveTarget
  /** The fact that asks for it. */
  readonly request: { readonly stream: string; readonly revision: number }
}

/**
 * Sends facts outside. It follows the log and writes what is wanted of it down, with how far it got, in one transaction; then it sends what
 * is written. Whoever leads next goes on from there, and repeats at most what was under way.
 */
export class Deliverer {
  readonly #parts: Parts
  readonly #clock: Clock
  readonly #poster: Poster
  delivered = 0
  position = -1n

  constructor(parts: Parts) {
    this.#parts = parts
    this.#clock = parts.clock ?? wallClock
    this.#poster = parts.poster ?? usualPoster()
  }

  /** Goes on until the signal, whatever stands in the way. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await new Session(this.#parts, this.#clock, this.#poster, this).run(signal)
        failures = 0
      } catch (error) {
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'deliveries start again from what is stored')
      }
      await pause(Math.min(retry_max_ms, 50 * 2 ** failures), signal)
    }
  }
}

class Session {
  readonly #parts: Parts
  readonly #clock: Clock
  readonly #told: Deliverer
  readonly #bounds: Bounds
  readonly #poster: Poster
  readonly #over = new AbortController()
  readonly #targets = new Map<string, LiveTarget>()
  readonly #agains = new Map<string, Again>()
  readonly #sending: Sending
  readonly #labels: Labels
  readonly #dispatch: Dispatch<Sent>
  readonly #attempts: GroupCommit<Attempt>
  #position = -1n
  #saved_ms = -Infinity
  #turn: Promise<unknown> = Promise.resolve()
  #wakeReader = () => {}

  constructor(parts: Parts, clock: Clock, poster: Poster, told: Deliverer) {
    this.#parts = parts
    this.#clock = clock
    this.#told = told
    this.#poster = poster
    this.#bounds = parts.bounds ?? usualBounds
    this.#sending = new Sending({ ...parts, clock, poster })
    this.#labels = new Labels(parts.client, parts.definitions)
    this.#dispatch = new Dispatch<Sent>(clock, (item) => this.#send(item))
    this.#attempts = new GroupCommit((some) => this.#record(some))
  }

  async run(until: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([until, this.#over.signal])
    await this.#load()
    const forgetting = setInterval(() => void rows.forgetPast(this.#parts.pool, this.#clock.now()).catch(() => undefined), forget_ms)
    const reading = this.#readOn(signal)
    try {
      for await (const batch of this.#following(signal)) await this.#exclusively(() => this.#take(batch))
      if (!signal.aborted) throw new Error('the log ended')
    } finally {
      clearInterval(forgetting)
      this.#over.abort()
      this.#wakeReader()
      // What is under way is cut, and sent again by whoever goes on.
      this.#poster.close()
      await reading.catch(() => undefined)
      await this.#dispatch.end()
    }
  }

  async #load() {
    const { pool, store, outlets } = this.#parts
    this.#position = await rows.savedPosition(pool, store) ?? -1n
    for (const row of await rows.allTargets(pool)) {
      const outlet = outlets.find(({ fold }) => fold.category === partsOf(row.target).category)
      if (!outlet) continue
      const live = new LiveTarget(outlet, row, this.#bounds)
      Object.assign(live, { failures: row.failures, lastSuccess_ms: row.lastSuccess_ms })
      if (live.isLevel) live.position = this.#position
      this.#targets.set(row.target, live)
      await this.#openUp(live)
    }
    for (const one of await rows.allAgain(pool)) {
      const event = await this.#eventAt(one.request)
      const live = this.#targets.get(one.target)
      const directive = event?.fact && live?.outlet.directive(event.fact)
      if (live && directive && 'again' in directive && 'from' in directive.again) this.#agains.set(one.event, { ...one, range: directive.again, live })
      else await rows.forgetAgain(pool, one.event)
    }
  }

  async* #following(signal: AbortSignal): AsyncGenerator<Batch> {
    const { client, categories, definitions, recent } = this.#parts
    for (let from = this.#position; !signal.aborted;) {
      for await (const batch of recent.after(from, batch_max, signal)) {
        yield batch
        from = batch.position
      }
      for await (const batch of batches({ client, categories, definitions, from, batch_max, signal })) {
        yield batch
        from = batch.position
        if (recent.reaches(from)) break
      }
    }
  }

  /** One after the other, so that whoever reads on for one target and whoever follows for all agree on where each stands. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #take({ events, position }: Batch) {
    const { pool, store } = this.#parts
    const wanted: { readonly row: DeliveryRow; readonly event: Received }[] = []
    const touched = new Set<LiveTarget>()
    const gone = new Set<string>()
    const again: { readonly live: LiveTarget; readonly events: readonly string[] }[] = []
    const before = this.#agains.size
    for (const event of events.filter(({ fact }) => fact)) {
      for (const live of await this.#wanting(event, ({ isLevel }) => isLevel)) {
        wanted.push({ row: rowOf(event, live), event })
        touched.add(live)
        if (++live.pending && live.isFull) Object.assign(live, { isLevel: false, position: event.position })
      }
      const live = this.#evolved(event)
      if (!live) continue
      touched.add(live)
      const directive = live.outlet.directive(event.fact!)
      if (directive) this.#obey(directive, live, event, { wanted, again })
      if (!live.view) gone.add(live.target)
      else if (!live.isOpen && live.isLevel) Object.assign(live, { isLevel: false, position: event.position })
    }
    this.#position = position
    const isLate = this.#clock.now() - this.#saved_ms >= saved_ms
    if (touched.size > 0 || isLate) {
      for (const live of touched) if (live.isLevel) live.position = position
      await transaction(pool, async (db) => {
        await rows.saveRows(db, wanted.map(({ row }) => row), false)
        await rows.saveTargets(db, [...touched].filter(({ view }) => view))
        for (const target of gone) await rows.forgetTarget(db, target)
        for (const one of [...this.#agains.values()].slice(before)) await rows.saveAgain(db, one, one.request)
        if (isLate) await db.query('update delivery_target set position = $1 where is_level', [String(position)])
        await rows.savePosition(db, store, position)
      })
      this.#saved_ms = this.#clock.now()
    }
    for (const target of gone) {
      this.#dispatch.close(target)
      this.#targets.delete(target)
    }
    for (const { event } of wanted) this.#sending.remember(event)
    for (const live of touched) if (live.view) await this.#openUp(live)
    this.#dispatch.add(wanted.map(({ row }) => itemOf(row)))
    for (const { live, events } of again) await this.#wantAgain(live, events)
    if ([...touched].some(({ isLevel }) => !isLevel) || this.#agains.size > 0) this.#wakeReader()
    this.#told.position = position
  }

  /** Targets that want a fact, among those that are meant. */
  async #wanting(event: Received, isMeant: (live: LiveTarget) => boolean): Promise<readonly LiveTarget[]> {
    const { organization } = event.fact!
    const meant = [...this.#targets.values()].filter((live) => live.organization === organization && live.isOpen && isMeant(live))
    if (meant.length === 0) return []
    const label = meant.some(({ view }) => view!.wantsLabel) ? await this.#labels.of(event) : null
    const told = this.#toldOf(event, label)
    return meant.filter(({ view }) => view!.wants(told))
  }

  #toldOf({ fact }: Received, label: string | null): Told {
    const { type, data, id } = fact!
    return { fact: fact!, recipient: this.#parts.definitions[type]!.recipient?.(data as never, id) ?? null, label: () => label }
  }

  /** The target whose own fact this is, as it stands with it. */
  #evolved({ fact, stream, position }: Received): LiveTarget | undefined {
    const outlet = this.#parts.outlets.find(({ fold }) => fold.category === fact!.category)
    if (!outlet) return undefined
    let live = this.#targets.get(stream)
    if (!live) {
      live = new LiveTarget(outlet, { organization: fact!.organization, target: stream, state: outlet.fold.initial, position, isLevel: true }, this.#bounds)
      this.#targets.set(stream, live)
    }
    live.state = outlet.fold.evolve(live.state, fact as never, fact!)
    live.view = outlet.target(live.state)
    live.hasGivenUp = false
    return live
  }

  #obey(directive: Directive, live: LiveTarget, event: Received, { wanted, again }: { wanted: { row: DeliveryRow; event: Received }[]; again: { live: LiveTarget; events: readonly string[] }[] }) {
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
      this.#agains.set(event.eventId, {
        event: event.eventId, target: live.target, at: BigInt(from), to: to === null ? event.position : BigInt(to), looked: 0, range: directive.again, live,
        request: { stream: event.stream, revision: event.revision },
      })
    }
  }

  /** Lets what is written for a target be sent, or no longer. */
  async #openUp(live: LiveTarget) {
    const { target, view, isOpen, host } = live
    if (!isOpen) {
      this.#dispatch.close(target)
      return
    }
    const isNew = !this.#dispatch.isOpen(target)
    this.#dispatch.open(target, { host, parallel: view!.parallel })
    if (!isNew) return
    const waiting = await rows.pendingRows(this.#parts.pool, target)
    live.pending = waiting.length
    this.#dispatch.add(waiting.map((row) => itemOf(row)))
  }

  async #wantAgain(live: LiveTarget, events: readonly string[]) {
    const { pool } = this.#parts
    const changed = await rows.wantAgain(pool, live.target, events)
    live.pending += changed.length
    this.#dispatch.add((await rows.pendingRows(pool, live.target, changed)).map((row) => itemOf(row)))
  }

  /** Reads the log for those that do not stand where it is followed, and once more for those that want it again. */
  async #readOn(signal: AbortSignal) {
    while (!signal.aborted) {
      const behind = [...this.#targets.values()].filter((live) => !live.isLevel && live.isOpen && !live.isFull)
      for (const live of behind) await this.#retrying(signal, () => this.#catchUp(live))
      for (const again of [...this.#agains.values()]) await this.#retrying(signal, () => this.#lookAgain(again))
      const isIdle = this.#agains.size === 0 && ![...this.#targets.values()].some((live) => !live.isLevel && live.isOpen && !live.isFull)
      if (isIdle && !signal.aborted) await new Promise<void>((resolve) => { this.#wakeReader = resolve })
    }
  }

  async #retrying(signal: AbortSignal, run: () => Promise<void>) {
    await run().catch(async (error: unknown) => {
      if (signal.aborted) return
      this.#parts.log.warn({ err: error }, 'a part of the log is read again')
      await pause(1_000, signal)
    })
  }

  /** One page for a target that is behind. */
  async #catchUp(live: LiveTarget) {
    const { events, end } = await this.#page(live.position)
    await this.#exclusively(async () => {
      if (live.isLevel || !live.isOpen) return
      const wanted: DeliveryRow[] = []
      let reached = live.position
      for (const event of events) {
        if (event.position > this.#position || live.isFull) break
        reached = event.position
        if (!event.fact || (await this.#wanting(event, (one) => one === live)).length === 0) continue
        wanted.push(rowOf(event, live))
        live.pending++
      }
      live.isLevel = !live.isFull && (end || (events.at(-1)?.position ?? 0n) >= this.#position)
      live.position = live.isLevel ? this.#position : reached
      await this.#save(live, wanted, false)
    })
  }

  /** One page of what a target wants once more. */
  async #lookAgain(again: Again) {
    const { event: id, live, range, to } = again
    const { events, end } = await this.#page(again.at)
    await this.#exclusively(async () => {
      const looked = events.filter(({ position }) => position <= to).slice(0, again_max - again.looked)
      const wanted: DeliveryRow[] = []
      for (const event of looked) {
        if (!event.fact || (range.types && !range.types(event.fact))) continue
        if ((await this.#wanting(event, (one) => one === live)).length > 0) wanted.push(rowOf(event, live))
      }
      live.pending += wanted.length
      await this.#save(live, wanted, true)
      const next = { ...again, at: events.at(-1)?.position ?? to, looked: again.looked + looked.length }
      const isOver = end || next.at >= to || next.looked >= again_max || !this.#targets.has(live.target)
      if (isOver) {
        this.#agains.delete(id)
        await rows.forgetAgain(this.#parts.pool, id)
      } else {
        this.#agains.set(id, next)
        await rows.saveAgain(this.#parts.pool, next, next.request)
      }
    })
  }

  async #save(live: LiveTarget, wanted: readonly DeliveryRow[], isAgain: boolean) {
    await transaction(this.#parts.pool, async (db) => {
      await rows.saveRows(db, wanted, isAgain)
      await rows.saveTargets(db, [live])
    })
    this.#dispatch.add(wanted.map((row) => itemOf(row)))
  }

  /** Facts behind a position, as many as are read at once; `end` where there are no more. */
  async #page(from: bigint): Promise<{ readonly events: readonly Received[]; readonly end: boolean }> {
    const { client, categories, definitions } = this.#parts
    const fromPosition = from > 0n ? { commit: from, prepare: from } : START
    const events: Received[] = []
    let count = 0
    for await (const { event } of heard(client.readAll({ direction: FORWARDS, fromPosition, maxCount: page_max }))) {
      count++
      // Reading begins with what stands at the position itself.
      if (event && event.position.commit > from && categories.includes(partsOf(event.streamId).category)) events.push(received(event as never, definitions))
    }
    return { events, end: count < page_max }
  }

  async #eventAt({ stream, revision }: { stream: string; revision: number }): Promise<Received | undefined> {
    let found: Received | undefined
    for await (const { event } of heard(this.#parts.client.readStream(stream, { fromRevision: BigInt(revision), maxCount: 1 })))
      if (event) found = received(event as never, this.#parts.definitions)
    return found
  }

  async #send(item: Sent): Promise<Outcome> {
    const { row } = item
    const live = this.#targets.get(row.target)
    if (!live?.isOpen || this.#over.signal.aborted) return { again_ms: this.#clock.now() + saved_ms }
    let answered: Answered
    try {
      answered = await this.#sending.send(row, live)
    } catch (error) {
      this.#parts.log.warn({ err: error, target: row.target, event: row.event }, 'a delivery could not be tried')
      return { again_ms: this.#clock.now() + saved_ms }
    }
    const now_ms = this.#clock.now()
    const attempt = item.attempt + 1
    const wait_ms = answered.error === null ? null : waitAfter(row.event, attempt, answered.retryAfter_s)
    const state = answered.error === null ? 'DELIVERED' : wait_ms === null ? 'DEAD' : 'PENDING'
    live.failures = state === 'DELIVERED' ? noFailures : failedOnce(live.failures, now_ms)
    if (state === 'DELIVERED') live.lastSuccess_ms = now_ms
    await this.#attempts.add({ row, attempt, state, next_ms: wait_ms === null ? null : now_ms + wait_ms, at_ms: now_ms, answered })
    if (answered.status === gone_status) await this.#giveUp(live, row, 'gone')
    else if (isFailing(live.failures, now_ms)) await this.#giveUp(live, row, 'failing')
    item.attempt = attempt
    if (state === 'PENDING') return { again_ms: now_ms + wait_ms! }
    live.pending--
    if (state === 'DELIVERED') this.#told.delivered++
    if (!live.isLevel && !live.isFull) this.#wakeReader()
    return 'done'
  }

  /** Once written, it counts: a failure to write is tried again for as long as there is somebody to try. */
  async #record(attempts: readonly Attempt[]) {
    const { pool, log } = this.#parts
    const targets = [...new Set(attempts.map(({ row }) => row.target))].flatMap((target) => this.#targets.get(target) ?? [])
    while (!this.#over.signal.aborted) {
      try {
        return await transaction(pool, async (db) => {
          await rows.saveAttempts(db, attempts)
          await rows.saveHealth(db, targets)
        })
      } catch (error) {
        log.warn({ err: error }, 'what became of deliveries is written again')
        await pause(saved_ms, this.#over.signal)
      }
    }
  }

  async #giveUp(live: LiveTarget, { event }: DeliveryRow, cause: 'failing' | 'gone') {
    if (live.hasGivenUp) return
    live.hasGivenUp = true
    const { organization, target, outlet, id } = live
    const key = `${outlet.name}:${target}:${cause}:${event}`
    const errand = { intent: outlet.gaveUp(id, cause), process: outlet.name, commandId: v5(key, namespace), organization, correlationId: event, causationId: event }
    await rows.sendIntent(this.#parts.pool, key, errand).catch((error: unknown) => {
      live.hasGivenUp = false
      this.#parts.log.error({ err: error, target }, 'that a target is to be given up could not be said')
    })
  }
}

const rowOf = ({ fact, eventId, position, stream, revision, type }: Received, { organization, target }: LiveTarget): DeliveryRow =>
  ({ organization: fact!.organization ?? organization, target, event: eventId, position, stream, revision, type })

const itemOf = (row: DeliveryRow & Partial<PendingRow>): Sent =>
  ({ row, target: row.target, line: row.stream, place: row.revision, due_ms: row.next_ms ?? 0, attempt: row.attempt ?? 0 })
