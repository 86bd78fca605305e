import { sql, type Kysely } from 'kysely'
import type { FastifyBaseLogger } from 'fastify'
import type { Errand } from './intents.ts'
import { pause } from './leader.ts'

export interface Timer {
  readonly key: string
  readonly due: string
  /** Log position of the fact that asked for it: of two, the later one counts. */
  readonly position: bigint
  readonly errand: Errand
}

const page_max = 200
const poll_max_ms = 1_000
const retry_ms = 5_000

/** Timers as rows: what is due becomes a command, also after a restart. */
export class Timers {
  readonly #db: Kysely<any>
  #wake: () => void = () => undefined

  constructor(db: Kysely<any>) {
    this.#db = db
  }

  /** Sets and withdraws, both in one statement each; the last word on a key counts. */
  async change(set: readonly Timer[], withdrawn: readonly string[], trx: Kysely<any> = this.#db): Promise<void> {
    if (withdrawn.length > 0) await sql`delete from timer where key = any(${withdrawn})`.execute(trx)
    if (set.length === 0) return
    await sql`insert into timer (key, due, position, intent)
      select * from unnest(${set.map(({ key }) => key)}::text[], ${set.map(({ due }) => due)}::timestamptz[],
        ${set.map(({ position }) => String(position))}::bigint[], ${set.map(({ errand }) => JSON.stringify(errand))}::jsonb[])
      on conflict (key) do update set due = excluded.due, position = excluded.position, intent = excluded.intent, attempts = 0
      where timer.position <= excluded.position`.execute(trx)
    this.#wake()
  }

  /** Carries out what is due until the signal. A row goes only after its command was answered. */
  async run(carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>, log: FastifyBaseLogger, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await sql<{ key: string; position: string; intent: Errand }>`
        select key, position, intent from timer where due <= now() order by due limit ${page_max}`.execute(this.#db)
      await Promise.all(due.rows.map(async ({ key, position, intent }) => {
        try {
          await carryOut(intent, signal)
          await sql`delete from timer where key = ${key} and position = ${position}`.execute(this.#db)
        } catch (error) {
          log.error({ err: error, key, intent }, 'a timer could not be carried out; it is tried again')
          await sql`update timer set attempts = attempts + 1, due = now() + make_interval(secs => ${retry_ms / 1000} * least(attempts + 1, 12))
            where key = ${key} and position = ${position}`.execute(this.#db)
        }
      }))
      if (due.rows.length < page_max) await this.#rest(signal)
    }
  }

  async #rest(signal: AbortSignal) {
    const { rows: [next] } = await sql<{ wait: number | null }>`
      select extract(epoch from min(due) - now()) * 1000 as wait from timer`.execute(this.#db)
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const wait_ms = next?.wait == null ? poll_max_ms : Math.min(poll_max_ms, Math.max(5, Math.ceil(Number(next.wait))))
    await pause(wait_ms, AbortSignal.any([signal, woken.signal]))
  }
}
