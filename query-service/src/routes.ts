import { z } from 'zod'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { asking, typed, type Asked } from './asking.ts'
import { fromText } from 'shared-service/columns.ts'
import { cursorAt, placeAt, placeIn } from './cursor.ts'
import { question, type Question } from './question.ts'
import type { Slice } from './slice.ts'
import { unknownThing } from './wordings.ts'

const page_max = 200

/** What one row looks like to a caller. */
export const shownRow = ({ row, computed }: ReadModel): z.ZodObject => row.extend(computed.shape)

export const show = ({ compute }: ReadModel, row: Row): Row => ({ ...row, ...compute(row) })

/** The list and the item of a read model, derived from its declaration. */
export const questionsOf = (model: ReadModel): readonly Question[] => [list(model), item(model)]

interface Wanted {
  readonly limit: number
  readonly cursor?: string | undefined
}

const list = (model: ReadModel) => {
  const { shape, asked } = asking(model)
  return question({
    operation: `${model.name}.list`,
    about: model.about,
    tag: model.name,
    path: model.path,
    params: z.object({}),
    query: z.object({ ...shape, ...paging }),
    answer: z.object({
      items: z.array(shownRow(model)), next: z.string().nullable().describe('Cursor of the next page; null on the last one.'),
    }),
    scope: 'read',
    reads: [model.name],
    aliases: model.aliases.filter(({ item }) => !item),
    async reply({ query, caller }, database) {
      const { limit, cursor, ...given } = query as unknown as Wanted
      const slice = sliceOf(model, asked(given), { limit, cursor })
      const { rows, position } = await database.ask(model, caller.organization, [slice])
      const page = rows.slice(0, limit)
      const next = rows.length > page.length ? cursorAt(model, page.at(-1)!, slice.sort) : null
      return { body: { items: page.map((row) => show(model, row)), next }, position }
    },
  })
}

/** One row more than asked for tells whether there is a next page. */
export const sliceOf = (model: ReadModel, asked: Asked, { limit, cursor }: Wanted): Slice => ({
  ...asked,
  order: placeIn(model, asked.sort).filter((column) => column !== asked.sort?.column),
  limit: limit + 1,
  ...(cursor !== undefined && { after: placeAt(model, cursor, asked.sort) }),
})

const item = (model: ReadModel) => question({
  operation: `${model.name}.item`,
  about: `One row of it: ${model.about}`,
  tag: model.name,
  path: `${model.path}/${model.key.map((column) => `:${column}`).join('/')}`,
  params: z.object(Object.fromEntries(model.key.map((column) => [column, typed(model, column)]))),
  query: z.object({}),
  answer: shownRow(model),
  scope: 'read',
  reads: [model.name],
  aliases: model.aliases.filter(({ item }) => item),
  async reply({ params, caller: { organization } }, database) {
    const { self } = model
    const key = self !== undefined && params[self] === 'self' ? { ...params, [self]: organization } : params
    const { rows: [row], position } = await database.ask(model, organization, [slicedTo(key)])
    if (!row) throw unknownThing()
    return { body: show(model, row), position }
  },
})

/** The one row whose columns hold these values. */
export const slicedTo = (key: Row) => ({
  where: Object.fromEntries(Object.entries(key).map(([column, value]) => [column, [value]])), order: Object.keys(key), limit: 1,
})

const paging = {
  limit: z.preprocess((text) => fromText(z.number(), text), z.int().min(1).max(page_max).default(50)).describe('Rows on a page.'),
  cursor: z.string().max(2_000).optional().describe('`next` of the page before.'),
}
