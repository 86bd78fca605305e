import { startServer } from '../embedded/eventstore/server.ts'
import { openStore } from '../embedded/eventstore/store.ts'
import { startFloor } from './eventstore-floor.ts'

/**
 * A server in a process of its own, for the benchmarks: `floor`, or a folder for the event store. Says its port when it is ready and,
 * whenever asked, what it has used.
 */

/** What a server has used since it started. */
export interface Usage {
  readonly cpu_us: number
  readonly rss_bytes: number
  readonly syncs: number
}

const [what = 'floor'] = process.argv.slice(2)
const store = what === 'floor' ? undefined : await openStore({ dir: what })
const server = store && await startServer({ store, port: 0 })
const port = server ? server.port : await startFloor()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send!({ cpu_us: user + system, rss_bytes: process.memoryUsage.rss(), syncs: store?.stats().syncs ?? 0 } satisfies Usage)
})

async function stop() {
  await server?.stop()
  await store?.close()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('disconnect', () => void stop())
process.send!({ port })
