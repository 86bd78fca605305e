import { z } from 'zod'
import { digestOf } from './digest.ts'
import type { ReadModel, Row } from './read-model.ts'

/** So many rows a decision may rest on in all; what needs more is decided in parts. */
export const grounds_max = 10_000

/** Rows of one read model, of the organization alone: those that meet every condition, in order. */
export interface RowsAsked<Column extends string = string> {
  readonly from: ReadModel
  readonly columns: readonly Column[]
  /** A value each (null for none), or several of which any will do. */
  readonly where?: { readonly [C in Column]?: unknown }
  readonly atLeast?: { readonly [C in Column]?: string | number }
  readonly atMost?: { readonly [C in Column]?: string | number }
  /** Columns, growing, nulls last; then the key, so that the same rows always stand in the same order. */
  readonly order?: readonly Column[]
  /** The last come first. */
  readonly descending?: true
  /** The first so many; all, when not said. */
  readonly limit?: number
}

/** What is asked for, each under a name of its own, in one statement. */
export type Asked = Readonly<Record<string, RowsAsked>>

/** The rows by the names under which they were asked for, as of a position in the log. */
export interface Grounds {
  readonly rows: Readonly<Record<string, readonly Row[]>>
  readonly position: string
  /** Of the rows: who has the read models at that position finds the same. */
  readonly digest: string
}

/** Columns that a condition names need not be among those that are wanted. */
export const rowsOf = <Shape extends z.ZodObject>(
  from: ReadModel<string, Shape>, asked: Omit<RowsAsked<keyof z.output<Shape> & string>, 'from'>,
): RowsAsked => ({ from, ...asked })

export const groundsOf = (rows: Grounds['rows'], position: string): Grounds => ({ rows, position, digest: digestOf(rows) })

/** What a fact keeps of the rows that it rests on. */
export const Cited = z.object({ position: z.string().regex(/^\d{1,19}$/), digest: z.string().regex(/^[0-9a-f]{64}$/) })

export const cited = ({ position, digest }: Grounds): z.output<typeof Cited> => ({ position, digest })
