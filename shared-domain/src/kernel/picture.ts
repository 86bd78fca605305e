import type { Test } from 'tap'
import type { z } from 'zod'
import type { Asking, Choice } from './choice.ts'
import { choosing, type Candidate, type End, type Slice } from './choosing.ts'
import { inOrderOf, meetsAll } from './condition.ts'
import type { Fold, Rejection } from './decider.ts'
import type { AnyEvent, Meta, Recorded } from './fact.ts'
import { groundsOf, namedBy, orderOf, type Asked, type Grounds, type Paired, type RowsAsked } from './grounds.ts'
import { answering, type Question, type Wanted } from './question.ts'
import { changed, changesOf, placeOf, type ReadModel, type Row } from './read-model.ts'
import { now, organization, subject, system, uuid } from './testing.ts'

/** A fact as a reader meets it, under circumstances that may be given. */
export const recorded = <Event extends AnyEvent>(
  { category, events }: Pick<Fold, 'category'> & Partial<Pick<Fold, 'events'>>, fact: Event,
  circumstances: Partial<Meta> & { id?: string; position?: string } = {},
): Recorded<Event> => {
  const recipient = events?.definitions[fact.type]?.recipient?.(fact.data, circumstances.id ?? subject) ?? null
  const usual = { recipient, id: subject, at: now, by: system, organization, revision: 0, position: '0', commandId: uuid(900) }
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

/** What a decision is handed that asks for these rows, as Postgres would find it. */
export function selected(rows: readonly Row[], asked: RowsAsked, rowsOf: RowsOf = () => []): readonly Row[] {
  const { from, columns, where = {}, atLeast = {}, atMost = {}, meets: conditions = [], after, descending, limit } = asked
  const { counted, mostFirst, paired } = asked
  const others = namedBy(asked).map(([column, other]) =>
    [column, new Set(selected(rowsOf(other.from), other, rowsOf).map((row) => row[other.columns[0]!]))] as const)
  const compared = (column: string, a: unknown, b: unknown) =>
    inOrderOf([column])({ [column]: read(from, column, a) }, { [column]: read(from, column, b) })
  // The last are still those that hold nothing.
  const way = (a: unknown, b: unknown) => (descending && !counted && a !== null && b !== null ? -1 : 1)
  const inOrder = (by: readonly string[]) => (a: Row, b: Row) =>
    by.reduce((so, column) => so || compared(column, a[column], b[column]) * way(a[column], b[column]), 0)
  const order = orderOf(asked)
  const place = after && Object.fromEntries(order.map((column, index) => [column, after[index]]))
  const found = rows.filter((row) =>
    others.every(([column, values]) => values.has(row[column])) &&
    Object.entries(where).every(([column, wanted]) => [wanted].flat().includes(row[column])) &&
    Object.entries(atLeast).every(([column, least]) => row[column] !== null && compared(column, row[column], least) >= 0) &&
    Object.entries(atMost).every(([column, most]) => row[column] !== null && compared(column, row[column], most) <= 0) &&
    meetsAll(row, conditions) && !(place && inOrder(order)(row, place) <= 0))
  const wanted = (row: Row) => Object.fromEntries(columns.map((column) => [column, row[column]]))
  if (paired) return pairsAmong(found, columns[0]!, paired).sort(inOrderOf(['one', 'other'])).slice(0, limit)
  if (counted) {
    const most = (a: Row, b: Row) => (mostFirst ? Number(b.count) - Number(a.count) : 0)
    return countedBy(found.map(wanted)).sort((a, b) => most(a, b) || inOrder(columns)(a, b)).slice(0, limit)
  }
  return found.sort(inOrder(order)).slice(0, limit).map(wanted)
}

/** A number that is too large for one stands as a text, and is still more than one that has fewer digits. */
const read = ({ row }: ReadModel, column: string, value: unknown): any =>
  (typeof value === 'string' && (row.shape[column] as z.ZodType | undefined)?.meta()?.sql === 'bigint' ? BigInt(value) : value)

/** How many are alike; of no rows at all, which are alike in nothing, there are none. */
function countedBy(rows: readonly Row[]): Row[] {
  const alike = [...Map.groupBy(rows, (row) => JSON.stringify(row)).values()]
  return alike.map((all) => ({ ...all[0], count: all.length }))
}

function pairsAmong(rows: readonly Row[], by: string, { within, alike }: Paired): Row[] {
  const pairs = new Map<string, { one: unknown; other: unknown; count: number; alike: number }>()
  for (const shared of Map.groupBy(rows, (row) => row[within]).values()) for (const a of shared) for (const b of shared) {
    const [one, other] = [a[by] as string, b[by] as string]
    if (one > other) continue
    const known = pairs.get(`${one} ${other}`) ?? { one, other, count: 0, alike: 0 }
    pairs.set(`${one} ${other}`, { ...known, count: known.count + 1, alike: known.alike + Number(a[alike] === b[alike]) })
  }
  return [...pairs.values()]
}

/** The rows of a slice, as Postgres would find them; `rowsOf` has those of every read model. */
export function sliced(rowsOf: RowsOf, from: ReadModel, slice: Slice): readonly Row[] {
  const { where, notAfter, standing, conditions = [], joined = [], except, order, after, limit } = slice
  const holds = (row: Row, wanted: Slice['where']) => Object.entries(wanted).every(([column, values]) => values.includes(row[column]))
  const named = (model: ReadModel, id: unknown) => rowsOf(model).find((row) => row[model.key[0]!] === id)
  const isWanted = (row: Row) => {
    const sinces = notAfter?.columns.map((column) => row[column] as string | null) ?? []
    const ids = standing ? row[standing.column] as readonly string[] : []
    const others = joined.map((one) => ({ ...one, other: named(one.in, row[one.column]) }))
    return holds(row, where) && sinces.every((since) => since === null || since <= notAfter!.at)
      && ids.every((id) => holds(named(standing!.in, id) ?? {}, standing!.where))
      && meetsAll(row, conditions) && others.every(({ other, meets }) => other !== undefined && meetsAll(other, meets))
      && !(except && meetsAll(row, except))
  }
  const compare = inOrderOf(order)
  const place = after && Object.fromEntries(order.map((column, index) => [column, after[index]]))
  return rowsOf(from).filter((row) => isWanted(row) && !(place && compare(row, place) <= 0)).sort(compare).slice(0, limit)
}

/** The rows of every read model. */
export type RowsOf = (model: ReadModel) => readonly Row[]

const found = (rowsOf: RowsOf, asked: Asked): Grounds['rows'] =>
  Object.fromEntries(Object.entries(asked).map(([name, part]) => [name, selected(rowsOf(part.from), part, rowsOf)]))

export const grounded = (rowsOf: RowsOf, asked: Asked, position: string): Grounds => groundsOf(found(rowsOf, asked), position)

/** The answer to a question from these rows, as its declaration says that it looks; nothing where there is nothing to tell of. */
export function answered(question: Question, said: Partial<Wanted>, rowsOf: RowsOf, at = now): Row | undefined {
  const { params = {}, query = {} } = said
  const course = answering(question, { params: question.params.parse(params), query: question.query.parse(query), at, tz: said.tz })
  let step = course.next()
  while (!step.done) step = course.next(found(rowsOf, step.value))
  return step.value === undefined ? undefined : question.answer.strict().parse(step.value)
}

/** The candidates of a choice among these rows, best first; who takes one in vain says so and gets the next. */
export function* candidates<R extends Row>(
  choice: Choice<R>, asking: Asking, tries: number, rowsOf: RowsOf, position = '0',
): Generator<Candidate<R>, End, Rejection | undefined> {
  const course = choosing(choice, asking, tries)
  let step = course.next()
  while (!step.done) {
    const wanted = step.value
    if ('candidate' in wanted) step = course.next(yield wanted.candidate)
    else if ('grounds' in wanted) step = course.next(grounded(rowsOf, wanted.grounds, position))
    else step = course.next(wanted.slices.flatMap((slice) => sliced(rowsOf, wanted.rows, slice)))
  }
  return step.value
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
