import { changed, changesOf, placeOf, type Change, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import type { Received } from './facts.ts'
import { numbersOf, type Table } from './tables.ts'

/** A fact that a read model cannot take. */
export interface Misfit {
  readonly event: Received
  readonly error: string
}

interface Step {
  readonly event: Received
  readonly changes: readonly { readonly place: string; readonly change: Change }[]
}

interface Plan {
  readonly steps: readonly Step[]
  /** By stream. */
  readonly misfits: Map<string, Misfit>
  readonly waiting: Map<string, number>
}

/** What facts change in one table: rows to write, rows to remove, and those facts that did not fit. */
export interface Net {
  readonly put: readonly Row[]
  readonly removed: readonly Row[]
  readonly misfits: readonly Misfit[]
  /** Facts behind a misfit of their stream. */
  readonly waiting: ReadonlyMap<string, number>
}

interface RowCache {
  get(place: string): Row | undefined
  set(place: string, row: Row): unknown
  delete(place: string): unknown
}

/** No text of Postgres may hold a NUL. */
const messageOf = (error: unknown) => (error as Error).message.replaceAll('\0', '')

/** Folds facts into one read model: first it says which rows it must know, then what becomes of them. */
export class Fold {
  readonly table: Table
  readonly #model: ReadModel
  readonly #numbers: readonly string[]
  readonly #cache: RowCache
  /** Rows that the facts at hand build upon: the cache may forget them meanwhile. */
  readonly #known = new Map<string, Row>()
  /** Rows are worth keeping once the model changes rows that exist. */
  #isRevisiting = false

  constructor(table: Table, cache: RowCache) {
    this.table = table
    this.#model = table.model
    this.#numbers = numbersOf(table.model)
    this.#cache = cache
  }

  #placed(organization: string, row: Row): string {
    let place = `${this.table.name} ${organization}`
    for (const column of this.#model.key) place += ` ${row[column]}`
    return place
  }

  /** The place of a full row. */
  placeOf({ organization, ...row }: Row): string {
    return this.#placed(organization as string, row)
  }

  /** Facts as changes, in order; those of streams that are parked, or get parked here, wait. */
  steps(events: readonly Received[], isParked: (stream: string) => boolean): Plan {
    const steps: Step[] = []
    const misfits = new Map<string, Misfit>()
    const waiting = new Map<string, number>()
    for (const event of events) {
      const { stream, fact, fault } = event
      if (waiting.has(stream) || isParked(stream)) {
        waiting.set(stream, (waiting.get(stream) ?? 0) + 1)
        continue
      }
      try {
        if (!fact) throw new Error(fault)
        const changes = changesOf(this.#model, fact).map((change) => ({ change, place: this.#placed(fact.organization, placeOf(change)) }))
        if (changes.length > 0) steps.push({ event, changes })
      } catch (error) {
        misfits.set(stream, { event, error: messageOf(error) })
        waiting.set(stream, 0)
      }
    }
    return { steps, misfits, waiting }
  }

  /** Keys of rows that the steps build upon and that are not in memory. */
  missing(steps: readonly Step[]): readonly Row[] {
    this.#known.clear()
    const seen = new Set<string>()
    const missing: Row[] = []
    for (const { event, changes } of steps) {
      for (const { change, place } of changes) {
        if (seen.has(place)) continue
        seen.add(place)
        if ('put' in change || 'remove' in change) continue
        this.#isRevisiting = true
        const cached = this.#cache.get(place)
        if (cached) {
          this.#known.set(place, cached)
          continue
        }
        const at = placeOf(change)
        missing.push({ organization: event.fact!.organization, ...Object.fromEntries(this.#model.key.map((column) => [column, at[column]])) })
      }
    }
    return missing
  }

  /** Rows as the database gave them. */
  learn(rows: readonly Row[]): void {
    for (const { organization, ...row } of rows) {
      const known: Record<string, unknown> = row
      for (const column of this.#numbers) known[column] = Number(known[column])
      this.#known.set(this.#placed(organization as string, known), known)
    }
  }

  /** The net effect. The cache is only changed by `keep`, once it is written. */
  net({ steps, misfits, waiting }: Plan): Net & { keep(): void } {
    const touched = new Map<string, { readonly organization: string; readonly row: Row | undefined; readonly key: Row }>()
    const stopped = new Set<string>()
    for (const { event, changes } of steps) {
      if (stopped.has(event.stream)) {
        waiting.set(event.stream, waiting.get(event.stream)! + 1)
        continue
      }
      try {
        const { organization } = event.fact!
        const after = new Map<string, { organization: string; row: Row | undefined; key: Row }>()
        for (const { change, place } of changes) {
          const before = after.get(place) ?? touched.get(place)
          after.set(place, { organization, key: placeOf(change), row: changed(this.#model, before ? before.row : this.#known.get(place), change) })
        }
        // All changes of a fact, or none.
        for (const [place, result] of after) touched.set(place, result)
      } catch (error) {
        // It stands before any that was found earlier: that one now waits, too.
        waiting.set(event.stream, (waiting.get(event.stream) ?? -1) + 1)
        misfits.set(event.stream, { event, error: messageOf(error) })
        stopped.add(event.stream)
      }
    }
    const put: Row[] = []
    const removed: Row[] = []
    for (const { organization, row, key } of touched.values()) {
      if (row) put.push({ organization, ...row })
      else removed.push({ organization, ...Object.fromEntries(this.#model.key.map((column) => [column, key[column]])) })
    }
    return {
      put, removed, waiting, misfits: [...misfits.values()],
      keep: () => {
        for (const [place, { row }] of touched) {
          if (row && this.#isRevisiting) this.#cache.set(place, row)
          else this.#cache.delete(place)
        }
      },
    }
  }
}
