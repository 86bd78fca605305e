import type { Recorded } from './fact.ts'
import type { ReadModel, Row } from './read-model.ts'

/** A row by its key, which is one column. */
export interface RowWanted {
  readonly from: ReadModel
  readonly id: string
}

/** The row that was wanted; undefined where there is none, or where the read model did not come so far in time. */
export type FindRow = (wanted: RowWanted) => Row | undefined

/** What a client hears of some facts under a name of its own, besides position and time. */
export interface Push {
  readonly event: string
  readonly about: string
  /** Of which types of facts. */
  readonly facts: readonly string[]
  /** Rows that it tells of, as they stand at or after the fact. */
  readonly rows: (fact: Recorded) => readonly RowWanted[]
  readonly payload: (fact: Recorded, find: FindRow) => Readonly<Record<string, unknown>>
}

/** Under which topics a fact is told, besides `organization`. */
export interface Topics {
  /** Kinds of topics, each with an id or a word behind a colon. */
  readonly kinds: readonly string[]
  readonly of: (fact: Recorded, recipient: string | null, find: FindRow) => readonly string[]
}
