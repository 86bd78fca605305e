import type { CompiledQuery } from 'kysely'
import pg from 'pg'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { askedOver, type Statement } from './wall.ts'

/** Asks a statement of which only values differ from the last one like it, in the name of an organization where it is about its rows. */
export type Prepared = (
  query: Pick<CompiledQuery, 'sql' | 'parameters'>, how?: { readonly isPlannedAnew?: boolean; readonly organization?: string },
) => Promise<readonly Row[]>

const statements_max = 500
/** SQLSTATE of "cached plan must not change result type": the view now stands for a table of another version. */
const planOutlived = '0A000'

/**
 * Postgres parses and plans a statement once per connection, which costs more than to run it; there are few: only values differ. Where
 * the best plan is another one for other values, it is planned each time.
 */
export function prepared(pool: pg.Pool): Prepared {
  const names = statementNames('one')
  return async ({ sql: text, parameters }, { isPlannedAnew = false, organization } = {}) => {
    const values = [...parameters]
    const name = isPlannedAnew ? undefined : names.of(text)
    const run = async (statement: Statement) => (organization === undefined
      ? (await pool.query({ ...statement, values })).rows : askedOver(pool, organization, statement))
    try {
      return await run(name === undefined ? { text, values } : { name, text, values })
    } catch (error) {
      if (!names.areOutlived(error)) throw error
      return run({ text, values })
    }
  }
}

/** Names by which connections know what they have planned; `kind` tells them from others over the same connections. */
export function statementNames(kind: string) {
  const names = new Map<string, string>()
  let generation = 0
  return {
    /** Undefined where there are too many. */
    of(text: string): string | undefined {
      if (!names.has(text) && names.size < statements_max) names.set(text, `${kind}.${generation}.${names.size}`)
      return names.get(text)
    },
    /** Whether this says that a plan is of no use any more; then all get other names. */
    areOutlived(error: unknown): boolean {
      if (!(error instanceof pg.DatabaseError) || error.code !== planOutlived) return false
      names.clear()
      generation += 1
      return true
    },
  }
}
