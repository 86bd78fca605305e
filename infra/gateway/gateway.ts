import helmet from '@fastify/helmet'
import proxy from '@fastify/http-proxy'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Problem, sendProblem } from 'shared-service/problems.ts'
import { server } from 'shared-service/server.ts'
import type { Config } from './config.ts'
import { descriptions, type Descriptions } from './descriptions.ts'

const ASK_TIMEOUT_MS = 2_000
const HEADERS_TIMEOUT_MS = 30_000
/** Live connections say something every few seconds, so one that is silent for so long is dead. */
const SILENCE_TIMEOUT_MS = 60_000
/** To one upstream; each live connection holds one of them. */
const CONNECTIONS_MAX = 1_024

/** One port in front of the command service (what changes something) and the query service (what asks). Not yet listening. */
export async function gateway(config: Config): Promise<FastifyInstance> {
  const described = descriptions(config)
  const { methodsAt } = described
  const app = server({ service: 'gateway', logLevel: config.logLevel, isFront: true, methodsAt })
  await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false })

  // A body is taken whole before anything is asked of a service, so that it is measured, and nobody's slow line holds a connection.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  await app.register(proxy, behind(config.commandUrl, 'The command service', ['POST', 'PUT', 'PATCH', 'DELETE'], methodsAt))
  await app.register(proxy, behind(config.queryUrl, 'The query service', ['GET', 'HEAD'], methodsAt))

  app.get('/', async (request, reply) => {
    void reply.header('vary', 'accept')
    return request.headers.accept?.includes('text/html') ? reply.redirect('/docs') : whereToLook
  })
  app.get('/healthz', async (_request, reply) => health(config, reply))
  await documentation(app, described)
  return app
}

/** For whoever comes without a browser and without a word of what this is. */
const whereToLook = {
  name: 'Baton', about: 'The control plane for fleets of AI orchestrators.', docs: '/docs', openapi: '/openapi.json', api: '/api/v1', health: '/healthz',
}

const behind = (upstream: string, name: string, httpMethods: string[], methodsAt: Descriptions['methodsAt']) => ({
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
    async onResponse(_request, _reply, { statusCode, stream }) {
      if (statusCode === 404 || statusCode === 405) {
        const allow = await methodsAt(request.url)
        if (allow && allow.length > 0 && !allow.includes(request.method)) return refuseMethod(request, reply, stream, allow)
      }
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

/** One service does not know what the other one takes: together they take other methods here. */
function refuseMethod(request: FastifyRequest, reply: FastifyReply, answer: Readable, allow: readonly string[]) {
  answer.on('error', () => undefined).resume()
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) void reply.removeHeader(name)
  void sendProblem(new Problem('METHOD_NOT_ALLOWED', `This takes ${allow.join(', ')}.`, { allow }), request, reply)
}

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

async function documentation(app: FastifyInstance, { document }: Descriptions) {
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
