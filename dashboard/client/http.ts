import { forget, session } from './session.ts'

/** RFC 9457 with what Baton adds to it. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly correlationId?: string
  readonly retryable?: boolean
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[]
}

export class Failure extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`)
    this.problem = problem
  }
}

export const api = '/api/v1'
/** A question that waits for its read model waits two seconds by itself. */
const answer_ms_max = 15_000

export interface Told {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly key?: string
  readonly signal?: AbortSignal
}

/** What the API answers at a path below /api/v1. Throws a `Failure`; a key that is good for nothing any more is forgotten. */
export async function exchange<T>(path: string, { method = 'GET', body, headers = {}, key = session.get().key, signal }: Told = {}): Promise<T> {
  const limit = AbortSignal.timeout(answer_ms_max)
  const response = await fetch(api + path, {
    method, cache: 'no-store', credentials: 'omit', signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => { throw new Failure(unanswered(error)) })
  const document = await response.json().catch(() => undefined) as T | Problem | undefined
  if (response.ok && document !== undefined) return document as T
  const problem = (document ?? { status: response.status, code: `HTTP_${response.status}`, title: 'The answer is no JSON.' }) as Problem
  if (response.status === 401 && key === session.get().key) forget(problem.detail ?? problem.title)
  throw new Failure(problem)
}

const unanswered = (error: unknown): Problem => ({
  status: 0, code: 'UNREACHABLE', retryable: true,
  title: (error as Error).name === 'TimeoutError' ? `Baton has not answered for ${answer_ms_max / 1_000} s.` : 'Baton cannot be reached.',
})

/** A path with parameters; those without a value are left out, lists are repeated. */
export function pathWith(path: string, parameters: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>): string {
  const said = Object.entries(parameters).flatMap(([name, value]) =>
    (value === undefined || value === '' ? [] : [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one as string)}`)))
  return said.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${said.join('&')}`
}
