import { keys } from 'shared-domain/fleet/key/keys.ts'
import { day_ms, later } from 'shared-domain/kernel/time.ts'
import { StoredInstant } from 'shared-domain/vocabulary.ts'
import { fromText } from 'shared-service/columns.ts'
import { z } from 'zod'
import { question } from '../question.ts'

const page_max = 200
const days_max = 3_650

const Use = keys.row.omit({ revoked_at: true }).extend({
  last: StoredInstant.nullable().describe('When it came last, as far as it was written: once a minute.'),
  address: z.string().nullable().describe('From where it came last.'),
  count: z.int().describe('How often it came.'),
})

const numberFrom = (schema: z.ZodType) => z.preprocess((text) => fromText(z.number(), text), schema)

export const keyUse = question({
  operation: 'keys.use',
  about: 'When each key that is not revoked came last, from where and how often.',
  tag: 'keys',
  path: '/key-use',
  params: z.object({}),
  query: z.object({
    unusedFor_days: numberFrom(z.int().min(0).max(days_max).optional()).optional()
      .describe('Only keys that have not come for so many days, also none that was made since.'),
    limit: numberFrom(z.int().min(1).max(page_max).default(50)).describe('Rows on a page.'),
    cursor: z.uuid().optional().describe('`next` of the page before.'),
  }),
  answer: z.object({ items: z.array(Use), next: z.string().nullable().describe('Cursor of the next page; null on the last one.') }),
  scope: 'admin',
  reads: [keys.name],
  async reply({ query, caller: { organization }, at }, database) {
    const { unusedFor_days: days, limit, cursor } = query as { unusedFor_days?: number; limit: number; cursor?: string }
    const before = days === undefined ? undefined : later(at, -days * day_ms)
    const { rows, position } = await database.keyUse(organization, { before, after: cursor, limit: limit + 1 })
    const items = rows.slice(0, limit).map(({ count, ...row }) => ({ ...row, count: Number(count) }))
    return { body: { items, next: rows.length > limit ? String(rows[limit - 1]!.key) : null }, position }
  },
})
