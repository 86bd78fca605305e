import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { below } from 'shared-domain/kernel/pointer.ts'
import { z } from 'zod'
import { own, type Meant, type OwnCode } from './statuses.ts'

export interface FieldError {
  /** JSON pointer into the body or to the parameter, or `#/header/name`. */
  readonly pointer: string
  readonly message: string
}

interface Circumstances {
  readonly errors?: readonly FieldError[]
  readonly retryAfter_s?: number
  /** Methods that the path takes, of one that it does not take. */
  readonly allow?: readonly string[]
  /** Said besides. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** A refusal that is not the domain's: thrown anywhere in a route, answered as a problem document. */
export class Problem extends Error {
  readonly code: OwnCode
  readonly errors: readonly FieldError[]
  readonly retryAfter_s: number
  readonly allow: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(code: OwnCode, detail = '', { errors = [], retryAfter_s = 1, allow, headers, cause }: Circumstances = {}) {
    super(detail, { cause })
    this.code = code
    this.errors = errors
    this.retryAfter_s = retryAfter_s
    this.allow = allow
    this.headers = headers
  }
}

/** RFC 9457, with what Baton adds to it. */
export const ProblemDocument = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string(),
  code: z.string(),
  correlationId: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
  context: z.record(z.string(), z.unknown()).optional().describe('What the refusal is about, by code.'),
})

export const problemType = 'application/problem+json'

/** What is told of a refusal, whoever gives it. */
export interface Told {
  readonly code: string
  readonly meant: Meant
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  readonly context?: Readonly<Record<string, unknown>>
}

export const toldOf = ({ code, message, errors }: Problem): Told => ({ code, meant: own[code], detail: message, errors })

export function documentOf({ code, meant, detail, errors = [], context }: Told, instance: string, correlationId: string): z.output<typeof ProblemDocument> {
  return {
    type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`, title: meant.title, status: meant.status,
    ...(detail ? { detail } : {}), instance, code, correlationId, retryable: meant.retryable, errors: [...errors], ...(context ? { context } : {}),
  }
}

/** Query strings stay out of answers and logs: people put keys there. */
export const pathOf = (url: string) => url.split('?', 1)[0]!

export const send = (told: Told, request: FastifyRequest, reply: FastifyReply) => reply
  .header('x-correlation-id', request.id)
  .code(told.meant.status).type(problemType).send(documentOf(told, pathOf(request.originalUrl), request.id))

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply) {
  for (const [name, value] of Object.entries(headersOf(problem))) void reply.header(name, value)
  return send(toldOf(problem), request, reply)
}

/** What a status asks to be said in headers. */
export function headersOf({ code, retryAfter_s, allow, headers }: Problem): Readonly<Record<string, string>> {
  const { status } = own[code]
  return {
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 429 || status === 503 ? { 'retry-after': String(retryAfter_s) } : {}),
    ...(allow ? { allow: allow.join(', ') } : {}),
    ...headers,
  }
}

export const invalid = (pointer: string, message: string) => invalidFor([{ pointer, message }])

export const invalidFor = (errors: readonly FieldError[]) =>
  new Problem('VALIDATION_ERROR', errors.map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; '), { errors })

/** HTTP/1.1 asks for one. */
export const hasNoHost = ({ headers, httpVersion }: IncomingMessage) => headers.host === undefined && httpVersion !== '1.0'

export const hostless = () => invalid('#/header/host', 'is missing')

export const pointerTo = (path: readonly PropertyKey[]) => path.reduce<string>((pointer, step) => below(pointer, String(step)), '')

/** Says of each part what is wrong with it. */
export const invalidParts = ({ issues }: z.ZodError) => invalidFor(issues.flatMap((issue) =>
  (issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'is not known here' }))
    : [{ pointer: pointerTo(issue.path), message: issue.message }])))

/** Parses what came from outside, or throws what is wrong with it. */
export function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(value)
  if (error) throw invalidParts(error)
  return data
}

/** What an error means to the caller, by what the service knows of its own and then by what all know; faults of ours go to the log. */
export function explained(error: unknown, request: FastifyRequest, meaningOf: (error: unknown) => Problem | undefined): Problem {
  const problem = meaningOf(error) ?? problemOf(error)
  const { status } = own[problem.code]
  const path = pathOf(request.originalUrl)
  if (status === 500) request.log.error({ err: error, path }, 'a request failed')
  else if (problem.code === 'SERVICE_UNAVAILABLE') request.log.warn({ err: problem.cause ?? error, path }, problem.message)
  return problem
}

/** Of a path that stands for no text. */
export const misspelt = () => new Problem('VALIDATION_ERROR', sayings.FST_ERR_BAD_URL)

export const tooLarge = () => new Problem('PAYLOAD_TOO_LARGE', 'Bodies have at most 1 MiB.')

export const withoutRoute = () => new Problem('NOT_FOUND', 'There is no such route.')

export const otherMethods = (allow: readonly string[]) => new Problem('METHOD_NOT_ALLOWED', `This takes ${allow.join(', ')}.`, { allow })

const sayings: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'A % in the path begins no two hexadecimal digits of UTF-8 text; write it as %25.',
  FST_ERR_MAX_PARAM_LENGTH: 'A part of the path is longer than 500 characters.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
}

/** What an error thrown anywhere means to the caller. Whatever is not recognised is a fault of ours, and nothing is said about it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code = '', statusCode } = Object(error) as { code?: string; statusCode?: unknown }
  if (statusCode === 413) return tooLarge()
  if (statusCode === 415) return new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body with `Content-Type: application/json`.')
  const isTheirs = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  if (isTheirs) return new Problem('VALIDATION_ERROR', sayings[code] ?? 'The request cannot be read.')
  return new Problem('INTERNAL_ERROR', 'The fault has been logged under the correlation id.', { cause: error })
}
