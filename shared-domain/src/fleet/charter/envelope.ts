import { z } from 'zod'
import { digestOf } from '../../kernel/digest.ts'
import { text } from '../../vocabulary.ts'

const payload_max = 16 * 1024
const bytes = new TextEncoder()

/** What somebody is about to do. The cost is in millionths of a currency unit. */
export const Envelope = z.object({
  action: text(200),
  command: text(4_000).optional(),
  path: text(2_000).optional(),
  cost: z.int().min(0).optional(),
  payload: z.json().optional()
    .refine((said) => said === undefined || bytes.encode(JSON.stringify(said)).length <= payload_max, {
      error: `is larger than ${payload_max} bytes as JSON`,
    }),
})
export type Envelope = z.output<typeof Envelope>

/** SHA-256 in hex, by which an action is known from any other. */
export const Hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'is not a SHA-256 in hex' })

export const hashOf = (envelope: Envelope): string => digestOf(envelope)
