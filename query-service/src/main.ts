import * as catalogue from 'shared-domain/catalogue.ts'
import { start, type Service } from './app.ts'
import { configFrom, shown } from './config.ts'

/** Longer than any bounded wait inside, shorter than the patience of whoever stops it. */
const close_ms = 4_500

async function run(): Promise<Service> {
  const config = configFrom(process.env)
  const service = await start(config, catalogue)
  service.app.log.info({ config: shown(config), url: service.url }, 'the query service answers')
  return service
}

const running = run()

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    setTimeout(() => process.exit(1), close_ms).unref()
    running.then((service) => service.stop()).then(() => process.exit(0), () => process.exit(1))
  })
}

running.catch((error: Error) => {
  process.stderr.write(`The query service cannot start: ${error.message}\n`)
  process.exit(1)
})
