import type { ServiceError } from '@grpc/grpc-js'
import { choices, deciders, gate, notary, processes, settings, sweeps, watches } from 'shared-domain/catalogue.ts'
import { run, sayingAs } from 'shared-service/program.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

const service = 'command-service'
const say = sayingAs(service)

const isOfTheWire = (error: unknown): error is ServiceError =>
  error instanceof Error && 'metadata' in error && typeof (error as Partial<ServiceError>).code === 'number'

// When the store goes away while many appends wait, its client rejects, besides what their callers hold, promises that nobody holds.
process.on('unhandledRejection', (error) => {
  if (!isOfTheWire(error)) throw error
  say({ level: 40, msg: `a call to the event store that nobody waits for has failed: ${error.message}` })
})

run({
  service,
  settings: () => configFrom(process.env),
  shown,
  start: (config) => start(config, { deciders, processes, choices, settings, notary, gate, sweeps, watches }, (organization, key) => say({ msg: `admin key of ${organization}, shown this once: ${key}` })),
})
