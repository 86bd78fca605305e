import type { z } from 'zod'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { masked, withSealed } from 'shared-domain/kernel/sealed.ts'

interface Definition {
  readonly type: string
  readonly innerType?: Schema
  readonly in?: Schema
}
type Schema = z.core.$ZodType & { readonly _zod: { readonly def: Definition } }

/** The schema of a column without what says that it may be missing. */
export function inner(schema: Schema): Schema {
  const { def } = schema._zod
  const wrapped = def.innerType ?? (def.type === 'pipe' ? def.in : undefined)
  return wrapped ? inner(wrapped) : schema
}

const isNumber = (schema: Schema) => /^(number|int)$/.test(inner(schema)._zod.def.type)
const isBoolean = (schema: Schema) => inner(schema)._zod.def.type === 'boolean'

export const columnsOf = ({ row }: ReadModel): readonly string[] => Object.keys(row.shape)

/** The text of a URL in the type of its column; text that does not fit stays what it is, for the schema to refuse. */
export function fromText(schema: Schema, text: unknown): unknown {
  if (typeof text !== 'string') return text
  if (isNumber(schema)) return text.trim() === '' ? text : Number(text)
  if (isBoolean(schema)) return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** Postgres answers 64-bit integers and sums as text: where the row says number, it becomes one. What is sealed is not shown. */
export function shaper({ row }: ReadModel): (stored: Row) => Row {
  const numbers = Object.entries<Schema>(row.shape).filter(([, schema]) => isNumber(schema)).map(([column]) => column)
  return (stored) => {
    const shaped: Record<string, unknown> = { ...withSealed(row, stored, () => masked) }
    for (const column of numbers) if (typeof shaped[column] === 'string') shaped[column] = Number(shaped[column])
    return shaped
  }
}
