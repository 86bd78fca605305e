import type { Test } from 'tap'
import type { z } from 'zod'
import type { Fold } from './decider.ts'
import type { AnyEvent, Meta, Recorded } from './fact.ts'
import type { RowsAsked } from './grounds.ts'
import { changed, changesOf, placeOf, type ReadModel, type Row } from './read-model.ts'
import { now, organization, subject, system, uuid } from './testing.ts'

/** A fact as a reader meets it, under circumstances that may be given. */
export const recorded = <Event extends AnyEvent>(
  { category }: Pick<Fold, 'category'>, fact: Event, circumstances: Partial<Meta> & { id?: string; position?: string } = {},
): Recorded<Event> => {
  const usual = { id: subject, at: now, by: system, organization, revision: 0, position: '0', commandId: uuid(900) }
  return { ...fact, category, ...usual, ...circumstances }
}

/** The rows that a read model holds after these facts, by their key. */
export function rowsAfter(model: ReadModel, facts: readonly Recorded[]): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const change of facts.flatMap((fact) => changesOf(model, fact))) {
    const place = JSON.stringify(model.key.map((column) => placeOf(change)[column]))
    const row = changed(model, rows.get(place), change)
    if (row) rows.set(place, row)
    else rows.delete(place)
  }
  return [...rows.values()]
}

type Value = string | number

/** What a decision is handed that asks for these rows, as Postgres would find it. */
export function selected(rows: readonly Row[], asked: RowsAsked): readonly Row[] {
  const { from, columns, where = {}, atLeast = {}, atMost = {}, order = [], descending, limit } = asked
  const meets = (row: Row) =>
    Object.entries(where).every(([column, wanted]) => [wanted].flat().includes(row[column])) &&
    Object.entries(atLeast).every(([column, least]) => row[column] !== null && (row[column] as Value) >= (least as Value)) &&
    Object.entries(atMost).every(([column, most]) => row[column] !== null && (row[column] as Value) <= (most as Value))
  const compared = (a: any, b: any) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b ? -1 : 1) * (descending ? -1 : 1))
  const by = [...order, ...from.key]
  return rows.filter(meets)
    .sort((a, b) => by.reduce((so, column) => so || compared(a[column], b[column]), 0))
    .slice(0, limit)
    .map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])))
}

/** The rows a read model shows after these facts; every row is also checked against its schema. */
export const picture = <Name extends string, Schema extends z.ZodObject>(t: Test, model: ReadModel<Name, Schema>) => ({
  after: (...facts: readonly Recorded[]) => ({
    shows: (...expected: readonly z.input<Schema>[]) =>
      t.strictSame(rowsAfter(model, facts).map((row) => model.row.strict().parse(row)), expected),
    /** As `shows`, where only some columns matter. */
    matches: (...expected: readonly Partial<z.input<Schema>>[]) => {
      const rows = rowsAfter(model, facts).map((row) => model.row.strict().parse(row))
      t.equal(rows.length, expected.length, 'as many rows')
      t.match(rows, expected)
    },
  }),
})
