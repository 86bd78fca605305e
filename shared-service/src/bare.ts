import { documentOf, headersOf, problemType, toldOf, type Problem } from './problems.ts'

/** A problem where no framework answers. */
export function answerOf(problem: Problem, instance: string, correlationId: string) {
  const told = toldOf(problem)
  const body = JSON.stringify(documentOf(told, instance, correlationId))
  const headers: Readonly<Record<string, string>> = {
    'content-type': `${problemType}; charset=utf-8`, 'content-length': String(Buffer.byteLength(body)), 'x-correlation-id': correlationId,
    ...headersOf(problem),
  }
  return { status: told.meant.status, headers, body }
}
