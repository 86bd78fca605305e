import { randomUUID } from 'node:crypto'
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import { PgBoss } from 'pg-boss'

/** A queue that keeps no history. One call of `live` is the whole life of a job: enqueued, taken, completed. */
export interface Peer {
  readonly name: string
  live(): Promise<void>
  stop(): Promise<void>
}

const connections_max = 20
const fetches_max = 100
const payload = { title: 'Summarise the incident of last night', pad: 'x'.repeat(80) }

/** Three calls, each a round trip to Postgres. */
export async function pgBoss(url: string): Promise<Peer> {
  const boss = new PgBoss({ connectionString: url, max: connections_max })
  boss.on('error', (error: unknown) => { throw error })
  await boss.start()
  await boss.createQueue('life')
  return {
    name: 'pg-boss',
    async live() {
      await boss.send('life', payload)
      // Any job will do: as many are taken as were enqueued. Beside others that take, one may find the row it wanted gone, and asks again.
      for (let fetches = 0; fetches < fetches_max; fetches++) {
        const [job] = await boss.fetch('life')
        if (job) return void await boss.complete('life', job.id)
      }
      throw new Error('pg-boss had nothing to take')
    },
    stop: () => boss.stop({ graceful: false }),
  }
}

/** It hears of a job by a notification; completing is what it does when its task returns. */
export async function graphileWorker(url: string, inFlight_max: number): Promise<Peer> {
  const pgPool = new pg.Pool({ connectionString: url, max: connections_max })
  // A connection that ends is replaced.
  pgPool.on('error', () => undefined).on('connect', (connection) => connection.on('error', () => undefined))
  const logger = new Logger(() => () => undefined)
  const utils = await makeWorkerUtils({ pgPool, logger })
  await utils.migrate()
  const waiting = new Map<string, () => void>()
  const runner = await run({
    pgPool, logger, noHandleSignals: true, taskList: { life: async () => undefined },
    preset: { worker: { concurrentJobs: inFlight_max } },
  })
  runner.events.on('job:complete', ({ job }) => {
    const { id } = job.payload as { id: string }
    waiting.get(id)?.()
    waiting.delete(id)
  })
  return {
    name: 'graphile-worker',
    async live() {
      const id = randomUUID()
      const ended = new Promise<void>((resolve) => { waiting.set(id, resolve) })
      await utils.addJob('life', { ...payload, id })
      await ended
    },
    async stop() {
      await runner.stop()
      await utils.release()
      await pgPool.end()
    },
  }
}
