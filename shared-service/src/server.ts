import Fastify, { LogController, type FastifyInstance } from 'fastify'
import { canonical, isOlder } from './addresses.ts'
import { correlationOf } from './correlation.ts'
import { body_max, listener } from './listener.ts'
import { methodsOf } from './methods.ts'
import { explained, hasNoHost, hostless, otherMethods, Problem, problemOf, sendProblem, withoutRoute } from './problems.ts'
import { dataShields, shields } from './shields.ts'

/** Of one part of a path, in characters. */
const part_max = 500

export interface Edge {
  readonly service: string
  readonly logLevel: string
  /** What the service's own errors mean, before those that every service meets are recognised. */
  readonly meaningOf?: (error: unknown) => Problem | undefined
  /** Clients speak to it directly: addresses are those of connections, and URLs are handed on as they are. */
  readonly isFront?: boolean
}

/** A server with everything at its edge that is the same for each service: correlation ids, problem documents, methods, addresses. */
export function server({ service, logLevel, meaningOf = () => undefined, isFront = false }: Edge): FastifyInstance {
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
    serverFactory: (handler) => listener(handler),
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
  const told = isFront ? shields : dataShields
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(told).header('x-correlation-id', request.id)
    if (!isFront && isOlder(request.originalUrl)) void reply.header('link', `<${request.url}>; rel="successor-version"`)
    if (isEnding) return done(new Problem('SERVICE_UNAVAILABLE', 'The service is about to end.'))
    done(hasNoHost(request.raw) ? hostless() : undefined)
  })
  app.setNotFoundHandler(async (request, reply) => {
    const allow = methods.of(request.url)
    return sendProblem(allow.length > 0 ? otherMethods(allow) : withoutRoute(), request, reply)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(explained(error, request, meaningOf), request, reply))
  return app
}
