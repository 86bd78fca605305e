import { task } from 'shared-domain/work/task/decider.ts'
import { v5 } from 'uuid'
import { Refused, type Api } from '../api.ts'
import { Gates } from './gate.ts'
import { Gatherer } from './gatherer.ts'
import { caseOf, Course, idOf, type Accepted, type Wish } from './course.ts'
import type { Mapping } from './mapping.ts'
import { cut } from './cut.ts'
import { planOf, slots_begun, slots_max, type Plan } from './plan.ts'
import type { Row } from './row.ts'

/** What the log contradicts, row by row. */
export interface Refusal {
  readonly file: string
  readonly row: number
  readonly case: string
  readonly wish: string
  readonly code: string
  readonly reason: string
}

export interface Played {
  readonly rows: number
  readonly commands: number
  readonly byWish: Readonly<Record<string, number>>
  /** What ended it before its time, and the row it came to. */
  readonly stopped?: { readonly row: Row; readonly error: unknown } | undefined
}

/** What is said of this command alone. Anything else says that the calls are wrong, or that Baton is not well: it would be said of all. */
const isOfRow = (error: unknown): error is Refused =>
  error instanceof Refused && !/^(?:FORBIDDEN|HTTP_)/.test(error.code) && (error.isVerdict || [400, 413].includes(error.status))

/** Rows under way: enough of them that many cases have something to say at once. */
const window_max = 1_000
const tries_max = 120
const pause_ms_max = 250
/** What Baton says to what is not sent, because the rows foresee the answer. */
const whys: Readonly<Record<string, { readonly says: string }>> = task.rejections
/** The plan knows that slots were given back and dependencies have ended; a moment later Baton's processes have seen to it. */
const passing = ['CAPACITY_EXCEEDED', 'DEPENDENCIES_UNMET']

/**
 * Plays rows through the command API in their order: rows of one case one after the other, cases side by side, many commands to a request.
 * Every command has an idempotency key made of the row, so the same log again changes nothing. What is refused is told of in the order of
 * the rows, whatever was answered first.
 */
export class Player {
  readonly #gatherer: Gatherer
  readonly #mapping: Mapping
  readonly #onRefusal: (refusal: Refusal) => void
  readonly #course: Course
  /** The last thing that is under way about a case. */
  readonly #tails = new Map<string, Promise<void>>()
  /** What was refused of rows that others before them still keep from being told of. */
  readonly #refusals = new Map<Row, Refusal[]>()
  readonly #byWish: Record<string, number> = {}
  readonly #gates = new Gates(slots_begun)
  #begins: Plan['begins'] = new Map()
  #vain: Plan['vain'] = new Map()
  #stopped: Played['stopped']
  #commands = 0
  #rows = 0

  constructor(api: Pick<Api, 'post' | 'together'>, mapping: Mapping, onRefusal: (refusal: Refusal) => void) {
    this.#gatherer = new Gatherer(api)
    this.#mapping = mapping
    this.#onRefusal = onRefusal
    this.#course = new Course(mapping)
  }

  /** Where something stops it, all that was under way has been answered. */
  async play(rows: readonly Row[], onProgress: (done: number) => void): Promise<Played> {
    const { owners, room, begins, ends, after, vain } = planOf(this.#mapping, rows)
    this.#vain = vain
    this.#begins = begins
    await Promise.all([...owners].map(([name, row]) => this.#guarded(row, () => this.#register(name, row))))
    for (const row of owners.values()) this.#tell(row)
    const underWay = new Set<Promise<void>>()
    const ended = new Set<Row>()
    let told = 0
    for (const row of rows) {
      if (this.#stopped) break
      const before = (room.get(row) ?? []).map((name) => this.#next(name, row, async () => {
        await this.#putBack(row, name)
        this.#gates.leave(begins.get(row)!.owner)
      }))
      for (const name of after.get(row) ?? []) before.push(this.#tails.get(name) ?? Promise.resolve())
      const done = this.#next(caseOf(row), row, async () => {
        await Promise.all(before)
        await this.#send(row, this.#course.of(row))
        for (const owner of ends.get(row) ?? []) this.#gates.leave(owner)
      }).then(() => {
        underWay.delete(done)
        ended.add(row)
        for (let next = rows[told]; next && ended.delete(next); next = rows[++told]) this.#tell(next)
        if (!this.#stopped) onProgress(++this.#rows)
      })
      underWay.add(done)
      if (underWay.size >= window_max) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    for (const row of rows.slice(told)) this.#tell(row)
    const byWish = Object.fromEntries(Object.entries(this.#byWish).sort())
    return { rows: this.#rows, commands: this.#commands, byWish, ...(this.#stopped ? { stopped: this.#stopped } : {}) }
  }

  /** Does it when all is done that was asked about the case before. */
  #next(name: string, row: Row, work: () => Promise<void>): Promise<void> {
    const mine = (this.#tails.get(name) ?? Promise.resolve())
      .then(() => this.#guarded(row, work))
      .then(() => { if (this.#tails.get(name) === mine) this.#tails.delete(name) })
    this.#tails.set(name, mine)
    return mine
  }

  /** Does it unless something has stopped the import, and notes what stops it. */
  async #guarded(row: Row, work: () => Promise<void>) {
    try {
      if (!this.#stopped) await work()
    } catch (error) {
      this.#stopped ??= { row, error }
      this.#gates.open()
    }
  }

  async #register(name: string, row: Row) {
    const id = idOf(this.#mapping, 'orchestrator', name)
    const send = async (what: string, path: string, body: object) => {
      await this.#gatherer.post(path, body, { key: `${this.#mapping.name} ${what} ${id}`, importedAt: row.at })
      this.#commands++
    }
    try {
      await send('register', '/orchestrators', { id, name: cut(name, 100), maxConcurrentTasks: slots_max })
      await send('activate', `/orchestrators/${id}/activate`, { reason: 'imported' })
    } catch (error) {
      if (!isOfRow(error) || error.status === 404) throw error
      this.#report(row, 'register', error.code, error.message)
    }
  }

  async #putBack(row: Row, name: string) {
    await this.#send(row, this.#course.putBack(row, name), ` ${this.#course.cases.get(name)?.id}`)
  }

  async #send(row: Row, wishes: Generator<Wish, void, Accepted>, about = '') {
    for (let wish = wishes.next(); !wish.done;) {
      wish = wishes.next(await this.#wish(row, wish.value, about))
    }
  }

  /** Sends one command; a refusal is reported with its row and is no reason to stop. */
  async #wish(row: Row, { name, path, body, at }: Wish, about: string): Promise<Accepted> {
    const code = this.#vain.get(row)?.get(name)
    if (code) return this.#report(row, name, code, whys[code]?.says ?? code)
    const begin = name === 'start' ? this.#begins.get(row) : undefined
    if (begin) await this.#gates.enter(begin.owner, begin.nth)
    if (this.#stopped) throw this.#stopped.error
    const key = `${this.#mapping.name} ${this.#sourceOf(row)} ${row.number} ${name}${about}`
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#gatherer.post(path, body, { key, importedAt: at })
        this.#commands++
        this.#byWish[name] = (this.#byWish[name] ?? 0) + 1
        return answer
      } catch (error) {
        if (!isOfRow(error)) throw error
        if (!passing.includes(error.code) || tries >= tries_max) return this.#report(row, name, error.code, error.message)
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause_ms_max, 25 * tries)))
    }
  }

  /** A file may be several sources, and its name hold what no header may. */
  #sourceOf({ source }: Row): string {
    const file = /^[\x20-\x7e]{1,150}$/.test(source.file) ? source.file : v5(source.file, v5.URL)
    const nth = this.#mapping.sources.filter((other) => other.file === source.file).indexOf(source)
    return nth > 0 ? `${file}:${nth}` : file
  }

  #report(row: Row, wish: string, code: string, reason: string): undefined {
    const refusal = { file: row.source.file, row: row.number, case: caseOf(row), wish, code, reason }
    this.#refusals.set(row, [...this.#refusals.get(row) ?? [], refusal])
  }

  #tell(row: Row) {
    // Cases that make room for one row do so side by side.
    const refusals = this.#refusals.get(row) ?? []
    this.#refusals.delete(row)
    for (const refusal of refusals.toSorted((a, b) => (a.wish < b.wish ? -1 : a.wish > b.wish ? 1 : a.code < b.code ? -1 : 1))) this.#onRefusal(refusal)
  }
}
