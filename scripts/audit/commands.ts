import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { ParseArgsOptionsConfig } from 'node:util'
import { EventStoreDBClient, StreamNotFoundError } from '@eventstore/db-client'
import { deciders, readModels } from 'shared-domain/catalogue.ts'
import { cloudEvent } from 'shared-domain/kernel/cloud-event.ts'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import type { Entry } from 'shared-domain/kernel/stored.ts'
import { withPlainId } from 'shared-domain/vocabulary.ts'
import { fileFor, parsed, print, printJson, Usage, type Command } from '../../infra/console/command.ts'
import { progress } from '../../infra/console/progress.ts'
import { places } from '../places.ts'
import { NoInstant, timeReader } from '../time.ts'
import { Fold } from './fold.ts'
import { definitions, endOf, facts, factsOf, type Unreadable, type Until } from './log.ts'
import { shownVerification } from './show.ts'
import { verify } from './verify.ts'

const common = { json: { type: 'boolean', default: false }, root: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } as const

const read = <const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) =>
  parsed({ args: [...args], options: { ...options, ...common }, allowPositionals: true })

const readInstant = timeReader({ format: 'iso' })

const until = { position: { type: 'string' }, at: { type: 'string' } } as const

function untilOf({ position, at }: { position?: string | undefined; at?: string | undefined }): Until {
  if (position !== undefined && !/^\d{1,19}$/.test(position)) throw new Usage(`--position is a log position, not "${position}".`)
  return { position: position === undefined ? undefined : BigInt(position), at: at === undefined ? undefined : instantOf('--at', at) }
}

function instantOf(option: string, text: string): string {
  try {
    return readInstant(text)
  } catch (error) {
    if (error instanceof NoInstant) throw new Usage(`${option} is an instant such as 2026-01-31T12:00:00Z: ${error.message}.`)
    throw error
  }
}

async function connected<T>(root: string | undefined, run: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
  const client = EventStoreDBClient.connectionString`${places(root, 'eventstore').eventstore}`
  try {
    return await run(client)
  } finally {
    await client.dispose()
  }
}

async function* streamEntries(client: EventStoreDBClient, stream: string, limit: Until, onUnreadable?: (error: Unreadable) => void): AsyncGenerator<Entry> {
  try {
    yield* factsOf(client, withPlainId(stream), limit, onUnreadable)
  } catch (error) {
    if (error instanceof StreamNotFoundError) throw new Usage(`There is no stream ${stream}.`)
    throw error
  }
}

function deciderOf(stream: string) {
  const { category } = partsOf(stream)
  const decider = deciders.find((decider) => decider.category === category)
  if (!decider) throw new Usage(`${stream} is no stream of Baton: streams are ${deciders.map(({ category }) => `${category}-<id>`).join(', ')}.`)
  return decider
}

const shownEntry = ({ fact: { revision, at, type, by, data } }: Entry) => `${String(revision).padStart(6)}  ${at}  ${type.padEnd(24)} by ${by.kind} ${by.id}  ${JSON.stringify(data)}`

const replay: Command = {
  about: 'Read facts again: those of one stream, or the whole log.',
  usage: 'audit replay [STREAM] [--position P | --at INSTANT] [--json]',
  async run(args) {
    const { values, positionals: [stream] } = read(args, until)
    const limit = untilOf(values)
    return connected(values.root, async (client) => (stream === undefined ? replayAll(client, limit, values.json) : replayStream(client, stream, limit, values.json)))
  },
}

async function replayStream(client: EventStoreDBClient, stream: string, limit: Until, json: boolean): Promise<number> {
  const decider = deciderOf(stream)
  let state = decider.initial
  for await (const entry of streamEntries(client, stream, limit)) {
    state = decider.evolve(state, entry.fact, entry.fact)
    if (json) print(JSON.stringify(entry))
    else print(shownEntry(entry))
  }
  if (!json) {
    print('and so it is:')
    printJson(state)
  }
  return 0
}

async function replayAll(client: EventStoreDBClient, limit: Until, json: boolean): Promise<number> {
  const end = limit.position ?? await endOf(client)
  const bar = progress('log position', Number(end), json)
  const states = new Map<string, unknown>()
  const folds = readModels.map((model) => new Fold(model))
  const unreadable: string[] = []
  const started_ms = performance.now()
  let count = 0
  for await (const entry of facts(client, { ...limit, position: end }, (error: Unreadable) => unreadable.push(error.message))) {
    const { category, id } = entry.fact
    const stream = `${category}-${id}`
    const decider = deciders.find((decider) => decider.category === category)!
    states.set(stream, decider.evolve(states.get(stream) ?? decider.initial, entry.fact, entry.fact))
    for (const fold of folds) fold.take(entry.fact)
    if (++count % 500 === 0) bar.to(Number(entry.fact.position))
  }
  bar.to(Number(end))
  bar.end()
  const elapsed_ms = performance.now() - started_ms
  const rows = Object.fromEntries(folds.map(({ model, rows }) => [model.name, rows.size]))
  if (json) printJson({ facts: count, streams: states.size, rows, unreadable, elapsed_ms: Math.round(elapsed_ms) })
  else {
    print(`${count} facts in ${states.size} streams, ${Math.round((count / elapsed_ms) * 1_000)} facts/s`)
    for (const [model, size] of Object.entries(rows)) print(`  ${model.padEnd(20)} ${String(size).padStart(8)} rows`)
    for (const message of unreadable) print(`unreadable: ${message}`)
  }
  return unreadable.length > 0 ? 1 : 0
}

const state: Command = {
  about: 'Show what a stream had become as of an instant or a position.',
  usage: 'audit state STREAM [--position P | --at INSTANT] [--json]',
  async run(args) {
    const { values, positionals: [stream] } = read(args, until)
    if (stream === undefined) throw new Usage('Say which stream, such as task-<id>.')
    const decider = deciderOf(stream)
    return connected(values.root, async (client) => {
      let [known, last] = [decider.initial, undefined as Entry | undefined]
      for await (const entry of streamEntries(client, stream, untilOf(values))) {
        known = decider.evolve(known, entry.fact, entry.fact)
        last = entry
      }
      if (values.json) printJson({ stream, revision: last?.fact.revision ?? null, position: last?.fact.position ?? null, at: last?.fact.at ?? null, state: known })
      else {
        print(last ? `${stream} after revision ${last.fact.revision} (${last.fact.type} at ${last.fact.at}):` : `${stream} did not exist yet:`)
        printJson(known)
      }
      return 0
    })
  },
}

const verifyCommand: Command = {
  about: 'Compare every read model with a replay of the log.',
  usage: 'audit verify [--model NAME ...] [--json]',
  async run(args) {
    const { values } = read(args, { model: { type: 'string', multiple: true, default: [] as string[] } })
    const unknown = values.model.find((name) => !readModels.some((model) => model.name === name))
    if (unknown !== undefined) throw new Usage(`There is no read model ${unknown}: there are ${readModels.map(({ name }) => name).join(', ')}.`)
    const { database } = places(values.root, 'database')
    const bar = progress('log position', 1, values.json)
    const verification = await connected(values.root, (client) =>
      verify(client, database, values.model, (position, end) => bar.to(Number(position), Number(end))).finally(() => bar.end()))
    if (values.json) printJson(verification)
    else for (const line of shownVerification(verification)) print(line)
    return verification.models.some(({ difference, parked }) => difference || parked.length > 0) ? 1 : 0
  },
}

const exportCommand: Command = {
  about: 'Write facts as CloudEvents, one JSON document a line; a fact that cannot be read is named and left out.',
  usage: 'audit export [STREAM] [--position P | --at INSTANT] [--out FILE] [--json]',
  async run(args) {
    const { values: { out, json, ...values }, positionals: [stream] } = read(args, { ...until, out: { type: 'string' } })
    const limit = untilOf(values)
    const target = out === undefined ? process.stdout : createWriteStream('', { fd: fileFor('--out', out) })
    const unreadable: string[] = []
    const note = ({ message }: Unreadable) => void unreadable.push(message)
    let count = 0
    await connected(values.root, async (client) => {
      const entries = stream === undefined ? facts(client, limit, note) : streamEntries(client, stream, limit, note)
      await pipeline(async function* () {
        for await (const { fact, provenance } of entries) {
          count++
          yield `${JSON.stringify(cloudEvent(definitions[fact.type]!, fact, provenance))}\n`
        }
      }, target, { end: out !== undefined })
    })
    // Standard output is for the facts.
    if (json) process.stderr.write(`${JSON.stringify({ facts: count, unreadable })}\n`)
    else {
      for (const message of unreadable) process.stderr.write(`unreadable: ${message}\n`)
      if (out !== undefined) process.stderr.write(`${count} facts in ${out}\n`)
    }
    return unreadable.length > 0 ? 1 : 0
  },
}

export const auditCommands: Readonly<Record<string, Command>> = { replay, state, verify: verifyCommand, export: exportCommand }
