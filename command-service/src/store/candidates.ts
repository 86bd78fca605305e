import { sql } from 'kysely'
import type { Slice } from 'shared-domain/kernel/choosing.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { shaper } from 'shared-service/columns.ts'
import type { Prepared } from 'shared-service/prepared.ts'
import { Problem } from 'shared-service/problems.ts'
import { all, behind, conditionsOf, isOfItsValues, statements } from 'shared-service/slices.ts'

/** SQLSTATE class of values that do not fit their column: all such values in these statements come from the caller. */
const dataException = '22'

/** Finds the rows of all slices in one statement; of the organization alone. Each slice comes in its order. */
export const slicesFrom = (ask: Prepared) => async (organization: string, model: ReadModel, slices: readonly Slice[]): Promise<readonly Row[]> => {
  const parts = slices.map((slice) => {
    const { order, after, limit } = slice
    const conditions = [sql<boolean>`organization = ${organization}`, ...conditionsOf(model, organization, slice), ...(after ? [behind(model, order, after)] : [])]
    const by = sql.join(order.map((column) => sql`${sql.ref(column)} asc nulls last`))
    return sql`(select * from ${sql.table(model.name)} where ${all(conditions)} order by ${by} limit ${limit})`
  })
  const rows = await ask(sql<Row>`${sql.join(parts, sql` union all `)}`.compile(statements), { isPlannedAnew: slices.some(isOfItsValues), organization }).catch((error: { code?: unknown }) => {
    const isTheirs = typeof error.code === 'string' && error.code.startsWith(dataException)
    throw isTheirs ? new Problem('VALIDATION_ERROR', 'A value does not fit the column that it is compared with.') : error
  })
  const shape = shaper(model)
  return rows.map(({ organization: _organization, ...row }) => shape(row))
}
