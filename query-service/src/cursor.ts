import { z } from 'zod'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { invalid } from 'shared-service/problems.ts'

/** The columns by which a list is ordered: a row's place in it is the values of these, and no two rows share them. */
export const placeIn = ({ order, key }: ReadModel): readonly string[] => [...new Set([...order, ...key])]

/** Opaque to callers; bound to the model and its version, because another version may be ordered otherwise. */
export const cursorAt = (model: ReadModel, row: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify([`${model.name}_v${model.version}`, ...placeIn(model).map((column) => row[column])])).toString('base64url')

export function placeAt(model: ReadModel, cursor: string): readonly unknown[] {
  const columns = placeIn(model)
  const Place = z.tuple([z.literal(`${model.name}_v${model.version}`), ...columns.map((column) => model.row.shape[column])])
  try {
    const [, ...values] = Place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return values
  } catch {
    throw invalid('/cursor', 'is not a cursor of this list')
  }
}
