import type { Pool } from 'pg'
import { streamOf } from 'shared-domain/kernel/decider.ts'
import { keptOf, type Signal } from 'shared-domain/kernel/signal.ts'
import { day_ms, later } from 'shared-domain/kernel/time.ts'
import { backAgain, watchKey, type Watch } from 'shared-domain/kernel/watch.ts'
import { v5 } from 'uuid'
import type { Errand } from './intents.ts'
import type { Run } from './request.ts'

/** What was told, as long as it is not written. */
interface Told {
  readonly organization: string
  readonly id: string
  readonly stream: string
  readonly name: string
  readonly at: string
  readonly said: Readonly<Record<string, unknown>>
  readonly signal: Signal
  readonly watch: Watch | undefined
}

/** How it stands with a stream that is watched, after what it told. */
interface Heard {
  readonly organization: string
  readonly stream: string
  readonly name: string
  /** How often it was told without a gap, and since when. */
  readonly run: number
  readonly heard: string
  /** Its silence was still waited for. */
  readonly is_awaited: boolean
}

const every_ms = 200
/** What comes while so much waits, as when Postgres is away, is lost. */
const waiting_max = 10_000
const uniqueViolation = '23505'

const nameOf = ({ organization, stream, name }: Pick<Told, 'organization' | 'stream' | 'name'>) => JSON.stringify([organization, stream, name])

/**
 * Writes signals in batches, with what they mean for whoever is watched: one statement puts off the end of their silence and says who is
 * heard again. A crash loses what was told in the last moment.
 */
export class Signals {
  readonly #pool: Pool
  readonly #watches: ReadonlyMap<string, Watch>
  readonly #send: (errand: Errand) => Promise<void>
  readonly #failed: (error: unknown) => void
  #waiting: Told[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(pool: Pool, watches: readonly Watch[], send: (errand: Errand) => Promise<void>, failed: (error: unknown) => void) {
    this.#pool = pool
    this.#watches = new Map(watches.map((watch) => [`${watch.over.category}.${watch.signal}`, watch]))
    this.#send = send
    this.#failed = failed
  }

  note({ decider, name, command, data, request: { id, organization, at } }: Run) {
    if (this.#waiting.length >= waiting_max) return
    const watch = this.#watches.get(`${decider.category}.${name}`)
    this.#waiting.push({ organization, id, stream: streamOf(decider, id), name, at, said: data as Told['said'], signal: command.signal!, watch })
    this.#timer ??= setTimeout(() => { this.#writing = this.#write() }, every_ms).unref()
  }

  async #write() {
    this.#timer = undefined
    const told = newest(this.#waiting)
    this.#waiting = []
    if (told.length === 0) return
    try {
      await this.#back(told, await this.#written(told))
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Another replica may number what the same stream told at the same moment. */
  async #written(told: readonly Told[], tries = 3): Promise<readonly Heard[]> {
    try {
      return (await this.#pool.query<Heard>(statementOf(told))).rows
    } catch (error) {
      if ((error as { code?: unknown }).code !== uniqueViolation || tries === 1) throw error
      return this.#written(told, tries - 1)
    }
  }

  async #back(told: readonly Told[], heard: readonly Heard[]) {
    const found = new Map(heard.map((one) => [nameOf(one), one]))
    await Promise.all(told.map(async (one) => {
      const { watch, organization, id, stream, said } = one
      const { run = 0, heard: since = '', is_awaited = true } = found.get(nameOf(one)) ?? {}
      if (!watch || is_awaited || run < watch.run) return
      const commandId = v5(`${watch.name} ${organization} ${stream} ${since}`, v5.URL)
      const intent = backAgain(watch, id, said, since)
      await this.#send({ intent, process: watch.name, commandId, organization, correlationId: commandId, causationId: commandId })
    }))
  }

  /** Forgets what was to be kept until now. */
  forget = () => this.#pool.query('delete from signal where until < now()')

  /** Writes what is left, once. */
  async close() {
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
    clearTimeout(this.#timer)
  }
}

/** Of what only one is kept of, one. */
function newest(told: readonly Told[]): readonly Told[] {
  const all = new Map<string, Told>()
  for (const [index, one] of told.entries()) {
    const name = one.signal.keep === 1 ? nameOf(one) : String(index)
    all.set(name, { ...one, said: keptOf(one.signal, all.get(name)?.said, one.said) })
  }
  return [...all.values()]
}

const instantOf = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

const statementOf = (told: readonly Told[]) => ({
  name: 'signals',
  text: `
    with told as (
      select *, row_number() over (partition by organization, stream, name order by n) as place,
        count(*) over (partition by organization, stream, name) as places
      from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::integer[], $7::text[], $8::timestamptz[], $9::text[], $10::float8[], $11::float8[])
        with ordinality as one (organization, stream, name, at, said, keep, highest, until, timer, silence_ms, gap_ms, n)
    ), last as (
      select told.n, found.* from told cross join lateral (
        select no, at, said, run, heard from signal
        where organization = told.organization and stream = told.stream and name = told.name order by no desc limit 1) as found
    ), fresh as (
      select told.*, coalesce(last.no, 0) + place as no,
        case when last.at > told.at - gap_ms * interval '1 millisecond' then last.run + 1 else 1 end as run,
        case when last.at > told.at - gap_ms * interval '1 millisecond' then last.heard else told.at end as heard,
        case when last.said->highest is null then told.said
          when told.said->highest is null or (told.said->>highest)::numeric < (last.said->>highest)::numeric
            then told.said || jsonb_build_object(highest, last.said->highest)
          else told.said end as kept
      from told left join last on last.n = told.n
    ), gone as (
      delete from signal using fresh where place = places and signal.organization = fresh.organization and signal.stream = fresh.stream
        and signal.name = fresh.name and signal.no <= fresh.no - fresh.keep
    ), put as (
      insert into signal (organization, stream, name, no, at, said, run, heard, until)
      select organization, stream, name, no, at, kept, run, heard, until from fresh where places - place < keep
    ), awaited as (
      update timer set due = greatest(due, fresh.at + silence_ms * interval '1 millisecond'),
        intent = jsonb_set(intent, '{intent,data,lastSeen}', to_jsonb(${instantOf('fresh.at')}))
      from fresh where timer.key = fresh.timer and place = places returning timer.key
    )
    select organization, stream, name, run, ${instantOf('heard')} as heard,
      exists (select from awaited where key = fresh.timer) as is_awaited
    from fresh where timer is not null and place = places`,
  values: [
    told.map(({ organization }) => organization), told.map(({ stream }) => stream), told.map(({ name }) => name), told.map(({ at }) => at),
    told.map(({ said }) => JSON.stringify(said)), told.map(({ signal }) => signal.keep), told.map(({ signal }) => signal.highest ?? null),
    told.map(({ at, signal: { keep_days: days } }) => (days === undefined ? null : later(at, days * day_ms))),
    told.map(({ id, watch }) => (watch ? watchKey(watch, id) : null)), told.map(({ watch }) => watch?.silence_ms ?? null),
    told.map(({ watch }) => watch?.gap_ms ?? null),
  ],
})
