import { configIn, keyIn, type Config } from './config.ts'
import { Daemon } from './daemon.ts'
import { Socket } from './socket.ts'

const say = (msg: string, more: object = {}) => console.log(JSON.stringify({ at: new Date().toISOString(), msg, ...more }))

/** Runs a daemon until it is asked to end; resolves with the exit code. */
export async function serve(config: Config, key: string): Promise<number> {
  const daemon = new Daemon(config, key, { say, changed: (run, isOver) => socket.changed(run, isOver) })
  const socket = new Socket(daemon)
  const asked = Promise.withResolvers<'asked'>()
  let times = 0
  const end = () => {
    times++
    if (times === 1) asked.resolve('asked')
    else void daemon.abandon().finally(() => process.exit(1))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end)
  const identity = await daemon.start()
  say('following', { daemon: identity.daemon, orchestrator: identity.orchestrator, instance: daemon.instance })
  // What it is for goes on when somebody else has the port.
  const port = await socket.listen(config.port).catch((error: unknown) => say('nobody can ask it', { error: String(error) }))
  if (port !== undefined) say('listening', { port })
  const why = await Promise.race([asked.promise, daemon.over])
  say('it ends', { why })
  await daemon.stop()
  await socket.close()
  return why === 'asked' || why === 'drained' ? 0 : 1
}

if (import.meta.main) {
  const [file] = process.argv.slice(2)
  try {
    if (file === undefined) throw new Error('Usage: npm run daemon -- config.json')
    const config = configIn(file)
    process.exit(await serve(config, keyIn(config)))
  } catch (error) {
    console.error(`daemon: ${(error as Error).message}`)
    process.exit(1)
  }
}
