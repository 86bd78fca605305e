import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerOf } from './bare.ts'
import { correlationOf } from './correlation.ts'
import { pathOf, Problem } from './problems.ts'

const leave_ms = 1_000

/** Methods that are known at all. */
const methods = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT']

interface ConnectionError extends Error {
  readonly code?: string
  /** What came last. */
  readonly rawPacket?: Buffer
}

/** What Node says of a connection from which no request can be read, in the words of a problem. */
function problemFor({ code, rawPacket }: ConnectionError): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('HEADERS_TOO_LARGE')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new Problem('PAYLOAD_TOO_LARGE', 'The extensions of a chunk have at most 16 KiB.')
  const isRequest = /^[!-~]+ [!-~]+ HTTP\/1\.[01]\r?\n/.test(rawPacket?.toString('latin1', 0, 4_096) ?? '')
  if (code === 'HPE_INVALID_METHOD' && isRequest) return new Problem('METHOD_NOT_ALLOWED', 'There is no such method.', { allow: methods })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('REQUEST_TIMEOUT')
  return new Problem('VALIDATION_ERROR', 'This is not HTTP/1.1.')
}

function sayBare(problem: Problem, instance: string, correlationId: string, socket: Duplex) {
  const { status, headers, body } = answerOf(problem, instance, correlationId)
  const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`)
  // Whatever is still under way is not read, and whoever does not take their leave is left.
  const leaving = setTimeout(() => socket.destroy(), leave_ms)
  socket.once('close', () => clearTimeout(leaving)).on('error', () => undefined).resume()
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * What never becomes a request is answered on the bare connection: no HTTP, too many headers, a tunnel. Nothing is said into the middle
 * of an answer that is under way.
 */
export function answerUnrouted(server: Server): Server {
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.on('request', (request, response) => answering.set(request.socket, response))

  server.on('clientError', (error: ConnectionError, socket: Duplex) => {
    const current = answering.get(socket)
    const isAnswered = current?.headersSent && !current.writableFinished
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswered) return void socket.destroy()
    sayBare(problemFor(error), '', correlationOf({ headers: {} }), socket)
  })

  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    sayBare(new Problem('METHOD_NOT_ALLOWED', 'There is no tunnel here.', { allow: methods }), '', correlationOf(request), socket)
  })

  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = answerOf(new Problem('EXPECTATION_FAILED'), pathOf(request.url ?? ''), correlationOf(request))
    response.writeHead(status, { ...headers, connection: 'close' }).end(body)
  })
  return server
}
