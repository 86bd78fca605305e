import { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { NotaryStand } from 'shared-domain/kernel/notary.ts'
import type { Push, Topics } from 'shared-domain/kernel/push.ts'
import type { Proof } from 'shared-domain/kernel/proof.ts'
import type { StreamQuestion } from 'shared-domain/kernel/stream-question.ts'
import type { Question } from 'shared-domain/kernel/question.ts'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { jsonBodies } from 'shared-service/bodies.ts'
import { Guesses } from 'shared-service/guesses.ts'
import { healthy } from 'shared-service/health.ts'
import { KeyUses } from 'shared-service/key-uses.ts'
import { measured } from 'shared-service/metrics.ts'
import { notaryKeysOf } from 'shared-service/notary-key.ts'
import { openPositions } from 'shared-service/positions.ts'
import { relieved } from 'shared-service/pressure.ts'
import { Problem } from 'shared-service/problems.ts'
import type { Running } from 'shared-service/program.ts'
import { countAll, RateLimit } from 'shared-service/rate-limit.ts'
import { server } from 'shared-service/server.ts'
import { answerOf } from './answers.ts'
import { asyncApi } from './asyncapi.ts'
import { questionOf } from './choices.ts'
import type { Config } from './config.ts'
import { openDatabase } from './database.ts'
import { factsOf } from './facts.ts'
import { mustAllow, openKeys, type Keys } from './keys.ts'
import { lagBehind } from './lag.ts'
import { serveAnswers } from './live/answers.ts'
import { connectionsWithin } from './live/connections.ts'
import { openSockets } from './live/sockets.ts'
import { live } from './live.ts'
import { llmsText } from './llms-text.ts'
import { notaryKeys, publishedKeys } from './notary.ts'
import { documented } from './openapi.ts'
import { ofStream } from './stream-questions.ts'
import { serveProof } from './proofs.ts'
import { serveSchemas } from './schemas.ts'
import { serve, type Gate } from './question.ts'
import { keyUse } from './questions/key-use.ts'
import { latest } from './questions/latest.ts'
import { position } from './questions/position.ts'
import { validateKey } from './questions/validate-key.ts'
import { questionsOf } from './routes.ts'

export interface Catalogue {
  readonly deciders: readonly Decider[]
  readonly readModels: readonly ReadModel[]
  readonly choices: readonly Choice[]
  readonly questions: readonly Question[]
  readonly streamQuestions?: readonly StreamQuestion[]
  readonly proofs?: readonly Proof[]
  /** What sockets hear of facts, and under which topics; without them there are no sockets. */
  readonly pushes?: readonly Push[]
  readonly topics?: Topics
  /** Who signs proofs; without it there are none. */
  readonly notary?: NotaryStand
}

export interface Service extends Running {
  readonly app: FastifyInstance
}

const service = 'query-service'

/** Answers at once; `/healthz` says when what it reads from can be reached. */
export async function start(config: Config, catalogue: Catalogue): Promise<Service> {
  const notary = config.notaryKeyFile === undefined ? undefined : notaryKeysOf(config.notaryKeyFile)
  const app = server({ service, logLevel: config.logLevel })
  const lost = (error: unknown) => app.log.warn({ err: error }, 'a connection was lost and will be opened again')
  const store = EventStoreDBClient.connectionString(config.eventStoreUrl)
  const database = openDatabase(config, lost)
  const positions = openPositions({ ...config, name: 'baton-query-listen' }, (model) => database.positionOf(model), lost)
  const keys = openKeys(store, config, lost)
  const uses = new KeyUses((some) => database.saveUses(some), lost, config.keyUses_ms)
  app.addHook('onClose', async () => {
    await uses.close()
    await Promise.all([positions.close(), keys.close(), store.dispose()])
    await database.close()
  })

  relieved(app, 2_000)
  jsonBodies(app)
  await documented(app)
  const gate = gateOf(keys, uses, config)
  const facts = factsOf(catalogue.deciders)
  const connections = connectionsWithin(config, keys)
  live(app, { store, facts, gate, connections }, config)
  const { deciders, pushes = [], topics } = catalogue
  const sockets = topics && openSockets(app.server, { store, deciders, facts, keys, connections, database, positions, pushes, topics, log: app.log }, config)
  app.addHook('preClose', async () => {
    connections.close()
    await sockets?.close()
  })
  measured(app, {
    query_live_connections: { about: 'Live connections that are open.', count: () => connections.open },
    query_waiters: { about: 'Questions that wait for a read model.', count: () => positions.waiting },
  })
  healthy(app, service, async () => {
    if (!keys.following) throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be followed.')
    await database.checkpoints()
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/asyncapi.json', { schema: { hide: true } }, async () => asyncApi(catalogue.deciders, catalogue.pushes))
  app.get('/llms.txt', { schema: { hide: true } }, async (_, reply) => reply.type('text/plain; charset=utf-8').serializer((text) => text as string).send(llmsText))
  serveSchemas(app, catalogue.deciders)
  const { readModels, choices, questions, streamQuestions = [], proofs = [] } = catalogue
  const lagOf = lagBehind(store, facts.categories, config.eventStoreTimeout_ms)
  const published = catalogue.notary && publishedKeys(store, catalogue.notary, config)
  for (const asked of [validateKey, keyUse, position, latest(store, facts, config), ...(published ? [notaryKeys(published)] : []), ...readModels.flatMap(questionsOf), ...choices.flatMap(questionOf), ...questions.map(answerOf), ...streamQuestions.map((one) => ofStream(store, one, config.eventStoreTimeout_ms))]) {
    serve(app, asked, { gate, database, positions })
    serveAnswers(app, asked, { gate, database, positions, connections, lagOf }, config)
  }
  for (const proof of published ? proofs : []) serveProof(app, proof, { store, gate, notary, published: published! }, config)

  try {
    const url = await app.listen({ host: config.host, port: config.port })
    return { url, app, stop: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Who asks, whether the key allows it, and whether it asks too often. */
function gateOf(keys: Keys, uses: KeyUses, { requestsPerMinute_max, strangersPerMinute_max }: Config): Gate {
  const guesses = new Guesses(strangersPerMinute_max)
  const admit = ({ ip, headers }: FastifyRequest) =>
    (keys.isFamiliar(headers) ? keys.callerOf(headers) : guesses.counted(ip, () => keys.callerOf(headers)))
  const limit = new RateLimit()
  return async (request, scope, reply) => {
    const caller = await admit(request)
    if (scope !== null) mustAllow(caller, scope)
    const { key, organization, limits: { queries: limits } } = caller
    // A limit of its own takes the place of what is so for all.
    if (limits.length === 1) limit.count({ name: 'key', counted: key, who: 'This key', perMinute_max: requestsPerMinute_max })
    countAll(limit, limits, reply && ((headers) => reply.headers(headers)))
    uses.note(organization, key, request.ip)
    return caller
  }
}
