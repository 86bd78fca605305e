import type { ReadModel, Row } from './read-model.ts'

type Value = string | number

/** What a row must be like, as data: hosts make SQL of it, by an index where its column has one. */
export type Condition =
  /** Null is a value. */
  | { readonly column: string; readonly among: readonly unknown[] }
  /** A row without a value is none of these. */
  | { readonly column: string; readonly notAmong: readonly unknown[] }
  /** Of numbers and instants; a row without a value is neither. */
  | { readonly column: string; readonly atLeast: Value }
  | { readonly column: string; readonly atMost: Value }
  /** The same, or there is no value. */
  | { readonly column: string; readonly atMostOrNone: Value }
  /** The list holds all of these texts. */
  | { readonly column: string; readonly holdsAll: readonly string[] }
  /** The list holds no text but these. */
  | { readonly column: string; readonly holdsOnly: readonly string[] }

/** The column holds the key of a row of another read model, which meets conditions of its own. */
export interface Joined {
  readonly column: string
  readonly in: ReadModel
  readonly meets: readonly Condition[]
}

/** Of a column whose values have an order, which is given: none behind this one. */
export const upTo = <V>(column: string, growing: readonly V[], last: V): Condition =>
  ({ column, among: growing.slice(0, growing.indexOf(last) + 1) })

/** Of a column whose values have an order, which is given: this one, or one behind it. */
export const downTo = <V>(column: string, growing: readonly V[], first: V): Condition =>
  ({ column, among: growing.slice(growing.indexOf(first)) })

/** The one meaning of a condition, for tests and for what is decided of rows that were fetched. */
export function meets(row: Row, condition: Condition): boolean {
  const value = row[condition.column]
  if ('among' in condition) return condition.among.includes(value)
  if ('notAmong' in condition) return !condition.notAmong.includes(value)
  if ('atLeast' in condition) return value !== null && (value as Value) >= condition.atLeast
  if ('atMost' in condition) return value !== null && (value as Value) <= condition.atMost
  if ('atMostOrNone' in condition) return value === null || (value as Value) <= condition.atMostOrNone
  const held = value as readonly string[]
  if ('holdsAll' in condition) return condition.holdsAll.every((text) => held.includes(text))
  return held.every((text) => condition.holdsOnly.includes(text))
}

export const meetsAll = (row: Row, conditions: readonly Condition[]): boolean => conditions.every((condition) => meets(row, condition))

/** Growing, nulls last. */
export const inOrderOf = (columns: readonly string[]) => (a: Row, b: Row): number =>
  columns.reduce((so, column) => so || compared(a[column] as Value | null, b[column] as Value | null), 0)

const compared = (a: Value | null, b: Value | null): number => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1)
