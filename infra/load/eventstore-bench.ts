import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { END, EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client'
import { openStore } from '../embedded/eventstore/store.ts'
import { message_bytes, paths, rawClient } from './eventstore-floor.ts'
import { batchAppendRequest, order, readAllRequest } from './eventstore-messages.ts'
import { startMeasured, type Measured } from './eventstore-processes.ts'
import { fillForShortReads, measureShortReads } from './eventstore-short-reads.ts'
import { duplex, slice, streamed, together, unary, windowed, type Sample } from './eventstore-slices.ts'
import { median } from './measure.ts'

const help = `Measures the embedded event store against what grpc-js can do at most, in alternating slices of one run.

  node infra/load/eventstore-bench.ts [--rounds 5] [--slice 1500] [--events 1000000] [--out FILE]

  --rounds N   how often everything is measured; medians are told
  --slice MS   how long one measurement lasts
  --events N   size of the log whose start and memory are measured; 0 leaves that out
  --out FILE   infra/load/results/eventstore.json when not given`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' }, slice: { type: 'string', default: '1500' }, events: { type: 'string', default: '1000000' },
    out: { type: 'string', default: new URL('results/eventstore.json', import.meta.url).pathname }, help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(`${help}\n`)
  process.exit(0)
}
const [rounds, slice_ms, events_count] = [Number(values.rounds), Number(values.slice), Number(values.events)]

const say = (line: string) => void process.stdout.write(`${line}\n`)

const root = mkdtempSync(join(tmpdir(), 'eventstore-bench-'))
const started: Measured[] = []
const start = async (what: string) => {
  const measured = await startMeasured(what)
  started.push(measured)
  return measured
}

const samples = new Map<string, Sample[]>()
const rates = new Map<string, number[]>()
const keep = <T>(all: Map<string, T[]>, name: string, value: T) => all.set(name, [...all.get(name) ?? [], value])

const widths = [1, 16, 128] as const
const read_events = 40_000
let nth = 0

async function measureAppends(floor: Measured, server: Measured, client: EventStoreDBClient) {
  const [rawFloor, rawServer] = [rawClient(floor.port), rawClient(server.port)]
  const message = Buffer.alloc(message_bytes, 7)
  const append = () => client.appendToStream(`order-${nth++ % 2_000}`, jsonEvent({ type: 'OrderPlaced', data: order(), metadata: { $correlationId: 'c', $causationId: 'd' } }))
  const echoes = duplex(rawFloor, paths.bidi)
  const appends = duplex(rawServer, '/event_store.client.streams.Streams/BatchAppend')
  for (let warm = 0; warm < 500; warm++) await Promise.all([append(), unary(rawFloor, message)])
  for (let round = 0; round < rounds; round++) {
    for (const width of widths) {
      const requests = Array.from({ length: 50_000 }, (_, nth) => batchAppendRequest(`raw-${nth % 3_000}`))
      keep(samples, `unary echo ${width}`, await slice(floor, slice_ms, together(width, () => unary(rawFloor, message))))
      keep(samples, `append ${width}`, await slice(server, slice_ms, together(width, append)))
      keep(samples, `bidi echo ${width}`, await slice(floor, slice_ms, windowed(echoes, width, () => message)))
      keep(samples, `raw append ${width}`, await slice(server, slice_ms, windowed(appends, width, () => requests.pop() ?? batchAppendRequest('raw-more'))))
    }
  }
  echoes.end()
  appends.end()
  for (const raw of [rawFloor, rawServer]) raw.close()
}

async function measureReads(floor: Measured, server: Measured, client: EventStoreDBClient) {
  const [rawFloor, rawServer] = [rawClient(floor.port), rawClient(server.port)]
  for (let round = 0; round <= rounds; round++) {
    const sent = await streamed(rawFloor, paths.down, Buffer.from(String(read_events)))
    const read = await streamed(rawServer, '/event_store.client.streams.Streams/Read', readAllRequest(read_events))
    const begun = performance.now()
    let count = 0
    for await (const _ of client.readAll({ maxCount: read_events })) count++
    if (round === 0) continue
    keep(rates, 'server stream', sent)
    keep(rates, 'raw read of $all', read)
    keep(rates, 'readAll by the client', count / (performance.now() - begun) * 1_000)
  }
  for (const raw of [rawFloor, rawServer]) raw.close()
}

/** Times from the call of an append to its answer and to its delivery, in milliseconds. */
async function measureLive(client: EventStoreDBClient) {
  const delivered = new Map<string, (now: number) => void>()
  const subscription = client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: ['live-'] }) })
  subscription.on('data', ({ event }) => delivered.get(event!.id)?.(performance.now()))
  await once(subscription, 'caughtUp')
  const [answers, deliveries]: [number[], number[]] = [[], []]
  for (let nth = 0; nth < 400 * Math.min(rounds, 3); nth++) {
    const event = jsonEvent({ type: 'OrderPlaced', data: order() })
    const arrival = new Promise<number>((resolve) => delivered.set(event.id, resolve))
    const begun = performance.now()
    await client.appendToStream(`live-${nth % 50}`, event)
    answers.push(performance.now() - begun)
    deliveries.push(await arrival - begun)
    delivered.delete(event.id)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  await subscription.unsubscribe()
  return { ack_p50_ms: median(answers), delivery_p50_ms: median(deliveries) }
}

async function fill(dir: string, count: number) {
  const store = await openStore({ dir })
  const [data, metadata] = [Buffer.from(JSON.stringify(order())), Buffer.alloc(0)]
  for (let done = 0; done < count;) {
    const batch = []
    for (let nth = 0; nth < 100 && done < count; nth++) {
      const stream = `order-${(done / 100) % 10_000}`
      const events = Array.from({ length: Math.min(100, count - done) }, () => ({ id: crypto.randomUUID(), type: 'OrderPlaced', json: true, metadata, data }))
      batch.push(store.append(stream, -2, events))
      done += events.length
    }
    await Promise.all(batch)
  }
  await store.close()
}

/** Starts a server on a large log a few times, and tells how long that took and what it holds in memory. */
async function measureStart(dir: string) {
  const [times, memory]: [number[], number[]] = [[], []]
  for (let round = 0; round < Math.max(3, rounds); round++) {
    const server = await start(dir)
    times.push(server.started_ms)
    memory.push((await server.usage()).rss_bytes)
    await server.stop()
  }
  return { start_ms: median(times), rss_bytes: median(memory) }
}

const of = (name: string, what: keyof Sample) => median((samples.get(name) ?? []).map((sample) => sample[what]))
/** Ratios within a round, in which both were measured within seconds of each other. */
const ratiosOf = (name: string, floor: string, what: keyof Sample) => (samples.get(name) ?? []).map((sample, nth) => sample[what] / samples.get(floor)![nth]![what])
const ratioOf = (name: string, floor: string) => median(ratiosOf(name, floor, 'rate'))
const readRatio = (name: string) => median((rates.get(name) ?? []).map((rate, nth) => rate / rates.get('server stream')![nth]!))

interface Target {
  readonly what: string
  readonly measured: number
  readonly wanted: string
  readonly isMet: boolean
}

const atLeast = (what: string, measured: number, wanted: number): Target => ({ what, measured, wanted: `>= ${wanted}`, isMet: measured >= wanted })
const atMost = (what: string, measured: number, wanted: number): Target => ({ what, measured, wanted: `<= ${wanted}`, isMet: measured <= wanted })

/** A server of its own on a log that it did not write: nothing of it is in its memory. */
async function measureShort(floor: Measured): Promise<readonly Target[]> {
  say('short reads ...')
  const dir = join(root, 'short')
  await fillForShortReads(dir)
  const server = await start(dir)
  for (const [name, sample] of await measureShortReads(floor, server, rounds, slice_ms)) keep(samples, name, sample)
  await server.stop()
  return [
    atMost('read of 20 scattered events, server us', of('read 20 scattered', 'server_us'), 400),
    ...['read 20 contiguous', 'send 20'].map((other) =>
      atMost(`the same / ${other}, server us`, median(ratiosOf('read 20 scattered', other, 'server_us')), 2)),
  ]
}

async function measure(): Promise<readonly Target[]> {
  const [floor, server] = [await start('floor'), await start(join(root, 'log'))]
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${server.port}?tls=false`)
  try {
    say('appends ...')
    await measureAppends(floor, server, client)
    say('reads ...')
    await measureReads(floor, server, client)
    say('live delivery ...')
    const { ack_p50_ms, delivery_p50_ms } = await measureLive(client)
    const targets = [
      ...widths.map((width, nth) => atLeast(`append at ${width} / unary echo`, ratioOf(`append ${width}`, `unary echo ${width}`), [0.55, 1.1, 1.2][nth]!)),
      atLeast('raw append, window of 128 / bidi echo', ratioOf('raw append 128', 'bidi echo 128'), 0.6),
      atMost('syncs per append at 128', of('append 128', 'syncs'), 0.3),
      atLeast('raw read of $all / server stream', readRatio('raw read of $all'), 0.6),
      atLeast('readAll by the client / server stream', readRatio('readAll by the client'), 0.3),
      atMost('delivery p50 - answer p50, ms', delivery_p50_ms - ack_p50_ms, 0.5),
      ...await measureShort(floor),
    ]
    if (!events_count) return targets
    say(`a log of ${events_count} events ...`)
    await fill(join(root, 'large'), events_count)
    const { start_ms, rss_bytes } = await measureStart(join(root, 'large'))
    return [...targets, atMost(`start on ${events_count} events, ms`, start_ms, 500), atMost('memory, MB', rss_bytes / 1e6, 100 + 40 * events_count / 1e6)]
  } finally {
    await client.dispose()
  }
}

try {
  const targets = await measure()
  say(`\n${'what'.padEnd(24)}${'per second'.padStart(12)}${'server us'.padStart(12)}${'client us'.padStart(12)}${'syncs'.padStart(9)}`)
  for (const name of samples.keys()) {
    say(`${name.padEnd(24)}${of(name, 'rate').toFixed(0).padStart(12)}${of(name, 'server_us').toFixed(0).padStart(12)}${of(name, 'client_us').toFixed(0).padStart(12)}`
      + of(name, 'syncs').toFixed(2).padStart(9))
  }
  for (const [name, all] of rates) say(`${name.padEnd(24)}${median(all).toFixed(0).padStart(12)}`)
  say(`\n${'target'.padEnd(44)}${'measured'.padStart(10)}  wanted`)
  for (const { what, measured, wanted, isMet } of targets) say(`${what.padEnd(44)}${measured.toFixed(2).padStart(10)}  ${wanted.padEnd(8)} ${isMet ? '' : 'MISSED'}`)
  const report = {
    at: new Date().toISOString(), node: process.version, processors: availableParallelism(), processor: cpus()[0]?.model, rounds, slice_ms, targets,
    samples: Object.fromEntries([...samples.keys()].map((name) => [name, { rate: of(name, 'rate'), server_us: of(name, 'server_us'), client_us: of(name, 'client_us'), syncs: of(name, 'syncs') }])),
    rates: Object.fromEntries([...rates].map(([name, all]) => [name, median(all)])),
  }
  mkdirSync(join(values.out, '..'), { recursive: true })
  writeFileSync(values.out, `${JSON.stringify(report, undefined, 2)}\n`)
  process.exitCode = targets.every(({ isMet }) => isMet) ? 0 : 1
} finally {
  for (const measured of started) await measured.stop()
  rmSync(root, { recursive: true, force: true })
}
