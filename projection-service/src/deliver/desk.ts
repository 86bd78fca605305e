import type { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Outlet, Stretch, Told } from 'shared-domain/kernel/outlet.ts'
import type { SettingsStand } from 'shared-domain/kernel/settings.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import type { Sealing } from 'shared-service/sealing.ts'
import type { Received } from '../facts.ts'
import { transaction } from '../migrations.ts'
import type { Recent } from '../recent.ts'
import type { Clock } from './clock.ts'
import { Dispatch, type Item, type Outcome } from './dispatch.ts'
import { Labels } from './labels.ts'
import type { Bounds, LiveTarget } from './live-target.ts'
import type { Poster } from './posting.ts'
import * as rows from './rows.ts'
import type { DeliveryRow, PendingRow } from './rows.ts'

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

/** A delivery on its way. */
export interface Sent extends Item {
  readonly row: DeliveryRow
  attempt: number
}

/** A part of the log that a target wants once more. */
export interface Again extends rows.Again {
  readonly range: Stretch
  readonly live: LiveTarget
  /** The fact that asks for it. */
  readonly request: { readonly stream: string; readonly revision: number }
}

export const rowOf = ({ fact, eventId, position, stream, revision, type }: Received, { target }: LiveTarget): DeliveryRow =>
  ({ organization: fact!.organization, target, event: eventId, position, stream, revision, type })

export const itemOf = (row: DeliveryRow & Partial<PendingRow>): Sent =>
  ({ row, target: row.target, line: row.stream, place: row.revision, due_ms: row.next_ms ?? 0, attempt: row.attempt ?? 0 })

/** What those share who follow the log, read on in it and send. */
export class Desk {
  readonly parts: Parts
  readonly clock: Clock
  readonly over = new AbortController()
  readonly targets = new Map<string, LiveTarget>()
  readonly agains = new Map<string, Again>()
  readonly dispatch: Dispatch<Sent>
  /** Up to here the log was followed for all. */
  position = -1n
  readonly #labels: Labels
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: Parts, clock: Clock, send: (item: Sent) => Promise<Outcome>) {
    this.parts = parts
    this.clock = clock
    this.#labels = new Labels(parts.client, parts.definitions)
    this.dispatch = new Dispatch<Sent>(clock, send)
  }

  /** One after the other, so that whoever reads on for one target and whoever follows for all agree on where each stands. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Targets that want a fact, among those that are meant. */
  async wanting(event: Received, isMeant: (live: LiveTarget) => boolean): Promise<readonly LiveTarget[]> {
    const { organization } = event.fact!
    const meant = [...this.targets.values()].filter((live) => live.organization === organization && live.isOpen && isMeant(live))
    if (meant.length === 0) return []
    const label = meant.some(({ view }) => view!.wantsLabel) ? await this.#labels.of(event) : null
    const told = this.#toldOf(event, label)
    return meant.filter(({ view }) => view!.wants(told))
  }

  #toldOf({ fact }: Received, label: string | null): Told {
    const { type, data, id } = fact!
    return { fact: fact!, recipient: this.parts.definitions[type]!.recipient?.(data as never, id) ?? null, label: () => label }
  }

  /** Lets what is written for a target be sent, or no longer. */
  async openUp(live: LiveTarget): Promise<void> {
    const { target, view, isOpen, host } = live
    if (!isOpen) return this.dispatch.close(target)
    const isNew = !this.dispatch.isOpen(target)
    this.dispatch.open(target, { host, parallel: view!.parallel })
    if (!isNew) return
    const waiting = await rows.pendingRows(this.parts.pool, target)
    live.pending = waiting.length
    this.dispatch.add(waiting.map((row) => itemOf(row)))
  }

  /** Writes down what one target wants, with how far that was looked for, and lets it be sent. */
  async save(live: LiveTarget, wanted: readonly DeliveryRow[], isAgain: boolean): Promise<void> {
    await transaction(this.parts.pool, async (db) => {
      await rows.saveRows(db, wanted, isAgain)
      await rows.saveTargets(db, [live])
    })
    this.dispatch.add(wanted.map((row) => itemOf(row)))
  }
}
