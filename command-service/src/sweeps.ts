import { sql, type Kysely } from 'kysely'
import type { FastifyBaseLogger } from 'fastify'
import { elapsed_ms, instant } from 'shared-domain/kernel/time.ts'
import { nextOf, swept_rows, sweepId, type Sweep } from 'shared-domain/kernel/sweep.ts'
import { pause } from 'shared-service/pause.ts'
import { all, met } from 'shared-service/slices.ts'
import type { Errand } from './intents.ts'

/** So many rows get their command at once. */
const together_max = 8

export interface Sweeping {
  readonly db: Kysely<any>
  readonly sweeps: readonly Sweep[]
  readonly carryOut: (errand: Errand, signal: AbortSignal) => Promise<void>
  /** Whether what is an organization's waits for now. */
  readonly sleeps: (organization: string) => Promise<boolean>
  readonly log: FastifyBaseLogger
}

interface Found {
  readonly organization: string
  readonly [column: string]: unknown
}

/** Sends sweeps at their times until the signal. One that fails, as when its read model is being built, comes again at its next time. */
export async function runSweeps({ db, sweeps, carryOut, sleeps, log }: Sweeping, signal: AbortSignal): Promise<void> {
  async function send(sweep: Sweep, row: Found, at: string) {
    if (signal.aborted || await sleeps(row.organization)) return
    const commandId = sweepId(sweep, row.organization, row, at)
    const circumstances = { process: sweep.name, commandId, organization: row.organization, correlationId: commandId, causationId: commandId }
    await carryOut({ ...circumstances, intent: sweep.sends(row) }, signal)
  }

  async function swept(sweep: Sweep, at: string) {
    for (let last: Found | undefined; ;) {
      const rows = await pageOf(db, sweep, last)
      for (let first = 0; first < rows.length; first += together_max)
        await Promise.all(rows.slice(first, first + together_max).map((row) => send(sweep, row, at)))
      last = rows.at(-1)
      if (rows.length < swept_rows || signal.aborted) return
    }
  }

  async function inTime(sweep: Sweep) {
    while (!signal.aborted) {
      const now_ms = Date.now()
      const at = nextOf(sweep, now_ms)
      await pause(elapsed_ms(instant(now_ms), at), signal)
      // A timer may ring a moment early, and would ring again.
      while (!signal.aborted && instant(Date.now()) < at) await pause(1, signal)
      if (!signal.aborted) await swept(sweep, at).catch((error: unknown) => log.warn({ err: error, sweep: sweep.name }, 'a sweep is left out'))
    }
  }

  await Promise.all(sweeps.map((sweep) => inTime(sweep)))
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Rows of all organizations behind the last one, by their keys. */
async function pageOf(db: Kysely<any>, { over: { from, meets } }: Sweep, last: Found | undefined): Promise<readonly Found[]> {
  const columns = ['organization', ...from.key]
  const refs = sql.join(columns.map((column) => sql.ref(column)))
  const behind = last ? sql`(${refs}) > (${sql.join(columns.map((column) => last[column]))})` : sql`true`
  const wanted = sql`${all(meets.map((condition) => met(condition)))} and ${behind}`
  const { rows } = await sql<Found>`select ${refs} from ${sql.table(from.name)} where ${wanted} order by ${refs} limit ${swept_rows}`.execute(db)
  return rows
}
