import { z } from 'zod'
import type { Condition } from './condition.ts'
import { digestOf } from './digest.ts'
import type { ReadModel, Row } from './read-model.ts'

/** So many rows a decision may rest on in all; what needs more is decided in parts. */
export const grounds_max = 10_000

/** Rows of one read model, of the organization alone: those that meet every condition, in order. */
export interface RowsAsked<Column extends string = string, Wanted extends Column = Column> {
  readonly from: ReadModel
  readonly columns: readonly Wanted[]
  /** A value each (null for none), or several of which any will do. */
  readonly where?: { readonly [C in Column]?: unknown }
  readonly atLeast?: { readonly [C in Column]?: string | number }
  readonly atMost?: { readonly [C in Column]?: string | number }
  readonly meets?: readonly Condition[]
  /** The column holds what one of these rows, of whatever read model, holds in the only column that is asked of them. */
  readonly among?: { readonly [C in Column]?: RowsAsked }
  /** Columns, growing, nulls last; then the key, so that the same rows always stand in the same order. */
  readonly order?: readonly Column[]
  /** Values of those columns and of the key: only rows behind them are wanted. */
  readonly after?: readonly unknown[]
  /** The last come first. */
  readonly descending?: true
  /** The first so many; all, when not said. */
  readonly limit?: number
  /** Instead of rows: of what kinds they are by these columns, one after the other, and how many of each there are, as `count`. */
  readonly counted?: true
  /** Instead of rows: how often any two values of the only column meet so, and how often the two rows hold the same there. */
  readonly paired?: Paired
  /** Of kinds: that of which there are most comes first. */
  readonly mostFirst?: true
}

/** Rows of two that share what they hold `within` one column, told apart by the only column that is asked of them. */
export interface Paired { readonly within: string; readonly alike: string }

/** What is asked for, each under a name of its own, in one statement. */
export type Asked = Readonly<Record<string, RowsAsked>>

/** The rows by the names under which they were asked for, as of a position in the log. */
export interface Grounds {
  readonly rows: Readonly<Record<string, readonly Row[]>>
  readonly position: string
  /** Of the rows: who has the read models at that position finds the same. */
  readonly digest: string
}

/** What is asked for, and what is found then. */
export type Asking<Found> = RowsAsked & { readonly '~found'?: Found }

/** The rows that are found, by the names under which they were asked for. */
export type FoundOf<Parts extends Asked> =
  { readonly [Name in keyof Parts]: readonly (Parts[Name] extends Asking<infer Found> ? Found : Row)[] }

type Columns<Shape extends z.ZodObject> = keyof z.output<Shape> & string
type Said<Shape extends z.ZodObject, Wanted extends Columns<Shape>> =
  Omit<RowsAsked<Columns<Shape>, Wanted>, 'from' | 'counted' | 'mostFirst'>

/** The columns of a row, or of what is picked of one. */
export const columnsIn = <Shape extends z.ZodObject>({ shape }: Shape) => Object.keys(shape) as readonly Columns<Shape>[]

/** Columns that a condition names need not be among those that are wanted. */
export const rowsOf = <Shape extends z.ZodObject, Wanted extends Columns<Shape>>(
  from: ReadModel<string, Shape>, asked: Said<Shape, Wanted>,
): Asking<Pick<z.output<Shape>, Wanted>> => ({ from, ...asked }) as never

/** How many rows there are of each kind: a kind is a value of each of these columns, or there is one where there are none. */
export const countsOf = <Shape extends z.ZodObject, Wanted extends Columns<Shape> = never>(
  from: ReadModel<string, Shape>, asked: Omit<Said<Shape, Wanted>, 'order' | 'after' | 'descending'> & Pick<RowsAsked, 'mostFirst'>,
): Asking<Pick<z.output<Shape>, Wanted> & { readonly count: number }> => ({ from, counted: true, ...asked }) as never

export interface Pair<Value> { readonly one: Value; readonly other: Value; readonly count: number; readonly alike: number }

/**
 * How often two values of a column stand in rows that share what they hold in another, and how often those rows hold the same in a third:
 * each two once, the lesser first, and each with itself.
 */
export const pairsOf = <Shape extends z.ZodObject, By extends Columns<Shape>>(
  from: ReadModel<string, Shape>, { by, within, alike, ...asked }: Omit<Said<Shape, By>, 'columns' | 'order' | 'after' | 'descending'> & {
    readonly by: By
    readonly within: Columns<Shape>
    readonly alike: Columns<Shape>
  },
): Asking<Pair<z.output<Shape>[By]>> => ({ from, columns: [by], paired: { within, alike }, ...asked }) as never

/** The columns whose values other rows name, and those rows. */
export const namedBy = ({ among = {} }: RowsAsked) => Object.entries(among) as readonly (readonly [column: string, rows: RowsAsked])[]

/** Every read model whose rows play a part. */
export const modelsOf = (asked: RowsAsked): readonly ReadModel[] => [asked.from, ...namedBy(asked).flatMap(([, rows]) => modelsOf(rows))]

/** The columns by which rows are in order, of which no two have the same values. */
export const orderOf = ({ from, order = [] }: Pick<RowsAsked, 'from' | 'order'>): readonly string[] => [...new Set([...order, ...from.key])]

/** A host may have a faster way to the same digest. */
export const groundsOf = (rows: Grounds['rows'], position: string, digest: (rows: Grounds['rows']) => string = digestOf): Grounds =>
  ({ rows, position, digest: digest(rows) })

/** What a fact keeps of the rows that it rests on. */
export const Cited = z.object({ position: z.string().regex(/^\d{1,19}$/), digest: z.string().regex(/^[0-9a-f]{64}$/) })

export const cited = ({ position, digest }: Grounds): z.output<typeof Cited> => ({ position, digest })
