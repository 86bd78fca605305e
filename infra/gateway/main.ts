import { run } from 'shared-service/program.ts'
import { configFrom } from './config.ts'
import { gateway } from './gateway.ts'

run({
  service: 'gateway',
  settings: () => configFrom(process.env),
  shown: (config) => config,
  async start(config) {
    const app = await gateway(config)
    const url = await app.listen({ host: config.host, port: config.port, listenTextResolver: () => 'listening' })
    return { url, stop: () => app.close() }
  },
})
