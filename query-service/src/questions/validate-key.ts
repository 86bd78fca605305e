import { Validated } from 'shared-domain/fleet/key/validation.ts'
import { z } from 'zod'
import { question } from '../question.ts'

export const validateKey = question({
  operation: 'keys.validate',
  about: 'Whom the presented API key speaks for; a key that is good for nothing is refused (S-31).',
  tag: 'keys',
  path: '/keys/validate',
  params: z.object({}),
  query: z.object({}),
  answer: Validated,
  scope: null,
  reads: [],
  reply: async ({ caller: { key, organization, actor, scopes, expiresAt, position } }) =>
    ({ body: { key, organization, actor, scopes, expiresAt }, position }),
})
