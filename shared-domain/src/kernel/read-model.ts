import { z } from 'zod'
import type { Alias } from './alias.ts'
import type { AnyEvent, Recorded } from './fact.ts'

export type Row = Readonly<Record<string, unknown>>

export interface Search {
  readonly columns: readonly string[]
  /** Fewer characters are refused: an index of what stands next to what knows nothing of less than three. */
  readonly length_min: number
}

/**
 * What a fact does to one row. `put` replaces the row, `patch` alters columns of a row that exists, `add` sums into number columns
 * (a row that does not exist yet starts at zero), `alter` makes the row of the one that there is, if any, and `remove` takes it away.
 */
export type Change<R = any, Key extends keyof R = any> =
  | { readonly put: R }
  | { readonly patch: Partial<R>; readonly at: Pick<R, Key> }
  | { readonly add: { readonly [Column in keyof R]?: number }; readonly at: Pick<R, Key> }
  | { readonly alter: (row?: R) => R; readonly at: Pick<R, Key> }
  | { readonly remove: Pick<R, Key> }

/** What each fact changes in the rows of one table. Facts that are not named change nothing. */
export type Project<Shape extends z.ZodObject, Key extends keyof z.output<Shape>, Event extends AnyEvent> = {
  readonly [E in Event as E['type']]?: (event: Recorded<E>) => readonly Change<z.output<Shape>, Key>[]
}

export interface ReadModel<Name extends string = string, Shape extends z.ZodObject = any> {
  readonly name: Name
  readonly about: string
  /** A changed row or projection is a new version: it is built beside the old one and switched to. */
  readonly version: number
  /** Path of its list route, such as `/tasks`; an item is found below it by its key. */
  readonly path: string
  /** Columns of the table. The host adds `organization`, which is part of every key. */
  readonly row: Shape
  readonly key: readonly string[]
  /** The column of the key that holds an organization: in the path of an item `self` is the caller's. */
  readonly self?: string
  /** Operators see the rows of all organizations. */
  readonly operators?: true
  /** Columns a list may be filtered by. */
  readonly filters: readonly string[]
  /** Text columns of which any holds the text of `?search=`, in any case. */
  readonly search?: Search
  /** Columns that are lists of texts, by the parameter that asks for rows whose list holds a text: `{ tag: 'tags' }`. */
  readonly contains: Readonly<Record<string, string>>
  /** Columns of instants, days or numbers, asked for by `<column>From`, which is included, and `<column>To`, which is not. */
  readonly ranges: readonly string[]
  /** Columns by which a list may be sorted instead, growing or falling (`?sort=-name`), then by the key; nulls come last. */
  readonly sorts: readonly string[]
  /** How lists are sorted that nobody wants sorted otherwise, in the words of `?sort=`: instead of by `order`. */
  readonly sort?: string
  /** Columns, none nullable, by which lists are ordered before the key. */
  readonly order: readonly string[]
  /** Further column lists that get an index. */
  readonly indexes: readonly (readonly string[])[]
  /** Column lists by which rows are counted: each gets an index of its own, as slim as can be, whatever another begins with. */
  readonly counts: readonly (readonly string[])[]
  /** What the columns that follow from others hold; they stand in `row` like any other, and no fact writes them. */
  readonly derive?: (row: any) => Row
  /** Columns derived from a row when it is shown. */
  readonly computed: z.ZodObject
  readonly compute: (row: any) => Row
  /** Older paths and parameters by which its list, or an item of it, is known as well. */
  readonly aliases: readonly Alias[]
  /** Each row is put once, by one fact, and never again: the host may add it without looking for it. */
  readonly isAppendOnly: boolean
  /** Its rows are no projection of facts: they have no position in the log. */
  readonly isOffLog?: true
  readonly project: Readonly<Record<string, (event: any) => readonly Change[]>>
  /** Instead of `project`: what any fact at all changes. */
  readonly every?: (event: Recorded) => readonly Change[]
}

/** Whether a column holds plain text; it is sorted by code point, so that pages are the same whatever the collation of the database. */
export function isText(column: z.ZodType): boolean {
  const schema = column instanceof z.ZodNullable ? column.unwrap() as z.ZodType : column
  const { type, format, sql } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })
  return type === 'string' && sql === undefined && format !== 'uuid' && format !== 'date-time'
}

export const changesOf = (model: ReadModel, event: Recorded): readonly Change[] =>
  model.every?.(event) ?? model.project[event.type]?.(event) ?? []

/** The columns that name the row a change is about. */
export const placeOf = (change: Change): Row => ('put' in change ? change.put : 'remove' in change ? change.remove : change.at)

/** The row after the change; undefined when it is gone. The one meaning of a change, for tests, projectors and audit alike. */
export function changed({ derive }: Pick<ReadModel, 'derive'>, row: Row | undefined, change: Change): Row | undefined {
  const written = rewritten(row, change)
  return written && derive ? { ...written, ...derive(written) } : written
}

function rewritten(row: Row | undefined, change: Change): Row | undefined {
  if ('put' in change) return change.put
  if ('remove' in change) return undefined
  if ('alter' in change) return change.alter(row)
  if ('patch' in change) {
    if (!row) throw new Error(`there is no row at ${JSON.stringify(change.at)} to patch`)
    return { ...row, ...change.patch }
  }
  const sums: Record<string, unknown> = { ...(row ?? change.at) }
  for (const [column, by] of Object.entries(change.add)) sums[column] = Number(sums[column] ?? 0) + Number(by)
  return sums
}

type Named<Shape extends z.ZodObject> = keyof z.output<Shape> & string
type Both<Shape extends z.ZodObject, Derived extends z.ZodObject> = z.ZodObject<Shape['shape'] & Derived['shape']>

export const readModel = <
  const Name extends string, Shape extends z.ZodObject, Key extends Named<Shape>, Derived extends z.ZodObject = z.ZodObject<{}>,
>({ row, derived, search, ...definition }: {
  name: Name
  about: string
  version: number
  path: string
  /** The columns that facts write. */
  row: Shape
  key: readonly Key[]
  self?: Key
  operators?: true
  filters?: readonly Named<Both<Shape, Derived>>[]
  search?: { columns: readonly Named<Both<Shape, Derived>>[]; length_min?: number }
  contains?: Readonly<Record<string, Named<Both<Shape, Derived>>>>
  ranges?: readonly Named<Both<Shape, Derived>>[]
  sorts?: readonly Named<Both<Shape, Derived>>[]
  sort?: Named<Both<Shape, Derived>> | `-${Named<Both<Shape, Derived>>}`
  order?: readonly Named<Both<Shape, Derived>>[]
  indexes?: readonly (readonly Named<Both<Shape, Derived>>[])[]
  counts?: readonly (readonly Named<Both<Shape, Derived>>[])[]
  /** The columns that follow from those. */
  derived?: Derived
  derive?: (row: z.output<Shape>) => z.output<Derived>
  computed?: z.ZodObject
  compute?: (row: z.output<Both<Shape, Derived>>) => Row
  aliases?: readonly Alias[]
  isAppendOnly?: boolean
  isOffLog?: true
  project?: Project<Shape, Key, any>
  every?: (event: Recorded) => readonly Change<z.output<Shape>, Key>[]
}): ReadModel<Name, Both<Shape, Derived>> => ({
  filters: [], contains: {}, ranges: [], sorts: [], order: [], indexes: [], counts: [], computed: z.object({}), compute: () => ({}),
  aliases: [],
  isAppendOnly: false, project: {},
  ...definition,
  row: derived ? row.extend(derived.shape) : row,
  ...(search && { search: { length_min: 1, ...search } }),
}) as never
