import type { Decider } from './decider.ts'
import type { ReadModel } from './read-model.ts'

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
  /** Named in every fact that the choice leads to. */
  readonly policy: string
  readonly from: ReadModel
  /** The column that holds the id in the path. */
  readonly of: string
  readonly where: Readonly<Record<string, unknown>>
  /** A nullable instant column: rows whose instant lies ahead are left out. */
  readonly notBefore: string
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
}

/** What the fact says of how its subject was picked. */
export interface Selection {
  readonly policy: string
  readonly candidates: readonly { readonly id: string; readonly score: number }[]
}

export interface Ranked<Row> {
  readonly row: Row
  readonly score: number
}

/** Best first. */
export const rank = <Row>({ score, ties }: Choice<Row>, rows: readonly Row[], chooser: unknown, at: string): readonly Ranked<Row>[] =>
  rows.map((row) => ({ row, score: score(row, chooser, at) })).sort((a, b) => b.score - a.score || ties(a.row, b.row))
