import {
  AccessDeniedError, CancelledError, DeadlineExceededError, NotLeaderError, TimeoutError, UnavailableError,
} from '@eventstore/db-client'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Rejection } from 'shared-domain/kernel/decider.ts'
import { conflict, general, type Refusal, type RefusalKind, type Refusals } from 'shared-domain/kernel/refusal.ts'
import type { z } from 'zod'
import { Busy } from './queues.ts'
import { Unreadable } from './store/streams.ts'

interface Meaning {
  readonly status: number
  /** Asking again later, unchanged, can succeed. */
  readonly retryable: boolean
}

/** The one table from kinds of refusals to HTTP. */
export const meanings: Readonly<Record<RefusalKind, Meaning>> = {
  invalid: { status: 400, retryable: false },
  forbidden: { status: 403, retryable: false },
  unknown: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  busy: { status: 409, retryable: true },
  gone: { status: 410, retryable: false },
  unprocessable: { status: 422, retryable: false },
}

interface Meant extends Meaning {
  readonly title: string
}

export const meant = ({ kind, says }: Refusal): Meant => ({ ...meanings[kind], title: says })

/** What the service refuses by itself, whatever it serves. */
export const own: Readonly<Record<string, Meant>> = {
  ...Object.fromEntries(Object.entries(general).map(([code, refusal]) => [code, meant(refusal)])),
  INVALID_API_KEY: { status: 401, retryable: false, title: 'Send a valid API key as `Authorization: Bearer bk_...`.' },
  API_KEY_EXPIRED: { status: 401, retryable: false, title: 'The API key has expired.' },
  REVISION_MISMATCH: { status: 412, retryable: false, title: 'The stream has moved on; read it again.' },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, title: 'The body is larger than allowed.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: 'Bodies are application/json.' },
  IDEMPOTENCY_MISMATCH: { ...meanings.unprocessable, title: 'The Idempotency-Key was used with another request.' },
  RATE_LIMITED: { status: 429, retryable: true, title: 'Too many requests.' },
  INTERNAL_ERROR: { status: 500, retryable: false, title: 'Something went wrong here; the correlation id finds it in the log.' },
  STREAM_UNREADABLE: { status: 500, retryable: false, title: 'The stream holds an event that cannot be read; nothing was changed.' },
  SERVICE_UNAVAILABLE: { status: 503, retryable: true, title: 'Not available at the moment; try again.' },
  READ_MODEL_BEHIND: { status: 503, retryable: true, title: 'The read model is not that far yet; try again.' },
}

/** Of a refusal that a held stream gave and the decider has no words for. */
const other = meant(conflict('Something that this rests on refuses it.'))

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

export const pointerOf = (path: readonly PropertyKey[]) => path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export const invalidBody = ({ issues }: z.ZodError) => new Problem('VALIDATION_ERROR', '', issues.flatMap((issue) =>
  (issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), message: 'is not known here' }))
    : [{ pointer: pointerOf(issue.path), message: issue.message }])))

interface Answer {
  readonly code: string
  /** How a code is meant that is not the service's own. */
  readonly as?: Meant
  readonly detail?: string | undefined
  readonly errors?: readonly FieldError[]
  readonly more?: Readonly<Record<string, unknown>>
  readonly retry_after_s?: number | undefined
}

function send(request: FastifyRequest, reply: FastifyReply, { code, as = own[code] ?? other, detail, errors = [], more = {}, retry_after_s }: Answer) {
  const { status, retryable, title } = as
  if (status === 429 || status === 503) void reply.header('retry-after', String(retry_after_s ?? 1))
  if (status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply.code(status).type('application/problem+json').send({
    type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title, status, ...(detail ? { detail } : {}), instance: request.url.split('?')[0], code,
    correlationId: request.id, retryable, errors, ...more,
  })
}

/** A refusal of the domain, of the kind and in the words that are declared for it. */
export const refuse = (request: FastifyRequest, reply: FastifyReply, { code, detail }: Rejection, refusals: Refusals) =>
  send(request, reply, {
    code, ...(refusals[code] ? { as: meant(refusals[code]) } : {}), more: Object.keys(detail).length > 0 ? { context: detail } : {},
    ...(detail.errors ? { errors: detail.errors as FieldError[] } : {}),
  })

const unavailable = [UnavailableError, DeadlineExceededError, TimeoutError, CancelledError, NotLeaderError, Busy]

/** Codes of the SQL and network layers that mean "not now". */
const isOutage = (error: { code?: unknown }) =>
  typeof error.code === 'string' && /^(ECONN|ETIMEDOUT|EPIPE|57P0|08|53)/.test(error.code)

/** What the clients say, without a code, when the event store has no node to be found, and when Postgres has no connection for one or no answer. */
const isWithoutEngine = ({ message }: Error) => /^(Failed to discover|timeout exceeded when trying to connect|Query read timeout)/.test(message)

const isMissingTable = (error: { code?: unknown }) => error.code === '42P01'

function answerTo(error: Partial<FastifyError> & Error): Answer {
  if (error instanceof Problem) return { code: error.code, detail: error.message, errors: error.errors, retry_after_s: error.retry_after_s }
  if (unavailable.some((kind) => error instanceof kind) || isOutage(error) || isWithoutEngine(error)) return { code: 'SERVICE_UNAVAILABLE' }
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

function explained(error: Error, request: FastifyRequest): Answer {
  const answer = answerTo(error)
  if (own[answer.code]!.status >= 500) request.log.error({ err: error, correlationId: request.id }, answer.code)
  return answer
}

export const onError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => send(request, reply, explained(error, request))

/** Code and status of a failure that is one outcome among several. */
export function failureOf(error: Error, request: FastifyRequest) {
  const { code } = explained(error, request)
  return { code, status: own[code]!.status }
}

/** The status of a refusal of the domain that is one outcome among several. */
export const statusOf = ({ code }: Rejection, refusals: Refusals): number => (refusals[code] ? meant(refusals[code]) : own[code] ?? other).status

export const onNotFound = (request: FastifyRequest, reply: FastifyReply) => send(request, reply, { code: 'NOT_FOUND', detail: 'There is no such route.' })
