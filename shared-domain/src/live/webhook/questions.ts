import { z } from 'zod'
import { streamOf } from '../../kernel/decider.ts'
import { deliveries, deliveryStates, deliveryTargets } from '../../kernel/delivery-rows.ts'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { Id } from '../../vocabulary.ts'
import { webhookState } from './state.ts'
import { webhooks } from './webhooks.ts'

const deliveries_max = 200
const Delivery = deliveries.row.omit({ target: true })
const params = z.object({ webhook: Id })

export const webhookDeliveries = question({
  name: 'webhookDeliveries',
  about: `The last ${deliveries_max} deliveries to a webhook, the newest first: of 7 days, those that were given up of 30.`,
  path: '/webhooks/:webhook/deliveries',
  params,
  query: z.object({ state: z.enum(deliveryStates).optional(), type: z.string().max(100).optional() }),
  answer: z.object({ items: z.array(Delivery).max(deliveries_max) }),
  reads: [webhooks, deliveries],
  *reply({ params: { webhook }, query: { state, type } }) {
    const where = { target: streamOf(webhookState, webhook), ...(state && { state }), ...(type && { type }) }
    const { own: [own], items } = yield* asks({
      own: rowsOf(webhooks, { columns: ['webhook'], where: { webhook }, limit: 1 }),
      items: rowsOf(deliveries, { columns: columnsIn(Delivery), where, order: ['position'], descending: true, limit: deliveries_max }),
    })
    return own && { items }
  },
})

export const webhookHealth = question({
  name: 'webhookHealth',
  about: 'How far a webhook got: the log position, whether there is more of the log to read for it, and what waits or was given up.',
  path: '/webhooks/:webhook/health',
  params,
  answer: z.object({
    log_position: z.string().nullable(), behind: z.boolean(), pending: z.int(), dead: z.int(), lastSuccess: z.string().nullable(),
  }),
  reads: [webhooks, deliveries, deliveryTargets],
  *reply({ params: { webhook } }) {
    const target = streamOf(webhookState, webhook)
    const { own: [own], at: [at], counts } = yield* asks({
      own: rowsOf(webhooks, { columns: ['webhook'], where: { webhook }, limit: 1 }),
      at: rowsOf(deliveryTargets, { columns: ['position', 'is_level', 'last_success'], where: { target }, limit: 1 }),
      counts: countsOf(deliveries, { columns: ['state'], where: { target }, limit: deliveryStates.length }),
    })
    const many = (state: string) => counts.find((one) => one.state === state)?.count ?? 0
    return own && {
      log_position: at?.position ?? null, behind: at ? !at.is_level : false,
      pending: many('PENDING'), dead: many('DEAD'), lastSuccess: at?.last_success ?? null,
    }
  },
})
