import { routeParts, type Alias } from 'shared-domain/kernel/alias.ts'
import { bulkBody, olderBulkBody } from 'shared-domain/kernel/bulk.ts'
import type { Bulk, Command, Decider, OlderWords } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import type { Refusals } from 'shared-domain/kernel/refusal.ts'
import { prefix } from 'shared-service/addresses.ts'
import { ProblemDocument } from 'shared-service/problems.ts'
import { meant, own, type OwnCode } from 'shared-service/statuses.ts'
import { z } from 'zod'
import { refusalsOf } from './gating.ts'
import { bodyOf, type CommandWording } from './wordings.ts'

const digits = { type: 'string', pattern: '^\\d+$' }

/** What it takes to tell how a command is answered. */
type Answered = Pick<Command, 'creates' | 'place' | 'secret' | 'answers'> & Pick<OlderWords, 'shows'>

const redacted = { type: 'array', items: { type: 'string' }, description: 'JSON pointers to what was taken for a secret and is not kept; left out when there is nothing.' }

const accepted = ({ secret, answers, shows }: Answered) => ({
  type: 'object',
  required: ['id', 'revision', 'position', 'changed', ...Object.keys(answers?.fields.shape ?? {})],
  properties: {
    id: { type: 'string', description: 'The stream that the command was for.' },
    revision: { ...digits, description: 'Revision of the stream after the command; also the ETag.' },
    position: { ...digits, description: 'Position in the log; pass it as `minPosition` to read your own write.' },
    changed: { type: 'boolean', description: 'False when the wish was already true.' },
    ...(secret ? { secret: { type: 'string', description: 'The secret that was made, such as the API key. It is shown here and never again.' } } : {}),
    ...(answers ? z.toJSONSchema(answers.fields, { target: 'draft-2020-12' }).properties : {}),
    ...(shows ? { [shows.question.name]: { type: ['object', 'null'], description: `${shows.question.about} Null where it could not be had in time.` } } : {}),
    redacted,
  },
})

const { $schema: _dialect, ...problemSchema } = z.toJSONSchema(ProblemDocument) as Record<string, unknown>

const patience = { headers: { 'retry-after': { schema: { type: 'integer' }, description: 'Seconds.' } } }

const problem = (status: number, description: string) => ({ description, ...(status === 429 || status === 503 ? patience : {}), content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } })

const headers = (description: string) => ({
  description,
  headers: { etag: { schema: { type: 'string' }, description: 'Revision of the stream in double quotes.' } },
})

/** What the service itself may refuse of any command. */
const usual = [
  'VALIDATION_ERROR', 'INVALID_API_KEY', 'API_KEY_EXPIRED', 'FORBIDDEN', 'ORGANIZATION_SUSPENDED', 'NOT_FOUND', 'REVISION_MISMATCH', 'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE', 'IDEMPOTENCY_MISMATCH', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE',
] as const

export function refused(declared: Refusals, codes: readonly OwnCode[] = usual) {
  const refusals = [
    ...codes.map((code) => ({ code, ...own[code] })), ...Object.entries(declared).map(([code, refusal]) => ({ code, ...meant(refusal) })),
  ]
  return Object.fromEntries([...Map.groupBy(refusals, ({ status }) => status)].map(([status, refusals]) =>
    [status, problem(status, [...new Set(refusals.map(({ code, title }) => `\`${code}\`: ${title}`))].join('\n'))]))
}

/** What comes to a stream by what it says makes something there, unless it takes it away. */
export const isCreating = ({ creates, place }: Pick<Command, 'creates' | 'place'>, method: string): boolean =>
  creates ?? (place !== undefined && method !== 'DELETE')

/** Every answer of a command: a refusal stands under the status of its kind. */
export function answers(declared: Refusals, command: Answered, method = 'POST') {
  const creates = isCreating(command, method)
  const content = { 'application/json': { schema: accepted(command) } }
  return {
    200: { ...headers(creates ? 'It was so already.' : 'Accepted.'), content },
    ...(creates ? { 201: { ...headers('Created.'), content } } : {}),
    ...refused(declared),
  }
}

const correlation = { type: 'string', maxLength: 128, description: 'Taken over into every fact; made when not given.' }

/** `picks`: which stream it will be is not known to the caller, so neither is its revision. */
export const headerParameters = ({ secret, picks, isGated }: Pick<Command, 'secret'> & { picks?: boolean; isGated?: boolean | undefined }) => ({
  type: 'object',
  properties: {
    ...(secret ? {} : {
      'idempotency-key': { type: 'string', minLength: 1, maxLength: 255, description: 'The same key again gives the first answer again.' },
    }),
    ...(picks ? {} : { 'if-match': { type: 'string', description: 'Revision in double quotes that the stream must be at.' } }),
    ...(isGated ? { 'baton-approval': { type: 'string', format: 'uuid', description: 'An approval of exactly this, where a charter wants one.' } } : {}),
    'x-correlation-id': correlation,
    'baton-imported-at': { type: 'string', format: 'date-time', description: 'Admins only: the fact is taken over from another log with its own time.' },
  },
})

const dialect = { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' } as const

/** The route of a command in the notation of OpenAPI. */
const written = ({ method, path }: Pick<CommandWording, 'method' | 'path'>) => `${method} ${prefix}${path.replace(/:(\w+)/g, '{$1}')}`

/** What the document says of a route and all words that it takes: one that takes older words alone is deprecated. */
export function described(wordings: readonly [CommandWording, ...CommandWording[]], gate?: Gate) {
  const [first, ...others] = wordings
  const { decider: { category, collection }, name, command, alias, parameters, ids, words } = first
  const older = wordings.filter((one) => one.alias)
  const bodies = wordings.map((one) => z.toJSONSchema(bodyOf(one), dialect))
  const rejections: Refusals = Object.assign({}, ...wordings.map(({ decider, command }) => refusalsOf(gate, decider, command)))
  return {
    operationId: alias ? olderOperation(first) : `${category}.${name}`,
    summary: alias ? `Older words: ${wordings.map((one) => one.command.about).join(' Or: ')}` : command.about,
    tags: [collection],
    params: z.toJSONSchema(z.object(Object.fromEntries(parameters.map((name) => [name, ids.includes(name) ? z.uuid() : words.shape[name]]))), dialect),
    headers: headerParameters({ ...command, isGated: gate?.guards(command) }),
    body: others.length > 0 ? { anyOf: bodies } : bodies[0]!,
    response: answers(rejections, alias?.shows ? { ...command, shows: alias.shows } : command, first.own.method),
    ...(older.length > 0 ? successors(older) : {}),
    ...(alias ? { deprecated: true } : {}),
  }
}

export const olderOperation = ({ method, path }: Pick<CommandWording, 'method' | 'path'>) => `older.${method.toLowerCase()}${path.replace(/[/:]+/g, '.')}`

/** What older words stand for. */
export const successors = (older: readonly Pick<CommandWording, 'alias' | 'own'>[]) => ({
  description: older.map(({ alias, own }) => `Older words for \`${written(own)}\`.${alias?.about ? ` ${alias.about}` : ''}`).join('\n\n'),
  'x-successors': older.map(({ own }) => written(own)),
})

const count = { type: 'integer', minimum: 0 }

const summary = {
  type: 'object', required: ['total', 'success', 'failed', 'skipped'],
  properties: { total: count, success: count, failed: count, skipped: { ...count, description: 'What was so already.' } },
}

const bodiesOf = (bodies: readonly (z.ZodType | undefined)[]) => {
  const schemas = bodies.flatMap((body) => (body ? [z.toJSONSchema(body, dialect)] : []))
  return schemas.length > 1 ? { anyOf: schemas } : schemas[0]!
}

/** What the document says of a request for many streams at once. */
export function bulkDescribed(decider: Decider, bulk: Bulk, older?: { readonly alias: Alias; readonly words: z.ZodObject }) {
  const { category, collection, rejections, commands } = decider
  const more = Object.assign({}, ...Object.values(bulk.actions).map((name) => commands[name]!.answers?.fields.shape))
  const result = {
    type: 'object',
    required: ['id', 'status', 'changed'],
    properties: {
      id: { type: 'string' },
      status: { type: 'integer', description: 'As the command by itself would be answered.' },
      changed: { type: 'boolean' },
      code: { type: 'string', description: `Why it failed: ${Object.keys(rejections).join(', ')}, or a code of the service.` },
      ...z.toJSONSchema(z.object(more), { target: 'draft-2020-12' }).properties,
    },
  }
  const answer = {
    type: 'object',
    required: ['action', 'summary', 'results'],
    properties: {
      action: { type: 'string' },
      summary,
      results: { type: 'array', items: result },
      redacted,
    },
  }
  const content = { 'application/json': { schema: answer } }
  return {
    operationId: older ? olderOperation(routeParts(older.alias.route)) : `${category}.bulk`,
    summary: `${bulk.about} Each is answered for itself; the same Idempotency-Key again answers what is done and does the rest.`,
    tags: [collection],
    headers: headerParameters({ picks: true }),
    body: bodiesOf([bulkBody(decider, bulk), olderBulkBody(bulk)]),
    response: {
      200: { description: 'Every item was done, or was so already.', content },
      207: { description: 'Some failed.', content },
      ...refused({}, usual.filter((code) => !['NOT_FOUND', 'REVISION_MISMATCH', 'IDEMPOTENCY_MISMATCH'].includes(code))),
    },
    ...(older ? { deprecated: true, ...successors([{ alias: older.alias, own: routeParts(`POST /${collection}/bulk`) }]) } : {}),
  }
}

/** What the document says of a request for many commands. */
export function batchDescribed(body: z.ZodType) {
  const result = {
    type: 'object',
    required: ['status', 'body'],
    properties: {
      status: { type: 'integer', description: 'As the command by itself would be answered.' },
      headers: { type: 'object', additionalProperties: { type: 'string' }, description: '`etag`, `location` and `link`, as far as its own route answers with them.' },
      body: { description: 'As its own route answers, or the problem, whose `instance` names the item: `#/commands/<index>`.' },
    },
  }
  const schema = { type: 'object', required: ['summary', 'results'], properties: { summary, results: { type: 'array', items: result, description: 'In the order of the commands.' } } }
  const content = { 'application/json': { schema } }
  return {
    operationId: 'commands',
    summary: 'Many commands in one request, each answered for itself as by its own route.',
    description: 'Commands for one stream are carried out in their order, those for different streams side by side: what rests on another stream goes into a later request. Of what was not done in time the answer is 503, and so it is for what comes after it for the same stream; the same commands under the same keys again do the rest. A request counts as one, whatever it holds. Commands that make a secret, and requests for many within it, are refused.',
    tags: ['commands'],
    headers: { type: 'object', properties: { 'x-correlation-id': correlation } },
    body: z.toJSONSchema(body, dialect),
    response: {
      200: { description: 'Every command was accepted.', content },
      207: { description: 'Some were refused.', content },
      ...refused({}, usual.filter((code) => !['FORBIDDEN', 'NOT_FOUND', 'REVISION_MISMATCH', 'IDEMPOTENCY_MISMATCH'].includes(code))),
    },
  }
}

export const document = {
  openapi: '3.1.0' as const,
  info: { title: 'Baton: commands', version: '1', description: 'Every accepted command is a durable event. Send `Authorization: Bearer bk_...`.' },
  components: { schemas: { Problem: problemSchema as never }, securitySchemes: { apiKey: { type: 'http' as const, scheme: 'bearer', description: 'An API key: `bk_` and 43 characters.' } } },
  security: [{ apiKey: [] }],
}
