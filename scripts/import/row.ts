import type { Source } from './mapping.ts'

export type RowValues = Readonly<Record<string, string>>

/** What a file says in one place, as far as the mapping asks. */
export type RawRow =
  | { readonly number: number; readonly values: RowValues }
  | { readonly number: number; readonly wrong: Wrong }

/** Why nothing can be made of a row. */
export interface Wrong {
  readonly code: string
  readonly reason: string
}

/** One row of a log, wherever it comes from. */
export interface Row {
  readonly source: Source
  /** Number of the row in its file, from 1. */
  readonly number: number
  readonly values: RowValues
  readonly at: string
  /** When the case was created, where the row says it. */
  readonly created?: string | undefined
}

/** A row that is left out. */
export interface Unread extends Wrong {
  readonly file: string
  readonly row: number
  readonly case?: string | undefined
}
