import t from 'tap'
import { z } from 'zod'
import { events } from './events.ts'
import { eventSchema } from './event-schema.ts'
import { Sealed } from './sealed.ts'

const { definitions } = events({
  VaultOpened: {
    about: 'A vault was opened.', upcast: [(old: object) => old],
    data: z.object({
      by: z.string(), code: z.string().meta({ secret: true }), combination: Sealed.nullable(), size: z.int().meta({ sql: 'bigint' }),
    }),
  },
})

t.test('L-2 the schema of a fact is that of what is pushed: nothing secret, nothing of what is sealed', async (t) => {
  t.match(eventSchema('VaultOpened', definitions.VaultOpened!), {
    $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'baton:/schemas/VaultOpened/2', title: 'VaultOpened',
    description: 'A vault was opened.', type: 'object', required: ['by', 'combination', 'size'],
    properties: {
      by: { type: 'string' }, code: undefined, combination: { anyOf: [{ const: '[sealed]' }, { type: 'null' }] }, size: { sql: undefined },
    },
  })
})
