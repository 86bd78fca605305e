import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql, type Kysely } from 'kysely'
import { stateOf, textOf } from 'shared-domain/kernel/state-text.ts'

/** A stream as it stood after one of its facts. */
export interface Kept {
  readonly stream: string
  readonly state: unknown
  readonly revision: number
  readonly last: string
  readonly position: bigint
  /** The command that the last fact is of: with the position it says whether the log still holds that fact. */
  readonly command: string
  readonly organization: string
  readonly commands: Uint8Array
}

/** More wait only where Postgres is slower than all that grows; those are kept when they have grown again. */
const waiting_max = 100
/** A longer one is not kept: such a stream is read as a whole. */
const state_max = 1_048_576

/** States of long streams as rows, so that who does not have one in memory need not read it from its first fact. */
export class KeptStates {
  readonly #db: Kysely<any>
  readonly #domain: string
  readonly #warn: (error: unknown) => void
  readonly #waiting = new Map<string, Kept>()
  #writing: Promise<void> = Promise.resolve()

  /** A state that another version of the domain folded is as good as none. */
  constructor(db: Kysely<any>, domain: string, warn: (error: unknown) => void) {
    this.#db = db
    this.#domain = domain
    this.#warn = warn
  }

  /** What was kept of the stream; nothing also where that cannot be learned: the log has it all. */
  async of(stream: string): Promise<Kept | undefined> {
    try {
      const row = await this.#db.selectFrom('kept_state').selectAll().where('stream', '=', stream).where('domain', '=', this.#domain).executeTakeFirst()
      if (!row) return undefined
      const { last, command, organization } = row
      return { stream, last, command, organization, state: stateOf(row.state), revision: Number(row.revision), position: BigInt(row.position), commands: row.commands }
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  /** Is written behind whoever says it, the newest of each stream. */
  keep(kept: Kept) {
    if (this.#waiting.size >= waiting_max) return
    this.#waiting.set(kept.stream, kept)
    if (this.#waiting.size === 1) this.#writing = this.#writing.then(() => this.#write()).catch(this.#warn)
  }

  /** The log does not hold the fact that this stood after. */
  async forget({ stream, revision }: Kept): Promise<void> {
    await this.#db.deleteFrom('kept_state').where('stream', '=', stream).where('revision', '=', String(revision)).execute().catch(this.#warn)
  }

  /** What another version of the domain folded, a day ago and more: no replica of that version runs any more. */
  async forgetOutdated(): Promise<void> {
    await sql`delete from kept_state where domain <> ${this.#domain} and at < now() - interval '1 day'`.execute(this.#db)
  }

  /** Whatever waits is written. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write() {
    const texts = new Map([...this.#waiting.values()].map((kept) => [kept, textOf(kept.state)]))
    this.#waiting.clear()
    const all = [...texts.keys()].filter((kept) => texts.get(kept)!.length <= state_max)
    if (all.length === 0) return
    const column = (of: (kept: Kept) => unknown) => all.map(of)
    await sql`insert into kept_state (stream, domain, state, revision, last, position, command, organization, commands)
      select stream, ${this.#domain}, state, revision, last, position, command, organization, commands from unnest(
        ${column(({ stream }) => stream)}::text[], ${column((kept) => texts.get(kept))}::text[], ${column(({ revision }) => revision)}::bigint[],
        ${column(({ last }) => last)}::text[], ${column(({ position }) => String(position))}::bigint[], ${column(({ command }) => command)}::text[],
        ${column(({ organization }) => organization)}::text[], ${column(({ commands }) => Buffer.from(commands))}::bytea[])
        as kept (stream, state, revision, last, position, command, organization, commands)
      on conflict (stream) do update set domain = excluded.domain, state = excluded.state, revision = excluded.revision, last = excluded.last,
        position = excluded.position, command = excluded.command, organization = excluded.organization, commands = excluded.commands, at = now()
      where kept_state.revision < excluded.revision or kept_state.domain <> excluded.domain`.execute(this.#db)
  }
}

/** A digest of the domain's source: whatever in it changes, no state is trusted that was folded before. */
export function domainVersion(): string {
  const root = dirname(fileURLToPath(import.meta.resolve('shared-domain/catalogue.ts')))
  const hash = createHash('sha256')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).sort()
  for (const path of files) hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0')
  return hash.digest('hex')
}
