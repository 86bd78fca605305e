import { createServer } from 'node:http'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import { canonical, isOlder } from './addresses.ts'
import { correlationOf } from './correlation.ts'
import { methodsOf } from './methods.ts'
import { explained, invalid, Problem, problemOf, sendProblem } from './problems.ts'
import { answerUnrouted } from './unrouted.ts'

const body_max = 1024 * 1024
/** How long a request may take to arrive. */
const arrival_max_ms = 60_000
/** Longer than a load balancer keeps a connection that nothing comes on. */
const keepAlive_ms = 72_000
/** Of one part of a path, in characters. */
const part_max = 500

export interface Edge {
  readonly service: string
  readonly logLevel: string
  /** What the service's own errors mean, before those that every service meets are recognised. */
  readonly meaningOf?: (error: unknown) => Problem | undefined
  /** Clients speak to it directly: addresses are those of connections, and URLs are handed on as they are. */
  readonly isFront?: boolean
  /** The methods in which something answers at this URL, where the routes alone do not tell. */
  readonly methodsAt?: (url: string) => Promise<readonly string[] | undefined>
}

/** A server with everything at its edge that is the same for each service: correlation ids, problem documents, methods, addresses. */
export function server({ service, logLevel, meaningOf = () => undefined, isFront = false, methodsAt }: Edge): FastifyInstance {
  const app: FastifyInstance = Fastify({
    logger: { level: logLevel, base: { service }, redact: ['req.headers.authorization', 'req.headers["x-api-key"]'] },
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'correlationId' }),
    bodyLimit: body_max,
    genReqId: correlationOf,
    rewriteUrl: ({ url = '/' }) => (isFront ? url : canonical(url)),
    routerOptions: { maxParamLength: part_max },
    // Where a gateway in a private network stands in front, the addresses that it names are those of its clients.
    trustProxy: isFront ? false : 'loopback, linklocal, uniquelocal',
    forceCloseConnections: true,
    // What Node and Fastify would say in words of their own is said here as problems, of every address that is listened on.
    serverFactory: (handler) =>
      answerUnrouted(createServer({ requireHostHeader: false, requestTimeout: arrival_max_ms, keepAliveTimeout: keepAlive_ms }, handler)),
    clientErrorHandler: () => undefined,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void sendProblem(problemOf(error), request, reply),
  })
  const methods = methodsOf(app)
  let isEnding = false
  app.addHook('preClose', async () => { isEnding = true })

  // Requests are parsed, and answers made, by the zod schemas; the JSON schemas of the routes only document.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-correlation-id', request.id)
    if (!isFront && isOlder(request.originalUrl)) void reply.header('link', `<${request.url}>; rel="successor-version"`)
    if (isEnding) throw new Problem('SERVICE_UNAVAILABLE', 'The service is about to end.')
    if (request.headers.host === undefined && request.raw.httpVersion !== '1.0') throw invalid('#/header/host', 'is missing')
  })
  app.setNotFoundHandler(async (request, reply) => {
    const allow = await methodsAt?.(request.url) ?? methods.of(request.url)
    const problem = allow.length > 0
      ? new Problem('METHOD_NOT_ALLOWED', `This takes ${allow.join(', ')}.`, { allow })
      : new Problem('NOT_FOUND', 'There is no such route.')
    return sendProblem(problem, request, reply)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(explained(error, request, meaningOf), request, reply))
  return app
}
