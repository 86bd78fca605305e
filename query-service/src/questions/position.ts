import { z } from 'zod'
import { Position, question } from '../question.ts'

export const position = question({
  operation: 'position.list',
  about: 'How far each read model is; `position` is the one that is least far.',
  tag: 'position',
  path: '/position',
  params: z.object({}),
  query: z.object({}),
  answer: z.object({ items: z.array(z.object({ model: z.string(), version: z.int(), position: Position })) }),
  scope: 'read',
  reads: [],
  async reply(_, database) {
    const items = await database.checkpoints()
    const least = items.map((item) => BigInt(item.position)).reduce((a, b) => (a < b ? a : b), BigInt(items[0]?.position ?? 0))
    return { body: { items }, position: String(least) }
  },
})
