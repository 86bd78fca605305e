import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { v5 } from 'uuid'

export interface Elector {
  readonly elector: string
  /** As the record has it. */
  readonly name: string
  readonly weight?: string
}

/** A question that was decided elsewhere, in the words of Baton, and what came of it there. */
export interface Recorded {
  readonly id: string
  /** As the record has it, and its line there. */
  readonly name: string
  readonly row: number
  readonly at: string
  readonly electors: readonly Elector[]
  /** Besides the electorate what `POST /decisions` takes. */
  readonly asked: Readonly<Record<string, unknown>>
  /** In the order in which they were cast. */
  readonly ballots: readonly { readonly elector: string; readonly vote: 'APPROVE' | 'REJECT' | 'ABSTAIN'; readonly at: string }[]
  /** When it is counted, if it is not settled by then. */
  readonly closedAt: string
}

/** Rows of a CSV, packed or not, by the names of its columns. */
export function rowsIn<Column extends string>(file: string): readonly Readonly<Record<Column, string>>[] {
  const bytes = readFileSync(file)
  return parse(file.endsWith('.gz') ? gunzipSync(bytes) : bytes, { columns: true })
}

export const idOf = (what: string, name: string): string => v5(`${what} ${name}`, v5.URL)
