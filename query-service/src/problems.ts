import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

interface Kind {
  readonly status: number
  readonly title: string
  readonly retryable: boolean
}

/** The only place that knows which status a code has. */
export const problems = {
  VALIDATION_ERROR: { status: 400, title: 'The request is not valid.', retryable: false },
  INVALID_API_KEY: { status: 401, title: 'The API key is missing, unknown or revoked.', retryable: false },
  API_KEY_EXPIRED: { status: 401, title: 'The API key has expired.', retryable: false },
  FORBIDDEN: { status: 403, title: 'The API key does not allow this.', retryable: false },
  NOT_FOUND: { status: 404, title: 'There is no such thing.', retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The request is too large.', retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body has a type that is not taken.', retryable: false },
  RATE_LIMITED: { status: 429, title: 'Too many requests.', retryable: true },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong here; the correlation id finds it in the log.', retryable: false },
  READ_MODEL_BEHIND: { status: 503, title: 'The read model has not come that far yet.', retryable: true },
  SERVICE_UNAVAILABLE: { status: 503, title: 'The service cannot answer for now.', retryable: true },
} as const satisfies Record<string, Kind>

export type ProblemCode = keyof typeof problems

export interface Fault {
  /** JSON pointer to the parameter. */
  readonly pointer: string
  readonly message: string
}

interface Circumstances {
  readonly faults?: readonly Fault[]
  readonly retryAfter_s?: number
  readonly cause?: unknown
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly faults: readonly Fault[]
  readonly retryAfter_s: number

  constructor(code: ProblemCode, detail: string, { faults = [], retryAfter_s = 1, cause }: Circumstances = {}) {
    super(detail, { cause })
    this.code = code
    this.faults = faults
    this.retryAfter_s = retryAfter_s
  }
}

/** RFC 9457, with what Baton adds to it. */
export const ProblemDocument = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  correlationId: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
})

const typeOf = (code: string) => `urn:baton:problem:${code.toLowerCase().replaceAll('_', '-')}`

export const problemType = 'application/problem+json'

export function documentOf(problem: Problem, instance: string, correlationId: string): z.output<typeof ProblemDocument> {
  const { status, title, retryable } = problems[problem.code]
  return {
    type: typeOf(problem.code), title, status, detail: problem.message, instance, code: problem.code, correlationId, retryable,
    errors: [...problem.faults],
  }
}

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply) {
  const { status } = problems[problem.code]
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 429 || status === 503) reply.header('retry-after', problem.retryAfter_s)
  return reply.code(status).type(problemType).send(documentOf(problem, pathOf(request.originalUrl), request.id))
}

/** Query strings stay out of answers and logs: people put keys there. */
export const pathOf = (url: string) => url.split('?', 1)[0]!

export const invalid = (faults: readonly Fault[]) =>
  new Problem('VALIDATION_ERROR', faults.map(({ pointer, message }) => `${pointer} ${message}`).join('; '), { faults })

/** Parses what came from outside, or says of each parameter what is wrong with it. */
export function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw faulty(result.error)
}

export const faulty = ({ issues }: z.ZodError) => invalid(issues.flatMap((issue) => issue.code === 'unrecognized_keys'
  ? issue.keys.map((key) => ({ pointer: pointerTo([key]), message: 'is not known here' }))
  : [{ pointer: pointerTo(issue.path), message: issue.message }]))

const pointerTo = (path: readonly PropertyKey[]) =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** What an error thrown anywhere means to the caller. Whatever is not recognised is a fault of ours, and nothing is said about it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, statusCode } = Object(error) as { code?: unknown; statusCode?: unknown }
  if (code === 'FST_UNDER_PRESSURE') return new Problem('SERVICE_UNAVAILABLE', 'There is too much to do.', { retryAfter_s: 5 })
  if (statusCode === 404) return new Problem('NOT_FOUND', 'There is no such route.')
  if (statusCode === 413) return new Problem('PAYLOAD_TOO_LARGE', 'The request is too large.')
  if (statusCode === 415) return new Problem('UNSUPPORTED_MEDIA_TYPE', 'Questions have no body.')
  const isTheirs = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  if (isTheirs) return new Problem('VALIDATION_ERROR', 'The request cannot be read.')
  return new Problem('INTERNAL_ERROR', 'The fault has been logged under the correlation id.', { cause: error })
}
