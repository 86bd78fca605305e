import type { ServiceError } from '@grpc/grpc-js'
import { choices, deciders, processes } from 'shared-domain/catalogue.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

/** Longer than any bounded wait inside, shorter than the patience of whoever stops it. */
const close_ms = 4_500

const say = (line: object) => process.stdout.write(`${JSON.stringify({ service: 'command-service', ...line })}\n`)

const isOfTheWire = (error: unknown): error is ServiceError =>
  error instanceof Error && 'metadata' in error && typeof (error as Partial<ServiceError>).code === 'number'

// When the store goes away while many appends wait, its client rejects, besides what their callers hold, promises that nobody holds.
process.on('unhandledRejection', (error) => {
  if (!isOfTheWire(error)) throw error
  say({ level: 40, msg: `a call to the event store that nobody waits for has failed: ${error.message}` })
})

try {
  const config = configFrom(process.env)
  say({ msg: 'starting', config: shown(config) })
  const service = await start(config, { deciders, processes, choices }, (key) => say({ msg: `admin key of ${config.organization}, shown this once: ${key}` }))
  say({ msg: 'ready', url: service.url })
  const stop = () => {
    setTimeout(() => process.exit(1), close_ms).unref()
    void service.stop().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
} catch (error) {
  say({ level: 60, msg: `command-service cannot start: ${(error as Error).message}` })
  process.exit(1)
}
