import {
  AccessDeniedError, CancelledError, DeadlineExceededError, NotLeaderError, TimeoutError, UnavailableError,
} from '@eventstore/db-client'
import type { FastifyRequest } from 'fastify'
import type { Rejection } from 'shared-domain/kernel/decider.ts'
import { conflict, type Refusals } from 'shared-domain/kernel/refusal.ts'
import { explained, Problem, toldOf, type FieldError, type Told } from 'shared-service/problems.ts'
import { isOwn, meant, own, type Meant } from 'shared-service/statuses.ts'
import { Busy } from './queues.ts'
import { Unreadable } from './store/streams.ts'

/** Of a refusal that a held stream gave and the decider has no words for. */
const other = meant(conflict('Something that this rests on refuses it.'))

const meantBy = (code: string, { [code]: declared }: Refusals): Meant => (declared ? meant(declared) : isOwn(code) ? own[code] : other)

/** A refusal of the domain, of the kind and in the words that are declared for it. */
export const toldOfRefusal = ({ code, detail }: Rejection, refusals: Refusals): Told => ({
  code, meant: meantBy(code, refusals),
  ...(detail.errors ? { errors: detail.errors as FieldError[] } : {}), ...(Object.keys(detail).length > 0 ? { context: detail } : {}),
})

const unavailable = [UnavailableError, DeadlineExceededError, TimeoutError, CancelledError, NotLeaderError, Busy]

/** Codes of the SQL and network layers that mean "not now". */
const isOutage = (error: { code?: unknown }) =>
  typeof error.code === 'string' && /^(ECONN|ETIMEDOUT|EPIPE|57P0|08|53)/.test(error.code)

/** What the clients say, without a code, when the event store has no node to be found, and when Postgres has no connection for one or no answer. */
const isWithoutEngine = ({ message }: Error) => /^(Failed to discover|timeout exceeded when trying to connect|Query read timeout)/.test(message)

const isMissingTable = (error: { code?: unknown }) => error.code === '42P01'

/** What an error of the engines, or of this service itself, means to the caller. */
export function meaningOf(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || error instanceof Problem) return undefined
  if (unavailable.some((kind) => error instanceof kind) || isOutage(error as never) || isWithoutEngine(error)) return new Problem('SERVICE_UNAVAILABLE', '', { cause: error })
  if (isMissingTable(error as never)) return new Problem('READ_MODEL_BEHIND', 'The read models have not been built yet.')
  if (error instanceof Unreadable) return new Problem('STREAM_UNREADABLE')
  if (error instanceof AccessDeniedError) return new Problem('INTERNAL_ERROR')
  return undefined
}

/** What is told of a failure that is one outcome among several. */
export const toldOfFailure = (error: unknown, request: FastifyRequest): Told => toldOf(explained(error, request, meaningOf))
