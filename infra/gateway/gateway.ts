import helmet from '@fastify/helmet'
import proxy from '@fastify/http-proxy'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { v7 } from 'uuid'
import type { Config } from './config.ts'
import { merged, OpenApi } from './openapi.ts'
import { Problem, problemOf, sendProblem } from './problems.ts'

const BODY_BYTES_MAX = 1024 * 1024
const REQUEST_TIMEOUT_MS = 60_000
const ASK_TIMEOUT_MS = 2_000
const HEADERS_TIMEOUT_MS = 30_000
/** Live connections say something every few seconds, so one that is silent for so long is dead. */
const SILENCE_TIMEOUT_MS = 60_000
/** To one upstream; each live connection holds one of them. */
const CONNECTIONS_MAX = 1_024

/** One port in front of the command service (what changes something) and the query service (what asks). Not yet listening. */
export async function gateway(config: Config): Promise<FastifyInstance> {
  const app = Fastify({
    logger: { level: config.logLevel, base: { service: 'gateway' } },
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'correlationId' }),
    bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true, requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: ({ headers }) => correlationOf(headers),
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.code === 'INTERNAL_ERROR') request.log.error({ err: error }, problem.code)
    return sendProblem(problem, request, reply)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(new Problem('NOT_FOUND', 'There is no such route.'), request, reply))
  app.addHook('onRequest', async (request, reply) => { void reply.header('x-correlation-id', request.id) })
  await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false })

  // A body is taken whole before anything is asked of a service, so that it is measured, and nobody's slow line holds a connection.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  await app.register(proxy, behind(config.commandUrl, 'The command service', ['POST', 'PUT', 'PATCH', 'DELETE']))
  await app.register(proxy, behind(config.queryUrl, 'The query service', ['GET', 'HEAD']))

  app.get('/healthz', async (_request, reply) => health(config, reply))
  await documentation(app, config)
  return app
}

const correlationOf = ({ 'x-correlation-id': given }: IncomingHttpHeaders): string =>
  typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : v7()

const behind = (upstream: string, name: string, httpMethods: string[]) => ({
  upstream, httpMethods, prefix: '/api', rewritePrefix: '/api',
  proxyPayloads: false, disableCache: true, disableRequestLogging: true, destroyAgent: true,
  undici: { connections: CONNECTIONS_MAX, headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: SILENCE_TIMEOUT_MS },
  handler: (request: FastifyRequest, reply: FastifyReply, url: string, options: object) => reply.from(url, {
    ...options,
    ...request.body instanceof Buffer
      ? { body: request.body, contentType: request.headers['content-type'] ?? 'application/octet-stream' }
      : {},
    // The plugin would ask ten times before it hands on a 503, and the caller is told when to ask again.
    retryDelay: () => null,
    onResponse: (_request, _reply, { stream }) => {
      void reply.send(stream)
      // Of a stream of events, readers want to know that it is open before there is one.
      if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) reply.raw.flushHeaders()
    },
    rewriteRequestHeaders: (_request, headers) => forwarded(request, headers),
    onError: (_reply, { error }) => {
      request.log.warn({ err: error }, `${name} does not answer`)
      void sendProblem(new Problem('SERVICE_UNAVAILABLE', `${name} does not answer.`), request, reply)
    },
  }),
})

/** Headers about this connection are not the next one's; a question has no body, whatever its headers say. */
function forwarded(request: FastifyRequest, headers: IncomingHttpHeaders) {
  const { expect: _expect, upgrade: _upgrade, 'keep-alive': _keepAlive, te: _te, 'transfer-encoding': _encoding, ...rest } = headers
  if (!(request.body instanceof Buffer)) {
    delete rest['content-length']
    delete rest['content-type']
  }
  const { id, ip, host, protocol } = request
  return { ...rest, 'x-correlation-id': id, 'x-forwarded-for': ip, 'x-forwarded-host': host, 'x-forwarded-proto': protocol }
}

async function health({ commandUrl, queryUrl }: Config, reply: FastifyReply) {
  const answers = (url: string) => fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
    .then(async (response) => { await response.body?.cancel(); return response.ok }, () => false)
  const [command, query] = await Promise.all([answers(commandUrl), answers(queryUrl)])
  const word = (isWell: boolean) => isWell ? 'ok' : 'unavailable'
  return reply.code(command && query ? 200 : 503).header('cache-control', 'no-store')
    .send({ status: word(command && query), services: { command: word(command), query: word(query) } })
}

async function documentation(app: FastifyInstance, { commandUrl, queryUrl }: Config) {
  const documentOf = (url: string, name: string) => fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
    .then(async (response) => OpenApi.parse(await response.json()))
    .catch(() => { throw new Problem('SERVICE_UNAVAILABLE', `${name} does not give its description.`) })
  const document = async () => {
    const both = [documentOf(commandUrl, 'The command service'), documentOf(queryUrl, 'The query service')] as const
    const [commands, questions] = await Promise.all(both)
    return merged(commands, questions, 'Query')
  }
  app.get('/openapi.json', document)
  const none = { openapi: '3.1.0', info: { title: 'Baton', version: '1' }, paths: {} }
  await app.register(swagger, { mode: 'static', specification: { document: none } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Served over plain http on loopback, so it must not ask browsers to upgrade.
    staticCSP: "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'",
    uiConfig: { docExpansion: 'none' },
    uiHooks: {
      // The page asks for its document here, and what the services say is known only when it asks.
      async preHandler(request, reply) {
        if (request.routeOptions.url === '/docs/json') return reply.send(await document())
      },
    },
  })
}
