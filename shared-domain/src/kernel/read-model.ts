import { z } from 'zod'
import type { Alias } from './alias.ts'
import type { AnyEvent, Recorded } from './fact.ts'

export type Row = Readonly<Record<string, unknown>>

/**
 * What a fact does to one row. `put` replaces the row, `patch` alters columns of a row that exists, `add` sums into number columns
 * (a row that does not exist yet starts at zero), `remove` takes the row away.
 */
export type Change<R = any, Key extends keyof R = any> =
  | { readonly put: R }
  | { readonly patch: Partial<R>; readonly at: Pick<R, Key> }
  | { readonly add: { readonly [Column in keyof R]?: number }; readonly at: Pick<R, Key> }
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
  /** Columns a list may be filtered by. */
  readonly filters: readonly string[]
  /** Columns, none nullable, by which lists are ordered before the key. */
  readonly order: readonly string[]
  /** Further column lists that get an index. */
  readonly indexes: readonly (readonly string[])[]
  /** Columns derived from a row when it is shown. */
  readonly computed: z.ZodObject
  readonly compute: (row: any) => Row
  /** Older paths and parameters by which its list, or an item of it, is known as well. */
  readonly aliases: readonly Alias[]
  /** Each row is put once, by one fact, and never again: the host may add it without looking for it. */
  readonly isAppendOnly: boolean
  readonly project: Readonly<Record<string, (event: any) => readonly Change[]>>
  /** Instead of `project`: what any fact at all changes. */
  readonly every?: (event: Recorded) => readonly Change[]
}

export const changesOf = (model: ReadModel, event: Recorded): readonly Change[] =>
  model.every?.(event) ?? model.project[event.type]?.(event) ?? []

/** The columns that name the row a change is about. */
export const placeOf = (change: Change): Row => ('put' in change ? change.put : 'remove' in change ? change.remove : change.at)

/** The row after the change; undefined when it is gone. The one meaning of a change, for tests, projectors and audit alike. */
export function changed(row: Row | undefined, change: Change): Row | undefined {
  if ('put' in change) return change.put
  if ('remove' in change) return undefined
  if ('patch' in change) {
    if (!row) throw new Error(`there is no row at ${JSON.stringify(change.at)} to patch`)
    return { ...row, ...change.patch }
  }
  const sums: Record<string, unknown> = { ...(row ?? change.at) }
  for (const [column, by] of Object.entries(change.add)) sums[column] = Number(sums[column] ?? 0) + Number(by)
  return sums
}

export const readModel = <const Name extends string, Shape extends z.ZodObject, Key extends keyof z.output<Shape> & string>(definition: {
  name: Name
  about: string
  version: number
  path: string
  row: Shape
  key: readonly Key[]
  filters?: readonly (keyof z.output<Shape> & string)[]
  order?: readonly (keyof z.output<Shape> & string)[]
  indexes?: readonly (readonly (keyof z.output<Shape> & string)[])[]
  computed?: z.ZodObject
  compute?: (row: z.output<Shape>) => Row
  aliases?: readonly Alias[]
  isAppendOnly?: boolean
  project?: Project<Shape, Key, any>
  every?: (event: Recorded) => readonly Change<z.output<Shape>, Key>[]
}): ReadModel<Name, Shape> => ({
  filters: [], order: [], indexes: [], computed: z.object({}), compute: () => ({}), aliases: [], isAppendOnly: false, project: {},
  ...definition,
}) as never
