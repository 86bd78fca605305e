/** Longer than any bounded wait inside, shorter than the patience of whoever stops it. */
const close_ms = 4_500

/** What a service says before and besides its log, a line of JSON each. */
export const sayingAs = (service: string) => (line: object): void => void process.stdout.write(`${JSON.stringify({ service, ...line })}\n`)

export interface Running {
  readonly url: string
  stop(): Promise<void>
}

export interface Program<Config> {
  readonly service: string
  readonly settings: () => Config
  /** Of the settings, what may be printed. */
  readonly shown: (config: Config) => object
  readonly start: (config: Config) => Promise<Running>
}

/** Runs a service until it is told to end, within a bound; what cannot start says why in a sentence. */
export function run<Config>({ service, settings, shown, start }: Program<Config>): void {
  const say = sayingAs(service)
  const running = (async () => {
    const config = settings()
    say({ msg: 'starting', config: shown(config) })
    const started = await start(config)
    say({ msg: 'ready', url: started.url })
    return started
  })()

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), close_ms).unref()
      running.then((started) => started.stop()).then(() => process.exit(0), () => process.exit(1))
    })
  }

  running.catch((error: Error) => {
    say({ level: 60, msg: `${service} cannot start: ${error.message}` })
    process.exit(1)
  })
}
