import { deciders, readModels } from 'shared-domain/catalogue.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'

/** Longer than a batch takes, shorter than the patience of whoever stops it. */
const close_ms = 4_500

const say = (line: object) => process.stdout.write(`${JSON.stringify({ service: 'projection-service', ...line })}\n`)

async function run() {
  const config = configFrom(process.env)
  say({ msg: 'starting', config: shown(config) })
  const service = await start(config, { deciders, readModels })
  say({ msg: 'ready', url: service.url })
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
  say({ level: 60, msg: `projection-service cannot start: ${error.message}` })
  process.exit(1)
})
