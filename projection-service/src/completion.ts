import { addAbortListener } from 'node:events'
import type { Pool, PoolClient } from 'pg'
import { indexesOf, indexing, makeMissing } from './indexes.ts'
import { makeSearchable, searchCreation, searchedIn } from './search.ts'
import type { Table } from './tables.ts'

/** Statements that make everything by which a table is asked, once its rows are there: after a bulk load rather than before. */
export function completion(table: Table): string {
  const searched = searchedIn(table)
  return [...indexesOf(table).map((index) => indexing(index)), ...(searched ? searchCreation(searched) : []), 'select 1'].join(';\n')
}

/** Makes what a table lacks of all this, because less was declared when it was made, while it is read and written. */
export async function complete(pool: Pool, table: Table, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const db = await pool.connect()
  // An index is made in one statement, however long it takes: whoever leads no more ends the connection.
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const listening = addAbortListener(signal, () => reject(signal.reason as Error))
  try {
    await Promise.race([ended, fill(db, table)])
    db.release()
  } catch (error) {
    db.release(true)
    throw error
  } finally {
    listening[Symbol.dispose]()
  }
}

async function fill(db: PoolClient, table: Table): Promise<void> {
  await makeMissing(db, indexesOf(table))
  const searched = searchedIn(table)
  if (searched) await makeSearchable(db, searched)
}
