import type { Command, Decider } from 'shared-domain/kernel/decider.ts'

const digits = { type: 'string', pattern: '^\\d+$' }

const accepted = (secret: boolean) => ({
  type: 'object',
  required: ['id', 'revision', 'position', 'changed'],
  properties: {
    id: { type: 'string', description: 'The stream that the command was for.' },
    revision: { ...digits, description: 'Revision of the stream after the command; also the ETag.' },
    position: { ...digits, description: 'Position in the log; pass it as `minPosition` to read your own write.' },
    changed: { type: 'boolean', description: 'False when the wish was already true.' },
    ...(secret ? { secret: { type: 'string', description: 'The API key. It is shown here and never again.' } } : {}),
  },
})

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'instance', 'code', 'correlationId', 'retryable', 'errors'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string' },
    correlationId: { type: 'string' },
    retryable: { type: 'boolean' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['pointer', 'message'], properties: { pointer: { type: 'string' }, message: { type: 'string' } } },
    },
    context: { type: 'object', description: 'What the refusal is about, by code.', additionalProperties: true },
  },
}

const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } })

const headers = (description: string) => ({
  description,
  headers: { etag: { schema: { type: 'string' }, description: 'Revision of the stream in double quotes.' } },
})

export function answers({ rejections }: Pick<Decider, 'rejections'>, { creates, secret }: Pick<Command, 'creates' | 'secret'>) {
  const refusals = Object.entries(rejections).map(([code, about]) => `\`${code}\`: ${about}`).join('\n')
  const content = { 'application/json': { schema: accepted(secret ?? false) } }
  return {
    200: { ...headers(creates ? 'It was so already.' : 'Accepted.'), content },
    ...(creates ? { 201: { ...headers('Created.'), content } } : {}),
    400: problem('`VALIDATION_ERROR`: what is wrong is in `errors`.'),
    401: problem('`INVALID_API_KEY` or `API_KEY_EXPIRED`.'),
    403: problem('The caller may not do this.'),
    404: problem('`NOT_FOUND`: there is no such thing in the organization.'),
    409: problem(`Refused.\n${refusals}`),
    412: problem('`REVISION_MISMATCH`: the stream is not at the revision of If-Match.'),
    413: problem('`PAYLOAD_TOO_LARGE`: bodies have at most 1 MiB.'),
    415: problem('`UNSUPPORTED_MEDIA_TYPE`: bodies are application/json.'),
    422: problem('`IDEMPOTENCY_MISMATCH`: the key was used with another request.'),
    429: problem('`RATE_LIMITED`: see Retry-After.'),
    503: problem('`SERVICE_UNAVAILABLE`: see Retry-After.'),
  }
}

/** `picks`: which stream it will be is not known to the caller, so neither is its revision. */
export const headerParameters = ({ secret, picks }: Pick<Command, 'secret'> & { picks?: boolean }) => ({
  type: 'object',
  properties: {
    ...(secret ? {} : {
      'idempotency-key': { type: 'string', minLength: 1, maxLength: 255, description: 'The same key again gives the first answer again.' },
    }),
    ...(picks ? {} : { 'if-match': { type: 'string', description: 'Revision in double quotes that the stream must be at.' } }),
    'x-correlation-id': { type: 'string', maxLength: 128, description: 'Taken over into every fact; made when not given.' },
    'baton-imported-at': { type: 'string', format: 'date-time', description: 'Admins only: the fact is taken over from another log with its own time.' },
  },
})

export const document = {
  openapi: '3.1.0' as const,
  info: { title: 'Baton: commands', version: '1', description: 'Every accepted command is a durable event. Send `Authorization: Bearer bk_...`.' },
  components: { schemas: { Problem: problemSchema as never }, securitySchemes: { apiKey: { type: 'http' as const, scheme: 'bearer', description: 'An API key: `bk_` and 43 characters.' } } },
  security: [{ apiKey: [] }],
}
