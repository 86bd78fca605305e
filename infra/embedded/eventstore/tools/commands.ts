import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ParseArgsOptionsConfig } from 'node:util'
import { EventStoreDBClient } from '@eventstore/db-client'
import { parsed, print, printJson, Usage, type Command } from '../../../console/command.ts'
import { progress, type Progress } from '../../../console/progress.ts'
import { defaultRoot } from '../../root.ts'
import { check, type Checked, type OnProgress } from './check-log.ts'
import { exportFolder, exportServer, lastPosition } from './export-log.ts'
import { Conflict, importLog } from './import-log.ts'
import { eventFrom, lineOf, linesIn, type ExportedEvent } from './ndjson.ts'
import { lossOf, truncate, type Loss } from './repair.ts'
import { withStopped } from './stopped.ts'
import { folderTarget, serverTarget } from './targets.ts'

const common = { dir: { type: 'string' }, root: { type: 'string' }, json: { type: 'boolean', default: false } } as const

const read = <const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) =>
  parsed({ args: [...args], options: { ...options, ...common } }).values

/** The folder that was named, or that of `npm start`. */
const folderOf = ({ dir, root }: { dir?: string | undefined; root?: string | undefined }): string => resolve(dir ?? join(root ?? defaultRoot, 'eventstore'))

const number = (value: number) => value.toLocaleString('en').replaceAll(',', ' ')

const patience_ms = 1_000

/** Tells how far long work has come: nothing about work that is soon done. */
async function shown<T>(what: string, isSilent: boolean, run: (onProgress: OnProgress) => T | Promise<T>): Promise<T> {
  const begun_ms = performance.now()
  let bar: Progress | undefined
  try {
    return await run((done, total) => {
      if (!bar && performance.now() - begun_ms > patience_ms) bar = progress(what, total, isSilent)
      bar?.to(done, total)
    })
  } finally {
    bar?.end()
  }
}

const damageLines = (dir: string, { damage }: Pick<Checked, 'damage'>): readonly string[] => {
  if (!damage) return []
  const place = `${damage.file}, offset ${damage.offset} (position ${damage.position} in the log): ${damage.what}.`
  if (damage.kind === 'torn') return [`torn     ${place}`, '         A crash interrupted an append that nobody was told of. Nothing is lost; the next start cuts it off.']
  return [
    `DAMAGED  ${place}`,
    '         The server refuses to start on it. If there is a backup that reaches further, put it in place. Else see what a repair would drop:',
    `         npm run -s baton -- store repair --truncate --dir ${dir}`,
  ]
}

/** What `check` finds in the folder that is meant. */
async function checked(values: { dir?: string | undefined; root?: string | undefined; json: boolean }) {
  const dir = folderOf(values)
  return { dir, found: await shown('bytes', values.json, (onProgress) => withStopped(dir, (log) => check(log, onProgress))) }
}

const stats: Command = {
  about: 'Count what the log of a stopped event store holds.',
  usage: 'store stats [--dir DIR] [--json]',
  async run(args) {
    const values = read(args, {})
    const { dir, found } = await checked(values)
    if (values.json) printJson({ dir, ...found })
    else {
      const { storeId, events, streams, segments, file_bytes, end, firstAt, lastAt } = found
      const rows = {
        folder: dir, 'store id': storeId ?? '-', events: number(events), streams: number(streams), segments: number(segments), 'log, bytes': number(end),
        'files, bytes': number(file_bytes), 'first event': firstAt ?? '-', 'last event': lastAt ?? '-',
      }
      for (const [what, value] of Object.entries(rows)) print(`${what.padEnd(14)}${value}`)
      for (const line of damageLines(dir, found)) print(line)
    }
    return found.damage?.kind === 'damaged' ? 1 : 0
  },
}

const checkCommand: Command = {
  about: 'Read every frame of a stopped event store, and say whether the log is good. Changes nothing.',
  usage: 'store check [--dir DIR] [--json]',
  async run(args) {
    const values = read(args, {})
    const { dir, found } = await checked(values)
    const { events, streams, segments, damage } = found
    if (values.json) printJson({ dir, state: damage?.kind ?? 'ok', events, streams, segments, damage: damage ?? null })
    else {
      print(`${damage ? 'good up to there' : 'ok'}: ${number(events)} events in ${number(streams)} streams, ${segments} segments`)
      for (const line of damageLines(dir, found)) print(line)
    }
    return damage?.kind === 'damaged' ? 1 : 0
  },
}

const streams_shown = 20

function* lossLines({ damage, events, events_uncertain, streams, firstAt, lastAt, bytes, files }: Loss): Generator<string> {
  yield `${damage.file} is damaged at offset ${damage.offset}: ${damage.what}.`
  yield `From there to the end of the log stand ${number(bytes)} bytes${files.length > 0 ? `, ${files.length} whole files among them` : ''}:`
  yield `  ${number(events)} events in good frames${events_uncertain > 0 ? `, and, in the bad one, ${number(events_uncertain)} of which this is not certain` : ''}`
  if (firstAt !== undefined) yield `  from ${firstAt} to ${lastAt}`
  for (const { stream, events, firstRevision, lastRevision } of streams.slice(0, streams_shown)) {
    yield `  ${stream}: ${events} (revision ${firstRevision}${firstRevision === lastRevision ? '' : ` to ${lastRevision}`})`
  }
  if (streams.length > streams_shown) yield `  and ${number(streams.length - streams_shown)} more streams (--json lists all)`
}

const repair: Command = {
  about: 'Name what stands behind the damage in a log; with --yes end the log there, and keep what was dropped beside it.',
  usage: 'store repair --truncate [--yes] [--dir DIR] [--json]',
  async run(args) {
    const values = read(args, { truncate: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false } })
    if (!values.truncate) throw new Usage('The only repair is to cut the log where it is damaged: say --truncate.')
    const dir = folderOf(values)
    const found = await shown('bytes', values.json, async (onProgress) => (values.yes ? truncate(dir, onProgress) : { loss: await lossOf(dir, onProgress), kept: [] }))
    if (!found?.loss) {
      if (values.json) printJson({ dir, loss: null, kept: [] })
      else print('There is no damage: nothing was changed.')
      return 0
    }
    const { loss, kept } = found
    if (values.json) printJson({ dir, loss, kept })
    else {
      for (const line of lossLines(loss)) print(line)
      if (!values.yes) print('Nothing was changed. With --yes all of this is dropped.')
      else {
        print('Dropped. The bytes are kept in:')
        for (const file of kept) print(`  ${file}`)
        print('Read models and groups that had gone further than the log does now must be built again.')
      }
    }
    return values.yes ? 0 : 1
  },
}

const clientOf = (url: string): EventStoreDBClient => {
  try {
    return EventStoreDBClient.connectionString(url)
  } catch (error) {
    throw new Usage(`--url is a connection string such as esdb://127.0.0.1:2113?tls=false: ${(error as Error).message}`)
  }
}

/** Writes lines to a file that nobody else may read, or to stdout. Returns how many. */
async function written(events: Iterable<ExportedEvent> | AsyncIterable<ExportedEvent>, file: string | undefined, onEvent: (event: ExportedEvent, count: number) => void): Promise<number> {
  let count = 0
  async function* lines(): AsyncGenerator<string> {
    for await (const event of events) {
      yield lineOf(event)
      onEvent(event, ++count)
    }
  }
  if (file === undefined) await pipeline(Readable.from(lines()), process.stdout, { end: false })
  else await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600, flags: 'wx' }))
  return count
}

const exportCommand: Command = {
  about: 'Write the whole log, one event a line, from the folder of a stopped event store (byte for byte) or from a server.',
  usage: 'store export [--dir DIR | --url URL] [--out FILE]',
  async run(args) {
    const values = read(args, { url: { type: 'string' }, out: { type: 'string' } })
    if (values.url !== undefined && values.dir !== undefined) throw new Usage('Say --dir or --url, not both.')
    if (values.out !== undefined && existsSync(values.out)) throw new Usage(`${values.out} is there already.`)
    const { count, lines } = await (values.url === undefined ? fromFolder(folderOf(values), values.out) : fromServer(values.url, values.out))
    process.stderr.write(`${number(count)} events${values.out === undefined ? '' : ` in ${values.out}`}\n`)
    for (const line of lines) process.stderr.write(`${line}\n`)
    return lines.length > 0 ? 1 : 0
  },
}

interface Exported {
  readonly count: number
  /** What is wrong with the log behind the last event, if it was damaged. */
  readonly lines: readonly string[]
}

const fromFolder = (dir: string, out: string | undefined): Promise<Exported> => withStopped(dir, async (log) => {
  const found = await shown('bytes', out === undefined, (onProgress) => check(log, onProgress))
  const count = await shown('events', out === undefined, (onProgress) => written(exportFolder(log, found.end), out, (_, count) => onProgress(count, found.events)))
  return { count, lines: found.damage?.kind === 'damaged' ? [`Only what stands before the damage was exported, ${number(count)} events.`, ...damageLines(dir, found)] : [] }
})

async function fromServer(url: string, out: string | undefined): Promise<Exported> {
  const client = clientOf(url)
  try {
    const last = Number(await lastPosition(client))
    const count = await shown('log position', out === undefined, (onProgress) => written(exportServer(client), out, ({ position }) => onProgress(Number(position), last)))
    return { count, lines: [] }
  } finally {
    await client.dispose()
  }
}

const importCommand: Command = {
  about: 'Play an export into a server, or into a folder, in its order. Run again it adds nothing, and goes on where it was interrupted.',
  usage: 'store import (--url URL | --dir DIR) [--in FILE] [--json]',
  async run(args) {
    const values = read(args, { url: { type: 'string' }, in: { type: 'string' } })
    if ((values.url === undefined) === (values.dir === undefined)) throw new Usage('Say --url for a server, or --dir for a folder.')
    if (values.in !== undefined && !existsSync(values.in)) throw new Usage(`There is no file ${values.in}.`)
    const target = await (values.url === undefined ? folderTarget(resolve(values.dir!)) : serverTarget(clientOf(values.url)))
    const input = values.in === undefined ? process.stdin : createReadStream(values.in, { highWaterMark: 256 * 1024 })
    const total = values.in === undefined ? 0 : statSync(values.in).size
    try {
      const { events, written, present, own } = await shown('bytes', values.json || values.in === undefined, (onProgress) => importLog(eventsIn(counted(input, (bytes) => onProgress(bytes, total))), target))
      if (values.json) printJson({ events, written, present, own })
      else print(`${number(events)} events: ${number(written)} written, ${number(present)} there already, ${number(own)} of the old server's own left out`)
      return 0
    } catch (error) {
      throw error instanceof Conflict ? error : new Error(`${(error as Error).message}. What was written before stays; the same command goes on from there.`)
    } finally {
      await target.close()
    }
  },
}

async function* counted(chunks: AsyncIterable<unknown>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    yield chunk
    onBytes(bytes += chunk.length)
  }
}

async function* eventsIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<ExportedEvent> {
  let number = 0
  for await (const line of linesIn(chunks)) {
    number++
    if (line === '') continue
    try {
      yield eventFrom(line)
    } catch (error) {
      throw new Error(`line ${number} ${(error as Error).message}`)
    }
  }
}

export const storeCommands: Readonly<Record<string, Command>> = { stats, check: checkCommand, repair, export: exportCommand, import: importCommand }
