import { sql, type Kysely } from 'kysely'
import type { FastifyBaseLogger } from 'fastify'
import { instant, later } from 'shared-domain/kernel/time.ts'
import type { Errand } from './intents.ts'
import { pause } from 'shared-service/pause.ts'

export interface Timer {
  readonly key: string
  readonly due: string
  /** Log position of the fact that asked for it: of two, the later one counts. */
  readonly position: bigint
  readonly errand: Errand
}

export type Withdrawn = Pick<Timer, 'key' | 'position'> & {
  /** All whose keys begin so. */
  readonly isPrefix?: true
}

interface Due {
  readonly key: string
  readonly position: string
  readonly intent: Errand
}

/** How many are carried out at once. */
const page_max = 200
const poll_max_ms = 1_000
const retry_ms = 5_000
/** Whoever takes the lead again so soon has listened all the time. */
const pause_max_ms = 5_000

/** Timers as rows: what is due becomes a command, also after a restart. */
export class Timers {
  readonly #db: Kysely<any>
  #wake: () => void = () => undefined
  /** Since when it is listened here, and until when it was. */
  #since: string | undefined
  #until_ms = -Infinity

  /** Organizations whose timers wait. */
  readonly #asleep = new Set<string>()
  readonly #sleeps: (organization: string) => Promise<boolean>

  /** `sleeps` says whether the timers of an organization wait for now, whatever is due. */
  constructor(db: Kysely<any>, sleeps: (organization: string) => Promise<boolean> = async () => false) {
    this.#db = db
    this.#sleeps = sleeps
  }

  /**
   * Sets and withdraws, both in one statement each. Of two words on a key the later counts: who led before and is late withdraws nothing
   * that was set after it. What he sets late may come once too often; its command looks again.
   */
  async change(set: readonly Timer[], withdrawn: readonly Withdrawn[], trx: Kysely<any> = this.#db): Promise<void> {
    for (const isPrefix of [undefined, true] as const) await this.#withdraw(withdrawn.filter((one) => one.isPrefix === isPrefix), isPrefix, trx)
    if (set.length === 0) return
    await sql`insert into timer (key, due, position, intent)
      select * from unnest(${set.map(({ key }) => key)}::text[], ${set.map((timer) => this.#dueOf(timer))}::timestamptz[],
        ${set.map(({ position }) => String(position))}::bigint[], ${set.map(({ errand }) => JSON.stringify(errand))}::jsonb[])
      on conflict (key) do update set due = excluded.due, position = excluded.position, intent = excluded.intent, attempts = 0
      where timer.position <= excluded.position`.execute(trx)
    this.#wake()
  }

  async #withdraw(withdrawn: readonly Withdrawn[], isPrefix: true | undefined, trx: Kysely<any>) {
    if (withdrawn.length === 0) return
    // By the order of the index: whatever begins so stands before the prefix with a greater last character.
    const isMeant = isPrefix ? sql`timer.key ~>=~ gone.key and timer.key ~<~ gone.behind` : sql`timer.key = gone.key`
    const behind = withdrawn.map(({ key }) => key.slice(0, -1) + String.fromCharCode(key.charCodeAt(key.length - 1) + 1))
    await sql`delete from timer using unnest(${withdrawn.map(({ key }) => key)}::text[], ${behind}::text[], ${withdrawn.map(({ position }) => String(position))}::bigint[])
      as gone(key, behind, position) where ${isMeant} and timer.position <= gone.position`.execute(trx)
  }

  /**
   * Carries out what is due until the signal, one beside the other: a slow one holds up nobody. A row goes only after its command was
   * answered, those of a moment together. What is due is said by the clock of this process, which also tells the command its time: by two
   * clocks, a command could come too early and be taken for one that has nothing to do. By the same clock, waits for the end of a silence
   * begin anew: whoever was silent until now may have had nobody to talk to.
   */
  async run(carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>, log: FastifyBaseLogger, signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#until_ms > pause_max_ms) {
      // Before anything is awaited: facts that are told again set timers meanwhile.
      this.#since = instant(Date.now())
      await this.#listen(this.#since)
    }
    await this.#work(carryOut, log, signal).finally(() => { this.#until_ms = performance.now() })
  }

  async #work(carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>, log: FastifyBaseLogger, signal: AbortSignal) {
    const under = new Map<string, Promise<void>>()
    let answered: { readonly key: string; readonly position: string; readonly isDone: boolean }[] = []

    /** Nobody waits for it: whatever stands in the way is an answer. */
    const ring = async ({ key, position, intent }: Due) => {
      const became = await this.#rung(intent, carryOut, signal).catch((error: unknown) => {
        log.error({ err: error, key, intent }, 'a timer could not be carried out; it is tried again')
        return 'failed' as const
      })
      if (became === 'asleep') {
        this.#asleep.add(intent.organization)
        under.delete(key)
        return this.#wake()
      }
      const isDone = became === 'done'
      // At the end of a leadership nothing failed: it is left as it stands to whoever leads next.
      if (isDone || !signal.aborted) answered.push({ key, position, isDone })
      under.delete(key)
      this.#wake()
    }

    while (!signal.aborted) {
      const settled = answered
      answered = []
      await this.#settle(settled)
      await this.#look()
      const due = await sql<Due>`select key, position, intent from timer where due <= ${new Date()} and key <> all(${[...under.keys()]}) and ${this.#isAwake()}
        order by due limit ${page_max - under.size}`.execute(this.#db)
      for (const row of due.rows) under.set(row.key, ring(row))
      if (answered.length === 0) await this.#rest([...under.keys()], signal)
    }
    await Promise.all(under.values())
    await this.#settle(answered)
  }

  async #rung(errand: Errand, carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<'done' | 'asleep'> {
    if (await this.#sleeps(errand.organization)) return 'asleep'
    await carryOut(errand, signal)
    return 'done'
  }

  /** How many are late by more than a few tries. */
  async overdue(): Promise<number> {
    const { rows: [row] } = await sql<{ count: string }>`select count(*) as count from timer where attempts > 3`.execute(this.#db)
    return Number(row!.count)
  }

  async #listen(since: string, organization?: string) {
    const patience = sql`(intent #> '{intent,patience_ms}')::integer * interval '1 millisecond'`
    const all = organization === undefined ? sql`true` : sql`intent->>'organization' = ${organization}`
    await sql`update timer set due = ${since}::timestamptz + ${patience} where due < ${since}::timestamptz + ${patience} and ${all}`.execute(this.#db)
  }

  #isAwake() {
    return this.#asleep.size === 0 ? sql`true` : sql`intent->>'organization' <> all(${[...this.#asleep]})`
  }

  /** Who could not be heard while it slept is listened to anew before its silence counts. */
  async #look() {
    for (const organization of this.#asleep) {
      if (await this.#sleeps(organization)) continue
      await this.#listen(instant(Date.now()), organization)
      this.#asleep.delete(organization)
    }
  }

  /** Not before the silence was listened to for long enough. */
  #dueOf({ due, errand: { intent: { patience_ms } } }: Timer): string {
    const earliest = this.#since !== undefined && patience_ms !== undefined ? later(this.#since, patience_ms) : due
    return earliest > due ? earliest : due
  }

  /** What was done goes; what was not comes again later, each time after a longer pause. A timer that was set anew meanwhile stays as it is. */
  async #settle(answered: readonly { readonly key: string; readonly position: string; readonly isDone: boolean }[]) {
    const named = (isDone: boolean) => answered.filter((one) => one.isDone === isDone)
    const [done, failed] = [named(true), named(false)]
    if (done.length > 0) {
      await sql`delete from timer using unnest(${done.map(({ key }) => key)}::text[], ${done.map(({ position }) => position)}::bigint[]) as done (key, position)
        where timer.key = done.key and timer.position = done.position`.execute(this.#db)
    }
    if (failed.length > 0) {
      await sql`update timer set attempts = attempts + 1, due = ${new Date()}::timestamptz + make_interval(secs => ${retry_ms / 1000} * least(attempts + 1, 12))
        from unnest(${failed.map(({ key }) => key)}::text[], ${failed.map(({ position }) => position)}::bigint[]) as failed (key, position)
        where timer.key = failed.key and timer.position = failed.position`.execute(this.#db)
    }
  }

  async #rest(under: readonly string[], signal: AbortSignal) {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const { rows: [next] } = await sql<{ wait: number | null }>`
      select extract(epoch from min(due) - ${new Date()}::timestamptz) * 1000 as wait from timer where key <> all(${under}) and ${this.#isAwake()}`.execute(this.#db)
    const wait_ms = under.length >= page_max || next?.wait == null ? poll_max_ms : Math.min(poll_max_ms, Math.max(5, Math.ceil(Number(next.wait))))
    await pause(wait_ms, AbortSignal.any([signal, woken.signal]))
  }
}
