import { EventStoreDBClient } from '@eventstore/db-client'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import Fastify, { LogController, type FastifyInstance, type FastifyRequest, type RawServerDefault } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { questionOf } from './choices.ts'
import type { Config } from './config.ts'
import { openDatabase, type Database } from './database.ts'
import { factsOf } from './facts.ts'
import { mustAllow, openKeys, type Keys } from './keys.ts'
import { live } from './live.ts'
import { measured } from './metrics.ts'
import { documented } from './openapi.ts'
import { documentOf, pathOf, Problem, problemOf, problems, problemType, sendProblem } from './problems.ts'
import { serve, type Gate } from './question.ts'
import { position } from './questions/position.ts'
import { validateKey } from './questions/validate-key.ts'
import { questionsOf } from './routes.ts'
import { doorman } from './strangers.ts'
import { openPositions } from './wait.ts'

export interface Catalogue {
  readonly deciders: readonly Decider[]
  readonly readModels: readonly ReadModel[]
  readonly choices: readonly Choice[]
}

export interface Service {
  readonly url: string
  readonly app: FastifyInstance
  stop(): Promise<void>
}

/** Answers at once; `/healthz` says when what it reads from can be reached. */
export async function start(config: Config, catalogue: Catalogue): Promise<Service> {
  const app = server(config)
  const lost = (error: unknown) => app.log.warn({ err: error }, 'a connection was lost and will be opened again')
  const store = EventStoreDBClient.connectionString(config.eventStoreUrl)
  const database = openDatabase(config, lost)
  const positions = openPositions(config, database, lost)
  const keys = openKeys(store, config, lost)
  app.addHook('onClose', async () => {
    await Promise.all([positions.close(), keys.close(), store.dispose()])
    await database.close()
  })

  const nothing = [`'none'`]
  const directives = { defaultSrc: nothing, frameAncestors: nothing }
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives } })
  await app.register(rateLimit, { global: false })
  await app.register(underPressure, { maxEventLoopDelay: 2_000, retryAfter: 5, exposeStatusRoute: false })
  await documented(app)
  const gate = gateOf(app, keys, config)
  const open = live(app, { store, facts: factsOf(catalogue.deciders), gate, keys }, config)
  app.addHook('preClose', async () => open.close())
  measured(app, {
    live_connections: { about: 'Live connections that are open.', count: () => open.open },
    waiters: { about: 'Questions that wait for a read model.', count: () => positions.waiting },
  })
  healthy(app, database, keys)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  for (const asked of [validateKey, position, ...catalogue.readModels.flatMap(questionsOf), ...catalogue.choices.map(questionOf)]) {
    serve(app, asked, { gate, database, positions })
  }

  try {
    const url = await app.listen({ host: config.host, port: config.port })
    return { url, app, stop: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Everything that is the same for each route: addresses, correlation, problems. */
function server(config: Config): FastifyInstance {
  const app = Fastify<RawServerDefault>({
    logger: { level: config.logLevel, base: { service: 'query' } },
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'correlationId' }),
    genReqId: correlationOf,
    rewriteUrl: ({ url = '/' }) => canonical(url),
    routerOptions: { maxParamLength: 500 },
    exposeHeadRoutes: false,
    // The gateway stands in front: the addresses that it names are those of its clients.
    trustProxy: 'loopback, linklocal, uniquelocal',
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => void sendProblem(problemOf(error), request, reply),
    clientErrorHandler: unreadable,
  })
  // Requests are parsed, and answers made, by the zod schemas; the JSON schemas of the routes only document.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.addHook('onRequest', async (request, reply) => { reply.header('x-correlation-id', request.id) })
  app.setNotFoundHandler((request, reply) => sendProblem(new Problem('NOT_FOUND', 'There is no such route.'), request, reply))
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    const { status } = problems[problem.code]
    const path = pathOf(request.originalUrl)
    if (status === 500) request.log.error({ err: error, path }, 'a request failed')
    else if (problem.code === 'SERVICE_UNAVAILABLE') request.log.warn({ err: problem.cause ?? problem, path }, problem.message)
    return sendProblem(problem, request, reply)
  })
  return app
}

/** `/api` without a version means the latest, and `/vps` is an older name of `/orchestrators` (S-60). */
export const canonical = (url: string): string => url
  .replace(/^\/api(?!\/v\d+(?:[/?]|$))(?=[/?]|$)/, '/api/v1')
  .replace(/^\/api\/v1\/vps(?=[/?]|$)/, '/api/v1/orchestrators')

const correlationOf = ({ headers }: { headers: IncomingHttpHeaders }) => {
  const given = headers['x-correlation-id']
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}

/** Who asks, whether the key allows it, and whether it asks too often. */
function gateOf(app: FastifyInstance, keys: Keys, { requestsPerMinute_max, strangersPerMinute_max }: Config): Gate {
  const admit = doorman(keys, strangersPerMinute_max)
  const callers = new WeakMap<FastifyRequest, string>()
  const keyGenerator = (request: FastifyRequest) => callers.get(request) ?? ''
  const within = app.createRateLimit({ max: requestsPerMinute_max, timeWindow: 60_000, keyGenerator })
  return async (request, scope) => {
    const caller = await admit(request)
    if (scope !== null) mustAllow(caller, scope)
    callers.set(request, caller.key)
    const verdict = await within(request)
    if (!verdict.isAllowed && verdict.isExceeded) {
      const retryAfter_s = Math.max(1, verdict.ttlInSeconds)
      throw new Problem('RATE_LIMITED', `This key may ask ${verdict.max} times a minute.`, { retryAfter_s })
    }
    return caller
  }
}

function healthy(app: FastifyInstance, database: Database, keys: Keys) {
  app.get('/healthz', { schema: { hide: true } }, async () => {
    if (!keys.following) throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be followed.')
    await database.checkpoints()
    return { status: 'ready' }
  })
}

/** What is not even HTTP never becomes a request: it is answered on the bare connection. */
function unreadable(error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const problem = new Problem('VALIDATION_ERROR', 'The request cannot be read.')
  const body = JSON.stringify(documentOf(problem, '', randomUUID()))
  const length = Buffer.byteLength(body)
  const head = ['HTTP/1.1 400 Bad Request', `Content-Type: ${problemType}`, `Content-Length: ${length}`, 'Connection: close']
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
