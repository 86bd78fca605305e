import { z } from 'zod'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { Instant } from 'shared-domain/vocabulary.ts'
import { fromText, inner } from 'shared-service/columns.ts'
import type { Slice } from './slice.ts'

/** Values of one parameter, any of which fits. */
const alternatives_max = 50
const search_max = 100
const text_max = 1_000

/** A parameter of a list, and what it adds to the slice that is asked for. */
interface Word {
  readonly schema: z.ZodType
  readonly asks: (value: any, slice: Asked) => Asked
}

export type Asked = Pick<Slice, 'where' | 'contains' | 'ranges' | 'search' | 'sort'>

/** All parameters by which a list may be asked, by name. */
function wordsOf(model: ReadModel): Readonly<Record<string, Word>> {
  const { filters, contains, ranges, sorts, sort, search } = model
  return {
    ...Object.fromEntries(filters.map((column) => [column, {
      schema: several(typed(model, column)).describe(`Only rows with this ${column}; given several times, with any of these.`),
      asks: (values, slice) => ({ ...slice, where: { ...slice.where, [column]: values } }),
    } satisfies Word])),
    ...Object.fromEntries(Object.entries(contains).map(([name, column]) => [name, {
      schema: several(Text).describe(`Only rows whose ${column} hold this; given several times, any of these.`),
      asks: (values, slice) => ({ ...slice, contains: { ...slice.contains, [column]: values } }),
    } satisfies Word])),
    ...Object.fromEntries(ranges.flatMap((column) => [
      [`${column}From`, {
        schema: typed(model, column).optional().describe(`Only rows with this ${column} or a greater one.`),
        asks: (than, slice) => ({ ...slice, ranges: [...slice.ranges ?? [], { column, is: '>=', than }] }),
      } satisfies Word],
      [`${column}To`, {
        schema: typed(model, column).optional().describe(`Only rows with a smaller ${column} than this.`),
        asks: (than, slice) => ({ ...slice, ranges: [...slice.ranges ?? [], { column, is: '<', than }] }),
      } satisfies Word],
    ])),
    ...(search && {
      search: {
        schema: Text.min(search.length_min).max(search_max).optional()
          .describe(`Only rows where ${search.columns.join(' or ')} holds this text, in any case.`),
        asks: (text, slice) => ({ ...slice, search: text }),
      } satisfies Word,
    }),
    ...(sorts.length > 0 && {
      sort: {
        schema: usually(z.enum(sorts.flatMap((column) => [column, `-${column}`])), sort)
          .describe('Sorted by this column, falling with `-`; rows without it come last, rows with the same in the order of the key.'),
        asks: (sort: string, slice) => ({ ...slice, sort: { column: sort.replace(/^-/, ''), isFalling: sort.startsWith('-') } }),
      } satisfies Word,
    }),
  }
}

const usually = <Schema extends z.ZodType>(schema: Schema, value?: string) =>
  (value === undefined ? schema.optional() : schema.default(value as never))

/** The parameters of a list as a schema, and what the values of them ask for. */
export function asking(model: ReadModel) {
  const words = wordsOf(model)
  return {
    shape: Object.fromEntries(Object.entries(words).map(([name, { schema }]) => [name, schema])),
    asked: (given: Readonly<Record<string, unknown>>): Asked => Object.entries(given)
      .reduce<Asked>((slice, [name, value]) => (value === undefined ? slice : words[name]!.asks(value, slice)), { where: {} }),
  }
}

const hasNoNul = (value: unknown) => typeof value !== 'string' || !value.includes('\0')
const nul = { error: 'holds a NUL, which no text here has' }

const Text = z.string().min(1).max(text_max).refine(hasNoNul, nul)

const several = (schema: z.ZodType) => z.preprocess(
  (given) => (given === undefined || Array.isArray(given) ? given : [given]), z.array(schema).min(1).max(alternatives_max).optional(),
).optional()

/** A value of a column as it stands in a URL; an instant with any offset and precision. */
export function typed(model: ReadModel, column: string) {
  const schema = inner(model.row.shape[column]!) as z.ZodType
  const isInstant = z.toJSONSchema(schema, { unrepresentable: 'any' }).format === 'date-time'
  return z.preprocess((text) => fromText(schema as never, text), isInstant ? Instant : schema).refine(hasNoNul, nul)
}
