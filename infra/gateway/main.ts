import { configFrom } from './config.ts'
import { gateway } from './gateway.ts'

const CLOSE_TIMEOUT_MS = 4_500

try {
  const config = configFrom(process.env)
  const app = await gateway(config)
  const url = await app.listen({ host: config.host, port: config.port, listenTextResolver: () => 'listening' })
  app.log.info({ config, url }, 'ready')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref()
      app.close().then(() => process.exit(0), () => process.exit(1))
    })
  }
} catch (error) {
  process.stderr.write(`The gateway cannot start: ${(error as Error).message}\n`)
  process.exit(1)
}
