import type { Test } from 'tap'
import type { z } from 'zod'
import type { Fold } from './decider.ts'
import type { AnyEvent, Meta, Recorded } from './fact.ts'
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
    const row = changed(rows.get(place), change)
    if (row) rows.set(place, row)
    else rows.delete(place)
  }
  return [...rows.values()]
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
