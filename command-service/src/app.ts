import { EventStoreDBClient } from '@eventstore/db-client'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import { lostNumbers, unstorable } from 'shared-domain/kernel/json-text.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { Process } from 'shared-domain/kernel/process.ts'
import { authoriser } from './auth.ts'
import { bootstrap } from './bootstrap.ts'
import { bulkRoutes } from './bulk.ts'
import { choiceRoutes, tidy } from './choices.ts'
import type { Config } from './config.ts'
import { handler } from './handle.ts'
import { errands } from './intents.ts'
import { whileLeader } from './leader.ts'
import { newId } from './new-id.ts'
import { document } from './openapi.ts'
import { invalid, onError, onNotFound, pointerOf, Problem } from './problems.ts'
import { runProcesses, unreadFacts } from './processes.ts'
import { Queues } from './queues.ts'
import { routes } from './routes.ts'
import { database, migrate } from './store/database.ts'
import { eventStore, rememberCapabilities } from './store/event-store.ts'
import { rowsFrom } from './store/rows.ts'
import { sameLog } from './store/same-log.ts'
import { Streams } from './store/streams.ts'
import { Timers } from './timers.ts'

export interface Catalogue {
  readonly deciders: readonly Decider[]
  readonly processes: readonly Process[]
  readonly choices: readonly Choice[]
}

export interface Service {
  readonly url: string
  stop(): Promise<void>
}

const body_max = 1024 * 1024
const waiting_max = 1_000
/** Whoever holds this advisory lock leads processes and timers. */
const leader_lock = 7_236_011

/** `showKey` is told the admin key when one was made: the only time it can be shown. */
export async function start(config: Config, { deciders, processes, choices }: Catalogue, showKey: (key: string) => void): Promise<Service> {
  const app = server(config)
  const warn = (error: unknown) => app.log.warn({ err: error })
  const client = EventStoreDBClient.connectionString`${config.eventStoreUrl}`
  const db = database(config.databaseUrl, warn)
  /** For the rows that decisions rest on. */
  const grounds = database(config.databaseUrl, warn, { connections_max: 4, statement_ms: 2_000 })
  const ending = new AbortController()
  try {
    await migrate(db)
    await rememberCapabilities(client)
    await sameLog(client, db)
    const store = eventStore(client)
    const streams = new Streams(store, config.states_max)
    const handle = handler({ store, streams, queues: new Queues(waiting_max), deciders, findRows: rowsFrom(grounds) })
    await bootstrap(handle, streams, db, config.organization, config.adminKey, showKey)

    const timers = new Timers(db)
    const registry = metrics(app, { unread_facts: () => unreadFacts(db), overdue_timers: () => timers.overdue() })
    app.get('/healthz', { schema: { hide: true }, config: { rateLimit: false } }, async () => {
      await Promise.all([sql`select 1`.execute(db), store.read('healthz', 0, () => undefined)])
      return { status: 'ok', service: 'command-service' }
    })
    app.get('/metrics', { schema: { hide: true }, config: { rateLimit: false } }, async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    await app.register(async (scope) => {
      const authorise = authoriser(streams)
      routes(scope, deciders, handle, authorise)
      bulkRoutes(scope, deciders, handle, authorise)
      choiceRoutes(scope, choices, db, streams, handle, authorise)
    })
    const url = await app.listen({ host: config.host, port: config.port })

    const carryOut = errands(handle, deciders, app.log)
    const leading = whileLeader(config.databaseUrl, leader_lock, ending.signal, async (signal) => {
      const over = new AbortController()
      const both = AbortSignal.any([signal, over.signal])
      const parts = [runProcesses({ client, db, deciders, processes, timers, carryOut, log: app.log }, both), timers.run(carryOut, app.log, both), tidy(db, both)]
      try {
        await Promise.race(parts)
      } finally {
        // When one of them ends, for whatever reason, all start again from what is stored.
        over.abort()
        await Promise.allSettled(parts)
      }
    }, warn)

    return {
      url,
      async stop() {
        ending.abort()
        await app.close()
        await leading
        await client.dispose()
        await db.destroy()
        await grounds.destroy()
      },
    }
  } catch (error) {
    ending.abort()
    await app.close()
    await client.dispose()
    await db.destroy()
    await grounds.destroy()
    throw error
  }
}

/** A correlation id that came with the request, or a new one. */
const correlationOf = ({ headers }: { headers: Record<string, unknown> }): string => {
  const given = headers['x-correlation-id']
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : newId()
}

function server(config: Config): FastifyInstance {
  const app = Fastify({
    logger: { level: config.logLevel, redact: ['req.headers.authorization', 'req.headers["x-api-key"]'] },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: body_max,
    genReqId: (request) => correlationOf(request as never),
    // Addresses that a gateway in a private network says: they only count failures.
    trustProxy: 'loopback, linklocal, uniquelocal',
    rewriteUrl: ({ url = '/' }) => canonical(url),
    forceCloseConnections: true,
  })
  app.setErrorHandler(onError)
  app.setNotFoundHandler(onNotFound)
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.addHook('onRequest', async (request, reply) => { void reply.header('x-correlation-id', request.id) })
  parser(app)
  void app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: [`'none'`], frameAncestors: [`'none'`] } } })
  void app.register(underPressure, { maxEventLoopDelay: 1_000, pressureHandler: () => { throw new Problem('SERVICE_UNAVAILABLE', '', [], 1) } })
  void app.register(rateLimit, {
    max: config.rateLimit, timeWindow: '1 minute', keyGenerator: ({ headers, ip }) => (headers.authorization ?? headers['x-api-key'] ?? ip) as string,
    errorResponseBuilder: (_, { ttl }) => new Problem('RATE_LIMITED', '', [], Math.ceil(ttl / 1000)),
  })
  void app.register(swagger, { openapi: document })
  return app
}

/** `/api` alone means the latest version; `/vps` is an alias of `/orchestrators` (S-60). */
export const canonical = (url: string): string =>
  url.replace(/^\/api\/(?!v\d+(?:\/|$))/, '/api/v1/').replace(/^(\/api\/v1)\/vps(?=[/?]|$)/, '$1/orchestrators')

const altered = 'has more digits than a number keeps in JSON: send it as text, in double quotes'

/** JSON bodies as usual, where an empty one says nothing, and none holds text that no database could store. */
function parser(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') return done(null, {})
    void parse(request, text as string, (error, body) => {
      if (error) return done(error)
      // Neither comes but by its escape; what is looked at is the value, for a text may quote an escape.
      const unheard = /\\u(?:0000|d[89a-f])/i.test(text as string) ? unstorable(body) : undefined
      if (unheard) return done(invalid(pointerOf(unheard), 'holds NUL or half of a surrogate pair, which cannot be stored'))
      const lost = lostNumbers(text as string)
      if (lost.length > 0) return done(new Problem('VALIDATION_ERROR', '', lost.map((path) => ({ pointer: pointerOf(path), message: altered }))))
      done(null, body)
    })
  })
}

/** What waits for somebody to look at it, by name. */
type Gauges = Readonly<Record<string, () => Promise<number>>>

function metrics(app: FastifyInstance, gauges: Gauges): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({ name: 'baton_requests_total', help: 'Requests by route and status.', labelNames: ['route', 'status'], registers: [registry] })
  const seconds = new Histogram({
    name: 'baton_request_seconds', help: 'Time to answer.', labelNames: ['route'], registers: [registry], buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
  })
  for (const [name, count] of Object.entries(gauges)) {
    new Gauge({ name: `baton_${name}`, help: `Number of ${name.replaceAll('_', ' ')}.`, registers: [registry], async collect() { this.set(await count()) } })
  }
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    requests.inc({ route, status: reply.statusCode })
    seconds.observe({ route }, reply.elapsedTime / 1000)
  })
  return registry
}
