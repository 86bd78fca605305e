import { EventStoreDBClient } from '@eventstore/db-client'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { Outlet } from 'shared-domain/kernel/outlet.ts'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import type { SettingsStand } from 'shared-domain/kernel/settings.ts'
import { definitionsOf } from 'shared-domain/kernel/stored.ts'
import { jsonBodies } from 'shared-service/bodies.ts'
import { whileLeader } from 'shared-service/leader.ts'
import { pause } from 'shared-service/pause.ts'
import type { Running } from 'shared-service/program.ts'
import { sealingOf } from 'shared-service/sealing.ts'
import { server } from 'shared-service/server.ts'
import { Announcer } from './announce.ts'
import { complete } from './completion.ts'
import type { Config } from './config.ts'
import { openDatabase } from './database.ts'
import { Deliverer } from './deliver/deliverer.ts'
import { batches } from './follow.ts'
import { migrate } from './migrations.ts'
import { dropHalfBuilt, followedBy, identityOf, prepare } from './models.ts'
import { Projector } from './projector.ts'
import { Recent } from './recent.ts'
import { rebuild, type Rebuilt } from './rebuild.ts'
import { status, type Operations } from './status.ts'

export interface Catalogue {
  readonly deciders: readonly Pick<Decider, 'category' | 'events'>[]
  readonly readModels: readonly ReadModel[]
  /** What is sent outside, and where settings say how; without them nothing is. */
  readonly outlets?: readonly Outlet[]
  readonly settings?: SettingsStand
}

const service = 'projection-service'
/** Whoever holds this advisory lock projects; others stand by. */
const leader_lock = 7_236_021
const retry_max_ms = 60_000
/** What a command and the processes after it bring about goes to the tables together. */
const gather_ms = 4

/** Starts the service. Throws one sentence where the database and the catalogue do not fit together. */
export async function start(config: Config, { deciders, readModels, outlets = [], settings }: Catalogue): Promise<Running> {
  const app = server({ service, logLevel: config.logLevel })
  jsonBodies(app)
  const client = EventStoreDBClient.connectionString`${config.eventStoreUrl}`
  const { pool, session, close } = openDatabase(config.databaseUrl, service, app.log)
  const ending = new AbortController()
  const sealing = config.secretsKeyFile === undefined ? undefined : sealingOf(config.secretsKeyFile)
  const definitions = definitionsOf(deciders as readonly Decider[])
  const categories = deciders.map(({ category }) => category)
  let operations: Operations | undefined

  async function stop() {
    ending.abort()
    await app.close()
    await leading
    await client.dispose()
    await close()
  }

  async function lead(until: AbortSignal) {
    // Whatever ends the following ends what goes on beside it.
    const over = new AbortController()
    const signal = AbortSignal.any([until, over.signal])
    const store = await identityOf(client)
    const projector = new Projector({ pool, session, log: app.log, rowsCached_max: config.rowsCached_max })
    const outdated = await prepare(pool, projector, readModels, store)
    await dropHalfBuilt(pool, readModels)
    const from = projector.models.reduce<bigint | undefined>((least, { position }) => (least === undefined || position < least ? position : least), undefined) ?? -1n
    const recent = new Recent(from)
    const announcer = new Announcer({
      client, pool, recent, natsUrl: config.natsUrl, categories, definitions, store, maxAge_hours: config.announcements_hours, maxBytes: config.announcements_bytes, log: app.log,
    })
    const deliverer = outlets.length > 0 && settings && sealing && new Deliverer({
      client, pool, recent, outlets, settings, sealing, networks: config.networks, categories, definitions, store, log: app.log,
    })
    const rebuildOf = oneByOne((model) => rebuild({ client, pool, projector, categories, definitions, store, signal }, model))
    const failed = (model: ReadModel, what: string) => (error: unknown) => app.log.error({ err: error, model: model.name }, `${what}: it is tried again`)
    const renewed = (model: ReadModel) => insisting(signal, async () => {
      if (!followedBy(projector, model.name)) app.log.info({ model: model.name, ...await rebuildOf(model) }, 'a new version was built')
    }, failed(model, 'a new version could not be built'))
    // What is declared of a table that was made before is added to it, one after the other.
    const completed = async (models: readonly ReadModel[]) => {
      for (const model of models) {
        await insisting(signal, async () => complete(pool, followedBy(projector, model.name)!.table, signal), failed(model, 'its indexes could not be made'))
      }
    }
    operations = {
      positions: () => ({
        models: Object.fromEntries(projector.models.map(({ model, position }) => [model.name, String(position)])),
        facts: projector.facts, misfits: projector.misfits, announced: announcer.announced, delivered: deliverer ? deliverer.delivered : 0,
      }),
      unpark: (model, stream, reason) => projector.unpark(client, definitions, model, stream, reason),
      rebuild: async (name) => {
        const model = readModels.find((model) => model.name === name)
        return model && rebuildOf(model)
      },
    }
    const telling = [announcer.run(signal), ...deliverer ? [deliverer.run(signal)] : []]
    const beside = [completed(readModels.filter((model) => !outdated.includes(model))), ...outdated.map(renewed)]
    try {
      const following = batches({ client, categories, definitions, from, batch_max: config.batch_max, signal, gather_ms, recent })
      for await (const batch of following) await projector.take(batch)
    } finally {
      operations = undefined
      over.abort()
      await Promise.allSettled([...telling, ...beside])
    }
  }

  let leading: Promise<void> = Promise.resolve()
  try {
    await migrate(pool)
    // What cannot work is said at the start, not again and again in the log.
    await prepareOnce()
    status(app, service, pool, () => operations)
    const url = await app.listen({ host: config.host, port: config.port })
    leading = whileLeader({ databaseUrl: config.databaseUrl, lock: leader_lock, name: service }, ending.signal, lead, (error) => app.log.warn({ err: error }, 'projecting starts again'))
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }

  async function prepareOnce() {
    await prepare(pool, new Projector({ pool, session, log: app.log, rowsCached_max: 1 }), readModels, await identityOf(client))
  }
}

/** Tries until it is done. */
async function insisting(signal: AbortSignal, run: () => Promise<void>, onFailure: (error: unknown) => void) {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await run()
    } catch (error) {
      if (signal.aborted) return
      onFailure(error)
      await pause(Math.min(retry_max_ms, 1_000 * 2 ** failures), signal)
    }
  }
}

/** One rebuild at a time, since each holds a connection. Whoever asks for one that is awaited already gets its result. */
function oneByOne(run: (model: ReadModel) => Promise<Rebuilt>) {
  const awaited = new Map<string, Promise<Rebuilt>>()
  let last: Promise<unknown> = Promise.resolve()
  return (model: ReadModel): Promise<Rebuilt> => {
    const under = awaited.get(model.name)
    if (under) return under
    const next = () => run(model)
    const mine = last.then(next, next).finally(() => awaited.delete(model.name))
    awaited.set(model.name, mine)
    last = mine
    return mine
  }
}
