import * as catalogue from 'shared-domain/catalogue.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

const config = configFrom(process.env)
const service = await start(config, catalogue)
service.app.log.info({ config: shown(config), url: service.url }, 'the query service answers')

/** Longer than any bounded wait inside, shorter than the patience of whoever stops it. */
const close_ms = 4_500

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    setTimeout(() => process.exit(1), close_ms).unref()
    service.close().then(() => process.exit(0), () => process.exit(1))
  })
}
