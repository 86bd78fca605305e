import { z } from 'zod'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { invalid } from 'shared-service/problems.ts'
import type { Sort } from './slice.ts'

/** The columns by which a list is ordered: a row's place in it is the values of these, and no two rows share them. */
export const placeIn = ({ order, key }: ReadModel, sort?: Sort): readonly string[] => [...new Set([...(sort ? [sort.column] : order), ...key])]

/** Opaque to callers; bound to the model and its version, because another version may be ordered otherwise, and to how it is sorted. */
export const cursorAt = (model: ReadModel, row: Readonly<Record<string, unknown>>, sort?: Sort): string =>
  Buffer.from(JSON.stringify([boundTo(model, sort), ...placeIn(model, sort).map((column) => row[column])])).toString('base64url')

const boundTo = ({ name, version }: ReadModel, sort?: Sort) =>
  `${name}_v${version}${sort ? ` ${sort.isFalling ? '-' : ''}${sort.column}` : ''}`

export function placeAt(model: ReadModel, cursor: string, sort?: Sort): readonly unknown[] {
  const columns = placeIn(model, sort)
  const Place = z.tuple([z.literal(boundTo(model, sort)), ...columns.map((column) => model.row.shape[column])])
  try {
    const [, ...values] = Place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return values
  } catch {
    throw invalid('/cursor', 'is not a cursor of this list as it is sorted now')
  }
}
