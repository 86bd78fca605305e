import { once } from 'node:events'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { copyLine, copyTarget, type Table } from './tables.ts'

const copy_bytes = 64 * 1024

/** Adds rows whose keys are new to a table like that of the read model, by COPY. */
export async function copy(db: PoolClient, table: Table, into: string, rows: readonly Row[]): Promise<void> {
  const target = db.query(copyFrom(copyTarget(table, into)))
  let text = ''
  for (const row of rows) {
    text += copyLine(table, row)
    if (text.length < copy_bytes) continue
    if (!target.write(text)) await once(target, 'drain')
    text = ''
  }
  target.end(text)
  await once(target, 'finish')
}
