import type { FastifyInstance, FastifySchema } from 'fastify'
import { z } from 'zod'
import { prefix } from 'shared-service/addresses.ts'
import { describing } from 'shared-service/describing.ts'
import { ProblemDocument, problemType } from 'shared-service/problems.ts'
import { own, type OwnCode } from 'shared-service/statuses.ts'
import type { QuestionWording } from './wordings.ts'

const jsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    // How a column is stored is nobody's business out there.
    override: ({ jsonSchema }) => { delete jsonSchema.sql },
  }) as Record<string, unknown>
  return rest
}

export async function documented(app: FastifyInstance) {
  await describing(app, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Baton: questions', version: '1',
        description: 'Everything that may be asked of a fleet. Every answer says the log position it was computed at.',
      },
      servers: [{
        url: '/', description: 'This host. `/api` alone means the latest version, and `/vps` is an older name of `/orchestrators`.',
      }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, `bk_...`.' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same, for clients that cannot send the other.' },
        },
      },
      security: [{ bearer: [] }, { header: [] }],
    },
    refResolver: { buildLocalReference: ({ $id }) => String($id) },
  })
  app.addSchema({ $id: 'Problem', ...jsonSchema(ProblemDocument) })
}

interface Described {
  readonly operation: string
  readonly about: string
  readonly tag: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly answer: z.ZodObject
  readonly reads?: readonly string[]
}

const written = (path: string) => `GET ${prefix}${path.replace(/:(\w+)/g, '{$1}')}`

const olderName = (path: string, method = 'GET') => `older.${method.toLowerCase()}${path.replace(/[/:]+/g, '.')}`

/** Older words that a route takes, alone or beside its own. */
function olderWords(wordings: readonly QuestionWording[]) {
  const older = wordings.filter(({ alias }) => alias)
  const said = older.map(({ alias, own }) => `Older words for \`${written(own.path)}\`.${alias?.about ? ` ${alias.about}` : ''}`)
  return older.length > 0 ? { description: said.join('\n\n'), 'x-successors': older.map(({ own }) => written(own.path)) } : {}
}

/**
 * What the OpenAPI document says of a route and all words that it takes. Fastify validates nothing by it: requests are parsed by the zod
 * schemas themselves.
 */
export function described(asked: Described, wordings: readonly [QuestionWording, ...QuestionWording[]]): FastifySchema {
  const [{ alias, method, params, path }] = wordings
  const query = z.object(Object.assign({}, ...wordings.toReversed().map((one) => one.query.shape)))
  const operation = alias ? olderName(path, method) : asked.operation
  return {
    ...answered({ ...asked, operation, params, query }, method === 'GET' ? 'querystring' : 'body'),
    ...(alias ? { deprecated: true, summary: `Older words: ${asked.about}` } : {}), ...olderWords(wordings),
  }
}

const answered = (
  { operation, about, tag, params, query, answer, reads = [] }: Described, where: 'querystring' | 'body',
): FastifySchema => ({
  operationId: operation,
  summary: about,
  tags: [tag],
  ...(Object.keys(params.shape).length > 0 ? { params: allOf(params) } : {}),
  ...(Object.keys(query.shape).length > 0 ? { [where]: optional(query) } : {}),
  response: {
    200: {
      description: reads.length > 0 ? `From ${reads.join(' and ')}, as of \`position\`.` : 'As of `position`.',
      headers: { 'Baton-Position': { type: 'string', description: 'The log position of the answer.' }, ...correlation },
      content: { 'application/json': { schema: jsonSchema(answer) } },
    },
    ...refusals(Object.keys(params.shape).length > 0 ? codes : codes.filter((code) => code !== 'NOT_FOUND')),
  },
})

type DescribedStream = Omit<Described, 'params' | 'query' | 'answer' | 'reads'> & { readonly event: z.ZodObject }

/** What the document says of a stream of facts in these words. */
export const describedStream = ({ operation, about, tag, event }: DescribedStream, wording: QuestionWording): FastifySchema => ({
  operationId: wording.alias ? olderName(wording.path) : operation,
  summary: wording.alias ? `Older words: ${about}` : about,
  ...(wording.alias ? { deprecated: true } : {}), ...olderWords([wording]),
  tags: [tag],
  querystring: optional(wording.query),
  headers: {
    type: 'object',
    properties: { 'Last-Event-ID': { type: 'string', description: 'Log position after which to go on; sent by browsers by themselves.' } },
  },
  response: {
    200: {
      description: 'Server-sent events without end. The id of an event is its log position; its data is a fact as JSON:\n\n'
        + `\`\`\`json\n${JSON.stringify(jsonSchema(event), null, 2)}\n\`\`\`\n\n`
        + 'An event `gap` {from, to, reason: ahead or other-log} comes first where the position to go on after lies behind the end of the log, or '
        + 'is of another one: read anew, the stream goes on after `to`. Without a gap nothing was missed. An event `caught-up` {position} comes once '
        + 'what the log held at the opening has been sent. An event `end` {code} comes last where the key is no longer taken, at most a second after that.',
      headers: { 'Baton-Log': { type: 'string', description: 'Names the log that the positions are of.' }, ...correlation },
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...refusals(codes.filter((code) => code !== 'NOT_FOUND')),
  },
})

type DescribedAnswers = Described & { readonly event: string }

/** What the document says of a question that is told again and again. */
export const describedAnswers = ({ operation, about, tag, params, answer, event }: DescribedAnswers): FastifySchema => ({
  operationId: `${operation}.stream`,
  summary: `${about} Told again whenever it is otherwise.`,
  tags: [tag],
  params: allOf(params),
  response: {
    200: {
      description: `Server-sent events \`${event}\` without end: the answer with its \`position\` and \`lag_s\`, the seconds since the first fact that is not in it:\n\n`
        + `\`\`\`json\n${JSON.stringify(jsonSchema(answer), null, 2)}\n\`\`\`\n\nAn event \`end\` {code} comes last where the key is no longer taken.`,
      headers: correlation,
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...refusals(codes),
  },
})

const codes: readonly OwnCode[] = [
  'VALIDATION_ERROR', 'INVALID_API_KEY', 'API_KEY_EXPIRED', 'FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED', 'INTERNAL_ERROR',
  'READ_MODEL_BEHIND', 'SERVICE_UNAVAILABLE',
]

const correlation = { 'X-Correlation-Id': { type: 'string', description: 'Taken over from the request, or made.' } }
const patience = { 'Retry-After': { type: 'integer', description: 'Seconds.' } }

const refusals = (possible: readonly OwnCode[]) => {
  const byStatus = Map.groupBy(possible, (code) => own[code].status)
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, {
    description: codes.map((code) => `\`${code}\`: ${own[code].title}`).join(' '),
    headers: { ...correlation, ...(status === 429 || status === 503 ? patience : {}) },
    content: { [problemType]: { schema: { $ref: 'Problem#' } } },
  }]))
}

const allOf = (schema: z.ZodObject) => ({
  type: 'object', properties: Object.fromEntries(Object.entries<z.ZodType>(schema.shape).map(([name, one]) => [name, jsonSchema(one)])),
})

/** Output schemas name parameters with defaults as required; for a caller none is. */
const optional = (schema: z.ZodObject) => allOf(schema)
