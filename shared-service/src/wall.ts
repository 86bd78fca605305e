import pg from 'pg'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { operators } from 'shared-domain/kernel/decider.ts'
import { Problem } from './problems.ts'

/**
 * The second wall around an organization: whoever asks about rows does so as a role that sees them by views in a schema of their own, each
 * of which shows the rows of the organization that was said with the statement, and none where none was said (ADR 20).
 */
const role = 'baton_reader'
const schema = 'own'
const setting = 'app.organization'

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** What must be there before there is anything to be shown. Roles are of the whole server, where others may make it at the same moment. */
export const foundation = `
  do $$ begin
    if not exists (select from pg_roles where rolname = '${role}') then
      begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end;
    end if;
    if not pg_has_role(current_user, '${role}', 'member') then grant ${role} to current_user; end if;
  end $$;
  create schema if not exists ${schema};
  grant usage on schema ${schema} to ${role}`

const said = `current_setting('${setting}', true)`

export const walledName = (view: string) => `${schema}.${quoted(view)}`

/** Who sees a row: the organization whose it is, operators as well, or everybody. */
export type Seen = 'organization' | 'operators' | 'everybody'

const conditions: Readonly<Record<Seen, string>> = {
  organization: `where organization = ${said}`, operators: `where organization = ${said} or ${said} = '${operators}'`, everybody: '',
}

/** Shows a table under a name. */
export const walled = (view: string, table: string, seenBy: Seen = 'organization'): string => `
  drop view if exists ${walledName(view)};
  create view ${walledName(view)} as select * from public.${quoted(table)}
    ${conditions[seenBy]};
  grant select on ${walledName(view)} to ${role}`

/** Whoever else is let in to a table by itself is held to the same. */
export const guarded = (table: string): string => `
  alter table ${quoted(table)} enable row level security;
  drop policy if exists own on ${quoted(table)};
  create policy own on ${quoted(table)} using (organization = ${said})`

/** SQLSTATE of a role that there is not. */
const unknownRole = '22023'

/** To be done on a connection before anything else. */
export async function enter(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await client.query(`set role ${role}; set search_path to ${schema}; prepare ${saying} (text) as select set_config('${setting}', $1, true)`)
    .catch((error: { code?: unknown }) => {
      throw error.code === unknownRole ? new Problem('READ_MODEL_BEHIND', 'The read models have not been built yet.', { cause: error }) : error
    })
}

/** Name of the prepared statement that says for whom is asked. */
const saying = 'organization'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name?: string | undefined
}

interface Wire {
  bind(what: { statement: string; values: readonly unknown[] }): void
  execute(what: object): void
}

interface Sent {
  prepare(wire: Wire): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}

const Query = pg.Query as unknown as new (config: object, callback: (error: Error | undefined, result: pg.QueryResult) => void) => pg.Submittable & Sent

/**
 * A statement before which it is said for whom it is: both go out together and are one transaction, at whose end it is forgotten. What
 * is answered to the first is let go.
 */
class OwnQuery extends Query {
  #isSaid = false
  readonly #organization: string

  constructor(organization: string, statement: object, callback: (error: Error | undefined, result: pg.QueryResult) => void) {
    super({ ...statement, queryMode: 'extended' }, callback)
    this.#organization = organization
  }

  override prepare(wire: Wire) {
    wire.bind({ statement: saying, values: [this.#organization] })
    wire.execute({})
    super.prepare(wire)
  }

  override handleDataRow(message: unknown) {
    if (this.#isSaid) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, wire: Wire) {
    if (this.#isSaid) super.handleCommandComplete(message, wire)
    this.#isSaid = true
  }
}

/** The rows of an organization. Within a transaction it stays said until that ends. */
export const askedFor = (client: pg.ClientBase, organization: string, statement: Statement): Promise<readonly Row[]> =>
  new Promise((resolve, reject) => {
    client.query(new OwnQuery(organization, statement, (error, result) => (error ? reject(error) : resolve(result.rows))))
  })

/** The same over whichever connection is free. */
export async function askedOver(pool: pg.Pool, organization: string, statement: Statement): Promise<readonly Row[]> {
  const client = await pool.connect()
  try {
    const rows = await askedFor(client, organization, statement)
    client.release()
    return rows
  } catch (error) {
    // As the pool itself does it: only what the server said of the statement leaves the connection as it was.
    client.release(!(error instanceof pg.DatabaseError))
    throw error
  }
}
