import { z } from 'zod'
import { readModel } from './read-model.ts'

export const deliveryStates = ['PENDING', 'DELIVERED', 'DEAD'] as const

const Instant = z.iso.datetime({ precision: 3 })

/** What is, or was, on its way to addresses outside: rows that the deliverer writes by itself. */
export const deliveries = readModel({
  name: 'delivery',
  about: 'What is on its way to addresses outside, and what became of it.',
  version: 1,
  path: '/deliveries',
  row: z.object({
    /** The name of the stream of whom it goes to. */
    target: z.string(),
    event: z.uuid(),
    position: z.string().meta({ sql: 'bigint' }),
    stream: z.string(),
    type: z.string(),
    state: z.enum(deliveryStates),
    /** How many there were. */
    attempt: z.int(),
    next_at: Instant.nullable(),
    status: z.int().nullable(),
    ms: z.int().nullable(),
    error: z.string().nullable(),
    answer: z.string().nullable(),
    at: Instant.nullable(),
  }),
  key: ['target', 'event'],
  isOffLog: true,
})

/** How far it got with each. */
export const deliveryTargets = readModel({
  name: 'delivery_target',
  about: 'How far the deliverer got with each target.',
  version: 1,
  path: '/delivery-targets',
  row: z.object({
    target: z.string(), position: z.string().meta({ sql: 'bigint' }), is_level: z.boolean(), last_success: Instant.nullable(),
  }),
  key: ['target'],
  isOffLog: true,
})
