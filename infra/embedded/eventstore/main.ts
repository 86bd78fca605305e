import { enableCompileCache, flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { compileCache } from '../compile-cache.ts'

// What Node has stripped and compiled once it need not do again: half the time of a start, and a third of an idle server's memory.
enableCompileCache(compileCache.NODE_COMPILE_CACHE)
const { logVerbosity, setLogVerbosity } = await import('@grpc/grpc-js')
const { startServer } = await import('./server.ts')
const { openStore } = await import('./store.ts')

const help = `An event store that speaks EventStoreDB's gRPC protocol, for one machine.

  node infra/embedded/eventstore/main.ts --dir DIR [--port 2113] [--host 127.0.0.1]

  --dir DIR        where the log is kept; made when it is missing
  --port PORT      2113 when not given; 0 for any free one
  --host HOST      a loopback address, unless --allow-remote is given: there is no authentication
  --allow-remote   listen on any address

Environment: EVENTSTORE_MAX_APPEND_SIZE (bytes, 1048576), EVENTSTORE_COMMIT_TIMEOUT_MS or EVENTSTORE_PREPARE_TIMEOUT_MS (2000).
Connect with esdb://127.0.0.1:2113?tls=false. Ends on SIGTERM and Ctrl-C.`

const say = (line: string) => process.stdout.write(`${line}\n`)

function fail(sentence: string, code = 1): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(code)
}

function numberFrom(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  return Number.isInteger(value) && value > 0 ? value : fail(`${name} must be a whole number above zero, not "${process.env[name]}".`, 2)
}

function wishes() {
  try {
    const { values } = parseArgs({
      options: {
        dir: { type: 'string' }, port: { type: 'string', default: '2113' }, host: { type: 'string', default: '127.0.0.1' },
        'allow-remote': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${help}`, 2)
  }
}

const { dir, port, host, help: wantsHelp, 'allow-remote': allowsRemote } = wishes()
if (wantsHelp) {
  say(help)
  process.exit(0)
}
if (!dir) fail(`Say where the log is kept: --dir DIR.\n\n${help}`, 2)
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) fail(`--port must be a number from 0 to 65535, not "${port}".`, 2)
if (!allowsRemote && !/^(127\.\d+\.\d+\.\d+|localhost|::1)$/.test(host)) {
  fail(`${host} is not a loopback address, and this server asks nobody who they are. Add --allow-remote if that is what you want.`, 2)
}

// What goes wrong is said here, in sentences.
setLogVerbosity(logVerbosity.NONE)

const onWarning = (sentence: string) => void process.stderr.write(`${sentence}\n`)

// Reading a log makes much garbage and keeps little: the space for new objects would grow by 60 MB and stay. A server has use for it.
setFlagsFromString('--semi-space-growth-factor=1')
let told_ms = performance.now()
const store = await openStore({
  dir, onWarning,
  onProgress(read, total) {
    if (performance.now() - told_ms < 500) return
    told_ms = performance.now()
    say(`reading the log: ${Math.floor((100 * read) / total)} %`)
  },
}).catch((error: Error) => fail(error.message))
setFlagsFromString('--semi-space-growth-factor=2')

if (store.torn_bytes > 0) say(`${store.torn_bytes} bytes of an append that a crash interrupted, never acknowledged, were cut off`)

const append_bytes_max = numberFrom('EVENTSTORE_MAX_APPEND_SIZE', 1024 * 1024)
// One node commits in one step. Of its two names for how long that may take the first one counts.
const prepare_ms_max = numberFrom('EVENTSTORE_PREPARE_TIMEOUT_MS', 2_000)
const commit_ms_max = numberFrom('EVENTSTORE_COMMIT_TIMEOUT_MS', prepare_ms_max)
const server = await startServer({ store, port: Number(port), host, append_bytes_max, commit_ms_max, onWarning })
  .catch(async (error: Error) => {
    await store.close()
    const fault = error.message.includes('EADDRINUSE') ? 'is in use' : `cannot be opened (${error.message})`
    return fail(`Port ${port} on ${host} ${fault}. Choose another one with --port, or stop what uses it.`)
  })

say(`listening on esdb://${host}:${server.port}?tls=false with ${store.count} events in ${dir}`)
flushCompileCache()

let isStopping = false
async function stop() {
  if (isStopping) return
  isStopping = true
  await server.stop()
  await store.close()
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
