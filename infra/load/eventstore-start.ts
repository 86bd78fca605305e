import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { snapshotFile } from '../embedded/eventstore/storage/snapshot.ts'
import { openStore } from '../embedded/eventstore/store.ts'
import { order } from './eventstore-messages.ts'
import { median, resident_mb } from './measure.ts'

const help = `Measures how the embedded event store starts on a long log, as a process of its own: with a snapshot of its index, and without.

  node infra/load/eventstore-start.ts [--events 1000000] [--rounds 5]

Wanted: under 500 ms with a snapshot, its progress told without one, and at most 100 MB + 40 bytes an event. The start without a snapshot,
which the next clean stop makes good, is an exception: it reads every event, and may take 130 MB + 50 bytes an event.
Exit code 1 where something is missed.`

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h', default: false } } })
if (values.help) {
  process.stdout.write(`${help}\n`)
  process.exit(0)
}
const [events_count, rounds] = [Number(values.events), Number(values.rounds)]

const say = (line: string) => void process.stdout.write(`${line}\n`)
const program = fileURLToPath(new URL('../embedded/eventstore/main.ts', import.meta.url))

/** Appends of two events each, in turns to a tenth as many streams as there are events, up to 100,000. */
async function fill(dir: string): Promise<void> {
  const store = await openStore({ dir })
  const [data, metadata, streams] = [Buffer.from(JSON.stringify(order())), Buffer.alloc(0), Math.min(100_000, Math.ceil(events_count / 10))]
  const event = () => ({ id: crypto.randomUUID(), type: 'OrderPlaced', json: true, metadata, data })
  for (let done = 1; done < events_count;) {
    const batch = []
    for (; batch.length < 500 && done < events_count; done += 2) batch.push(store.append(`order-${(done >> 1) % streams}`, -2, [event(), event()]))
    await Promise.all(batch)
  }
  await store.close()
}

interface Start {
  readonly ms: number
  readonly rss_mb: number
  /** How often it said how far it was. */
  readonly told: number
}

/** From the start of the process until it says that it listens; then a graceful stop. */
async function started(dir: string): Promise<Start> {
  const begun_ms = performance.now()
  const child = spawn(process.execPath, [program, '--dir', dir, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('reading the log')) told++
    if (!line.startsWith('listening')) continue
    const start = { ms: performance.now() - begun_ms, rss_mb: resident_mb(child.pid!), told }
    child.kill('SIGTERM')
    await gone
    return start
  }
  throw new Error('the server ended before it was ready')
}

const dir = mkdtempSync(join(tmpdir(), 'eventstore-start-'))
try {
  say(`a log of ${events_count} events ...`)
  await fill(dir)
  say(`index.snapshot ${(statSync(snapshotFile(dir)).size / 1e6).toFixed(1)} MB`)
  await started(dir)
  const withSnapshot: Start[] = []
  for (let round = 0; round < rounds; round++) withSnapshot.push(await started(dir))
  rmSync(snapshotFile(dir))
  const without = await started(dir)
  const [start_ms, rss_mb] = [median(withSnapshot.map(({ ms }) => ms)), median(withSnapshot.map(({ rss_mb }) => rss_mb))]
  const allowed_mb = 100 + (40 * events_count) / 1e6
  const allowedWithout_mb = 130 + (50 * events_count) / 1e6
  const tell = (what: string, value: string, wanted: string, isMet: boolean) => {
    say(`${what.padEnd(34)}${value.padStart(12)}   ${wanted.padEnd(28)}${isMet ? '' : 'MISSED'}`)
    if (!isMet) process.exitCode = 1
  }
  tell('start with a snapshot', `${start_ms.toFixed(0)} ms`, '< 500 ms', start_ms < 500)
  tell('  fastest, slowest', `${Math.min(...withSnapshot.map(({ ms }) => ms)).toFixed(0)}, ${Math.max(...withSnapshot.map(({ ms }) => ms)).toFixed(0)} ms`, '', true)
  tell('memory then', `${rss_mb} MB`, `<= ${allowed_mb.toFixed(0)} MB`, rss_mb <= allowed_mb)
  tell('start without one', `${without.ms.toFixed(0)} ms`, `${without.told} times its progress`, without.told > 0 || without.ms < 1_000)
  tell('  a second', `${Math.round((events_count / without.ms) * 1_000)} events`, '', true)
  tell('memory then', `${without.rss_mb} MB`, `<= ${allowedWithout_mb.toFixed(0)} MB`, without.rss_mb <= allowedWithout_mb)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
