import { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import { operators, type Decider } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import { modelsOf } from 'shared-domain/kernel/grounds.ts'
import type { NotaryStand } from 'shared-domain/kernel/notary.ts'
import type { Process } from 'shared-domain/kernel/process.ts'
import type { SettingsStand } from 'shared-domain/kernel/settings.ts'
import type { Sweep } from 'shared-domain/kernel/sweep.ts'
import type { Watch } from 'shared-domain/kernel/watch.ts'
import { describing } from 'shared-service/describing.ts'
import { jsonBodies } from 'shared-service/bodies.ts'
import { rowsFrom } from 'shared-service/grounds.ts'
import { whileLeader } from 'shared-service/leader.ts'
import { healthy } from 'shared-service/health.ts'
import { KeyUses, useStatement } from 'shared-service/key-uses.ts'
import { answered, lookingIn } from 'shared-service/looking.ts'
import { measured } from 'shared-service/metrics.ts'
import { openPositions, positionIn } from 'shared-service/positions.ts'
import { prepared } from 'shared-service/prepared.ts'
import { relieved } from 'shared-service/pressure.ts'
import type { Running } from 'shared-service/program.ts'
import { RateLimit } from 'shared-service/rate-limit.ts'
import { sealingOf } from 'shared-service/sealing.ts'
import { server } from 'shared-service/server.ts'
import { enter } from 'shared-service/wall.ts'
import { authoriser } from './auth.ts'
import { bootstrap } from './bootstrap.ts'
import { forgetChoices } from './choices.ts'
import { serve } from './command-route.ts'
import type { Config } from './config.ts'
import { everyRoute } from './every-route.ts'
import { handler } from './handle.ts'
import { errands } from './intents.ts'
import { publishKeys } from './notary.ts'
import { document } from './openapi.ts'
import { meaningOf } from './problems.ts'
import { runProcesses, unreadFacts } from './processes.ts'
import { Queues } from './queues.ts'
import { settingsFrom, suspensionFrom } from './organizations.ts'
import { connections, migrate, over } from './store/database.ts'
import { counted, eventStore, rememberCapabilities } from './store/event-store.ts'
import { domainVersion, KeptStates } from './store/kept-states.ts'
import { sameLog } from './store/same-log.ts'
import { Streams } from './store/streams.ts'
import type { FindNow, Show } from './routes.ts'
import { Signals } from './signals.ts'
import { runSweeps } from './sweeps.ts'
import { tidy } from './tidy.ts'
import { Timers } from './timers.ts'
import { serveValidation } from './validate-key.ts'

export interface Catalogue {
  readonly deciders: readonly Decider[]
  readonly processes: readonly Process[]
  readonly choices: readonly Choice[]
  readonly settings: SettingsStand
  readonly notary: NotaryStand
  readonly gate?: Gate | undefined
  readonly sweeps?: readonly Sweep[] | undefined
  readonly watches?: readonly Watch[] | undefined
}

const service = 'command-service'
const waiting_max = 1_000
/** Of claims that wait for rows as new as they ask for. */
const patience = { waiters_max: 200, wait_ms: 2_000, retry_ms: 1_000 }
/** Whoever holds this advisory lock leads processes and timers. */
const leader_lock = 7_236_011

/** `showKey` is told an admin key when one was made: the only time it can be shown. */
export async function start(config: Config, { deciders, processes, choices, settings, notary, gate, sweeps = [], watches = [] }: Catalogue, showKey: (organization: string, key: string) => void): Promise<Running> {
  const app = edge(config)
  const warn = (error: unknown) => app.log.warn({ err: error })
  const client = EventStoreDBClient.connectionString`${config.eventStoreUrl}`
  const pool = connections(config.databaseUrl, warn)
  const db = over(pool)
  /** For rows of read models, which are asked for within the wall. */
  const rows = connections(config.databaseUrl, warn, { onConnect: enter })
  const ask = prepared(rows)
  const positions = openPositions({ databaseUrl: config.databaseUrl, name: `${service}-listen`, ...patience }, positionIn(ask), warn)
  /** For the rows that decisions rest on. */
  const grounds = connections(config.databaseUrl, warn, { connections_max: 4, statement_ms: 2_000, onConnect: enter })
  const uses = new KeyUses((some) => pool.query(useStatement(some)), warn, config.keyUses_ms)
  const ending = new AbortController()
  try {
    await migrate(db)
    await rememberCapabilities(client)
    await sameLog(client, db)
    const plain = eventStore(client)
    const store = counted(plain)
    const kept = new KeptStates(db, domainVersion(), warn)
    const streams = new Streams(store, config.states_max, kept)
    const findGrounds = prepared(grounds)
    const findRows = rowsFrom((statement, organization) => findGrounds(statement, { organization }))
    const findSettings = settingsFrom(streams, settings)
    /** Who names things by rows means those that it saw written. */
    const findNow: FindNow = async (organization, rows) => {
      await Promise.all(modelsOf(rows).map(({ name }) => positions.reached(name, store.position)))
      return (await findRows(organization, { rows })).rows.rows!
    }
    const look = lookingIn(grounds)
    const show: Show = async (question, params, { organization, position }) => {
      const isRight = Promise.all(question.reads.map(({ name }) => positions.reached(name, position)))
      const wanted = { params, query: question.query.parse({}), at: new Date().toISOString() }
      const found = await isRight.then(() => answered(look, question, organization, wanted)).catch((error: unknown) => {
        app.log.warn({ err: error, question: question.name }, 'what an answer tells besides could not be had')
        return undefined
      })
      return found?.body ?? null
    }
    const signals = new Signals(pool, watches, (errand) => carryOut(errand, ending.signal), warn)
    const handle = handler({ store, streams, queues: new Queues(waiting_max), deciders, findRows, findSettings, gate, signalled: (run) => signals.note(run), sealing: config.secretsKeyFile === undefined ? undefined : sealingOf(config.secretsKeyFile), networks: config.networks })
    const carryOut = errands(handle, deciders, app.log)
    const begun = { handle, streams, db }
    await bootstrap(begun, config.organization, { variable: 'BATON_ADMIN_KEY', key: config.adminKey }, (key) => showKey(config.organization, key))
    await bootstrap(begun, operators, { variable: 'BATON_OPERATOR_KEY', key: config.operatorKey }, (key) => showKey(operators, key))

    await publishKeys({ handle, deciders, notary }, config.notaryKeyFile)

    const sleeps = suspensionFrom(streams)
    const timers = new Timers(db, sleeps)
    measured(app, {
      unread_facts: { about: 'Facts that could not be read.', count: () => unreadFacts(db) },
      overdue_timers: { about: 'Timers whose time has come.', count: () => timers.overdue() },
    }, {
      store_appends_total: { about: 'Appends to the event store, those that met a conflict as well.', count: () => store.made.appends },
      store_reads_total: { about: 'Reads of streams of the event store.', count: () => store.made.reads },
    })
    healthy(app, service, async () => {
      await Promise.all([sql`select 1`.execute(db), plain.read('healthz', 0, () => undefined)])
    })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    await app.register(async (scope) => {
      limited(scope, config.rateLimit)
      serve(scope, everyRoute({ deciders, choices, db, ask, positions, findRows, sight: { findNow, show }, findSettings, streams, handle, gate }), authoriser(streams, uses))
    })
    serveValidation(app, streams)
    const url = await app.listen({ host: config.host, port: config.port })

    const leading = whileLeader({ databaseUrl: config.databaseUrl, lock: leader_lock, name: service }, ending.signal, async (signal) => {
      const over = new AbortController()
      const both = AbortSignal.any([signal, over.signal])
      const parts = [runProcesses({ client, db, deciders, processes, timers, carryOut, log: app.log }, both), timers.run(carryOut, app.log, both), runSweeps({ db, sweeps, carryOut, sleeps, log: app.log }, both), tidy([() => forgetChoices(db), () => kept.forgetOutdated(), () => signals.forget()], both)]
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
        await Promise.all([uses.close(), signals.close()])
        await kept.settled()
        await positions.close()
        await client.dispose()
        await db.destroy()
        await Promise.all([grounds.end(), rows.end()])
      },
    }
  } catch (error) {
    ending.abort()
    await app.close()
    await positions.close()
    await client.dispose()
    await db.destroy()
    await Promise.all([grounds.end(), rows.end()])
    throw error
  }
}

/** What is the same for every service, and the bounds and the description of this one. */
function edge(config: Config): FastifyInstance {
  const app = server({ service, logLevel: config.logLevel, meaningOf })
  jsonBodies(app)
  relieved(app, 1_000)
  void describing(app, { openapi: document })
  return app
}

/** Longer than any key is. What is longer is counted by where it comes from, so that little is kept of it. */
const key_max = 100

/** So many commands of one key a minute, before anything is looked up. */
function limited(scope: FastifyInstance, perMinute_max: number) {
  const limit = new RateLimit()
  scope.addHook('onRequest', ({ headers, ip }, _, done) => {
    const given = headers.authorization ?? headers['x-api-key']
    limit.count({ name: 'key', counted: typeof given === 'string' && given.length <= key_max ? given : ip, who: 'This key', perMinute_max })
    done()
  })
}
