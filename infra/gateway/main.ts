import { run } from 'shared-service/program.ts'
import { configFrom } from './config.ts'
import { gateway } from './gateway.ts'

run({
  service: 'gateway',
  settings: () => configFrom(process.env),
  shown: (config) => config,
  async start(config) {
    const { listen, close } = await gateway(config)
    return { url: await listen(), stop: close }
  },
})
