import { STATUS_CODES } from 'node:http'
import {
  AccessDeniedError, CancelledError, DeadlineExceededError, NotLeaderError, TimeoutError, UnavailableError,
} from '@eventstore/db-client'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Rejection, type Decider } from 'shared-domain/kernel/decider.ts'
import type { z } from 'zod'
import { Busy } from './queues.ts'
import { Unreadable } from './store/streams.ts'

/** The one table from codes to HTTP statuses; a refusal that is not named is a 409. */
const statuses: Readonly<Record<string, number>> = {
  VALIDATION_ERROR: 400, OWNER_REQUIRED: 400,
  INVALID_API_KEY: 401, API_KEY_EXPIRED: 401,
  FORBIDDEN: 403, INVALID_OWNERSHIP: 403, NOT_AN_ELECTOR: 403, NOT_ASKED: 403,
  NOT_FOUND: 404,
  REVISION_MISMATCH: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_MISMATCH: 422,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500, STREAM_UNREADABLE: 500,
  SERVICE_UNAVAILABLE: 503, READ_MODEL_BEHIND: 503,
}

/** Asking again later, unchanged, can succeed. */
const retryable = new Set([
  'CAPACITY_EXCEEDED', 'RETRY_NOT_DUE', 'ORCHESTRATOR_UNAVAILABLE', 'DEPENDENCIES_UNMET', 'CONSENSUS_REQUIRED',
  'RATE_LIMITED', 'SERVICE_UNAVAILABLE', 'READ_MODEL_BEHIND',
])

const titles: Readonly<Record<string, string>> = {
  VALIDATION_ERROR: 'The request is not valid.',
  INVALID_API_KEY: 'Send a valid API key as `Authorization: Bearer bk_...`.',
  API_KEY_EXPIRED: 'The API key has expired.',
  FORBIDDEN: 'The API key does not allow this.',
  NOT_FOUND: 'There is no such thing.',
  REVISION_MISMATCH: 'The stream has moved on; read it again.',
  PAYLOAD_TOO_LARGE: 'The body is larger than allowed.',
  UNSUPPORTED_MEDIA_TYPE: 'Bodies are application/json.',
  IDEMPOTENCY_MISMATCH: 'The Idempotency-Key was used with another request.',
  RATE_LIMITED: 'Too many requests.',
  INTERNAL_ERROR: 'Something went wrong here; the correlation id finds it in the log.',
  STREAM_UNREADABLE: 'The stream holds an event that cannot be read; nothing was changed.',
  SERVICE_UNAVAILABLE: 'Not available at the moment; try again.',
  READ_MODEL_BEHIND: 'The read model is not that far yet; try again.',
}

export interface FieldError {
  /** JSON pointer into the body, or `#/header/name`. */
  readonly pointer: string
  readonly message: string
}

/** A refusal that is not the domain's: thrown anywhere in a route, answered by `onError`. */
export class Problem extends Error {
  readonly code: string
  readonly errors: readonly FieldError[]
  readonly retry_after_s: number | undefined
  constructor(code: string, detail = '', errors: readonly FieldError[] = [], retry_after_s?: number) {
    super(detail)
    this.code = code
    this.errors = errors
    this.retry_after_s = retry_after_s
  }
}

export const invalid = (pointer: string, message: string) => new Problem('VALIDATION_ERROR', '', [{ pointer, message }])

const pointerOf = (path: readonly PropertyKey[]) => path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export const invalidBody = ({ issues }: z.ZodError) => new Problem('VALIDATION_ERROR', '', issues.flatMap((issue) =>
  (issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), message: 'is not known here' }))
    : [{ pointer: pointerOf(issue.path), message: issue.message }])))

interface Answer {
  readonly code: string
  readonly title?: string | undefined
  readonly detail?: string | undefined
  readonly errors?: readonly FieldError[]
  readonly more?: Readonly<Record<string, unknown>>
  readonly retry_after_s?: number | undefined
}

function send(request: FastifyRequest, reply: FastifyReply, { code, title, detail, errors = [], more = {}, retry_after_s }: Answer) {
  const status = statuses[code] ?? 409
  if (status === 429 || status === 503) void reply.header('retry-after', String(retry_after_s ?? 1))
  if (status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply.code(status).type('application/problem+json').send({
    type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: title ?? titles[code] ?? STATUS_CODES[status], status, ...(detail ? { detail } : {}), instance: request.url.split('?')[0], code,
    correlationId: request.id, retryable: retryable.has(code), errors, ...more,
  })
}

/** A refusal of the domain, with the sentence that the decider declares for it. */
export const refuse = (request: FastifyRequest, reply: FastifyReply, { code, detail }: Rejection, { rejections }: Decider) =>
  send(request, reply, {
    code, title: rejections[code], more: Object.keys(detail).length > 0 ? { context: detail } : {},
    ...(detail.errors ? { errors: detail.errors as FieldError[] } : {}),
  })

const unavailable = [UnavailableError, DeadlineExceededError, TimeoutError, CancelledError, NotLeaderError, Busy]

/** Codes of the SQL and network layers that mean "not now". */
const isOutage = (error: { code?: unknown }) =>
  typeof error.code === 'string' && /^(ECONN|ETIMEDOUT|EPIPE|57P0|08|53)/.test(error.code)

/** What the client of the event store says when it finds no node of a cluster. */
const isWithoutNode = ({ message }: Error) => message.startsWith('Failed to discover')

const isMissingTable = (error: { code?: unknown }) => error.code === '42P01'

function answerTo(error: Partial<FastifyError> & Error): Answer {
  if (error instanceof Problem) return { code: error.code, detail: error.message, errors: error.errors, retry_after_s: error.retry_after_s }
  if (unavailable.some((kind) => error instanceof kind) || isOutage(error) || isWithoutNode(error)) return { code: 'SERVICE_UNAVAILABLE' }
  if (isMissingTable(error)) return { code: 'READ_MODEL_BEHIND', detail: 'The read models have not been built yet.' }
  if (error instanceof Unreadable) return { code: 'STREAM_UNREADABLE' }
  if (error instanceof AccessDeniedError) return { code: 'INTERNAL_ERROR' }
  switch (error.statusCode) {
    case 400: return { code: 'VALIDATION_ERROR', detail: error.message }
    case 404: return { code: 'NOT_FOUND' }
    case 413: return { code: 'PAYLOAD_TOO_LARGE' }
    case 415: return { code: 'UNSUPPORTED_MEDIA_TYPE' }
    case 429: return { code: 'RATE_LIMITED', detail: error.message }
    case 503: return { code: 'SERVICE_UNAVAILABLE' }
    default: return { code: 'INTERNAL_ERROR' }
  }
}

export function onError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const answer = answerTo(error)
  if ((statuses[answer.code] ?? 409) >= 500) request.log.error({ err: error, correlationId: request.id }, answer.code)
  return send(request, reply, answer)
}

export const onNotFound = (request: FastifyRequest, reply: FastifyReply) => send(request, reply, { code: 'NOT_FOUND', detail: 'There is no such route.' })
