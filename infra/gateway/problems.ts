import type { FastifyReply, FastifyRequest } from 'fastify'

const kinds = {
  VALIDATION_ERROR: { status: 400, title: 'The request cannot be read.', retryable: false },
  NOT_FOUND: { status: 404, title: 'There is no such thing.', retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is larger than allowed.', retryable: false },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong here; the correlation id finds it in the log.', retryable: false },
  SERVICE_UNAVAILABLE: { status: 503, title: 'Not available at the moment; try again.', retryable: true },
} as const

const RETRY_AFTER_S = 1

/** A refusal of the gateway's own, in the words that the services behind it use (RFC 9457). */
export class Problem extends Error {
  readonly code: keyof typeof kinds
  constructor(code: keyof typeof kinds, detail: string) {
    super(detail)
    this.code = code
  }
}

export function sendProblem({ code, message }: Problem, request: FastifyRequest, reply: FastifyReply) {
  const { status, title, retryable } = kinds[code]
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_S)
  return reply.code(status).type('application/problem+json').send({
    type: `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`, title, status, detail: message, code, retryable, errors: [],
    // Query strings stay out of answers: people put keys there.
    instance: request.originalUrl.split('?', 1)[0], correlationId: request.id,
  })
}

/** What an error means to the caller; nothing is said about one that is not known. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { statusCode = 500, message = '' } = Object(error) as { statusCode?: number; message?: string }
  if (statusCode === 413) return new Problem('PAYLOAD_TOO_LARGE', 'Bodies have at most 1 MiB.')
  if (statusCode === 404) return new Problem('NOT_FOUND', 'There is no such route.')
  if (statusCode >= 400 && statusCode < 500) return new Problem('VALIDATION_ERROR', message)
  return new Problem('INTERNAL_ERROR', 'The fault has been logged.')
}
