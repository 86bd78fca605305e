import { scopes } from 'shared-domain/kernel/decider.ts'
import { actorKinds } from 'shared-domain/kernel/fact.ts'
import { z } from 'zod'
import { question } from '../question.ts'

export const validateKey = question({
  operation: 'keys.validate',
  about: 'Whom the presented API key speaks for; a key that is good for nothing is refused (S-31).',
  tag: 'keys',
  path: '/keys/validate',
  params: z.object({}),
  query: z.object({}),
  answer: z.object({
    key: z.uuid(),
    organization: z.string(),
    actor: z.object({ kind: z.enum(actorKinds).exclude(['process']), id: z.string() }),
    scopes: z.array(z.enum(scopes)),
    expiresAt: z.iso.datetime({ precision: 3 }).nullable(),
  }),
  scope: null,
  reads: [],
  reply: async ({ caller: { key, organization, actor, scopes, expiresAt, position } }) =>
    ({ body: { key, organization, actor, scopes, expiresAt }, position }),
})
