import type { Alias } from './alias.ts'
import type { Decider } from './decider.ts'
import type { ReadModel } from './read-model.ts'
import type { Refusal } from './refusal.ts'

/**
 * A choice among the rows of a read model, as data: both the question "which would be next?" and the command "take it" are made of it.
 * For every value of `among` the first `top` rows in `order` are fetched; within one value the order must never contradict the score,
 * so that the best rows of all are among those fetched.
 */
export interface Choice<Row = any> {
  readonly name: string
  readonly about: string
  /** Routes: `GET <path>/:id/<question>` and `POST <path>/:id/<command>`. */
  readonly path: string
  readonly question: string
  readonly command: string
  /** Older routes of the question (GET) and of the command (POST). */
  readonly aliases?: readonly Alias[]
  /** Named in every fact that the choice leads to. */
  readonly policy: string
  readonly from: ReadModel
  /** The column that holds the id in the path. */
  readonly of: string
  /** A value each, or several of which any will do. */
  readonly where: Readonly<Record<string, unknown>>
  /** A nullable instant column: rows whose instant lies ahead are left out. */
  readonly notBefore: string
  /** Rows that name what does not stand are left out. */
  readonly standing?: Standing
  readonly among: Readonly<Record<string, readonly unknown[]>>
  /** Columns, growing, nulls last. */
  readonly order: readonly string[]
  readonly top: number
  /** Where the chooser's own row, handed to `score`, stands. */
  readonly chooser: ReadModel
  readonly score: (row: Row, chooser: any, at: string) => number
  /** Orders rows of equal score, better first. */
  readonly ties: (a: Row, b: Row) => number
  /** What the winner's id is, and the command it gets. */
  readonly idOf: (row: Row) => string
  readonly sends: { readonly to: Decider; readonly command: string; readonly data: (selection: Selection) => unknown }
  /** Refusals of that command which say only that the row was old: the next is tried, and nothing is told of it. */
  readonly outdated: readonly string[]
  /** Refusals after which the next may still do; the first of them is the answer when none does. */
  readonly passing: readonly string[]
  /** The answer when there was nothing to take. */
  readonly nothing: Refusal & { readonly code: string }
}

/** Every id (uuid) in a column is the key of a row of another read model, in which each of these columns holds one of these values. */
export interface Standing {
  readonly column: string
  readonly in: ReadModel
  readonly where: Readonly<Record<string, readonly unknown[]>>
}

/** The read models whose rows tell which may be chosen. */
export const readBy = ({ from, standing }: Choice): readonly ReadModel[] => (standing ? [from, standing.in] : [from])

/** What the fact says of how its subject was picked. */
export interface Selection {
  readonly policy: string
  readonly candidates: readonly { readonly id: string; readonly score: number }[]
}

export interface Ranked<Row> {
  readonly row: Row
  readonly score: number
}

/** Rows that are fetched together. */
export interface Slice {
  /** Each column holds one of these values. */
  readonly where: Readonly<Record<string, readonly unknown[]>>
  /** The column holds nothing, or an instant that does not lie ahead of this one. */
  readonly notAfter: { readonly column: string; readonly at: string }
  readonly standing?: Standing
  /** Columns, growing, nulls last. */
  readonly order: readonly string[]
  readonly limit: number
}

/** What to fetch: a slice for every combination of the values that are chosen among. Their rows hold the best `top` of all. */
export function slicesOf({ where, of, notBefore, standing, among, order, top }: Choice, id: unknown, at: string): readonly Slice[] {
  const everywhere = Object.fromEntries(Object.entries({ ...where, [of]: id }).map(([column, value]) => [column, [value].flat()]))
  return Object.entries(among)
    .reduce<readonly Slice['where'][]>(
      (all, [column, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [column]: [value] }))), [everywhere])
    .map((one) => ({ where: one, notAfter: { column: notBefore, at }, ...(standing ? { standing } : {}), order, limit: top }))
}

/** Best first. */
export const rank = <Row>({ score, ties }: Choice<Row>, rows: readonly Row[], chooser: unknown, at: string): readonly Ranked<Row>[] =>
  rows.map((row) => ({ row, score: score(row, chooser, at) })).sort((a, b) => b.score - a.score || ties(a.row, b.row))
