import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerOf } from 'shared-service/bare.ts'
import { body_max } from 'shared-service/listener.ts'
import { tooLarge, type Problem } from 'shared-service/problems.ts'
import { shields } from 'shared-service/shields.ts'

/** How long whoever sends too much is listened to, so that they hear why it is not taken. */
const linger_ms = 1_000

/** A request, and the answer to it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly correlationId: string
  readonly method: string
  /** From the path on, as it was sent. */
  readonly url: string
  /** Without the query: people put keys there. */
  readonly path: string
}

export function sayJson({ response, correlationId }: Exchange, status: number, document: unknown, more: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify(document)
  const about = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), 'x-correlation-id': correlationId }
  response.writeHead(status, { ...shields, ...about, ...more }).end(body)
}

/** Nothing is said into the middle of an answer: that one ends. */
export function sayProblem({ request, response, correlationId, path }: Exchange, problem: Problem) {
  if (response.headersSent) return void response.destroy()
  const { status, headers, body } = answerOf(problem, path, correlationId)
  if (problem.code !== 'PAYLOAD_TOO_LARGE') return void response.writeHead(status, { ...shields, ...headers }).end(body)
  // Closed at once, the connection would be reset under the answer while the rest of the body comes.
  response.writeHead(status, { ...shields, ...headers, connection: 'close' }).write(body)
  const leaving = setTimeout(() => response.end(), linger_ms)
  request.once('close', () => clearTimeout(leaving)).once('end', () => response.end()).resume()
}

const hasBody = ({ headers }: IncomingMessage) => headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined

/** The whole body, within the bound; undefined when none was sent. Never comes to an end when the caller leaves before it does. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (!hasBody(request)) return Promise.resolve(undefined)
  if (Number(request.headers['content-length'] ?? 0) > body_max) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length <= body_max) return void chunks.push(chunk)
      request.off('data', take)
      reject(tooLarge())
    }
    request.on('data', take).once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))).on('error', () => undefined)
  })
}
