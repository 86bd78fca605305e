import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { SaxesParser } from 'saxes'
import { Usage } from '../../infra/console/command.ts'
import type { Mapping, Source } from './mapping.ts'

/** One row of a log, wherever it comes from. */
export interface Row {
  readonly source: Source
  /** Number of the row in its file, from 1. */
  readonly number: number
  readonly values: Readonly<Record<string, string>>
  readonly at: string
}

export interface Unread {
  readonly file: string
  readonly number: number
  readonly what: string
}

const rows_max = 5_000_000

/** All rows of all sources by time; rows of one instant stay in the order in which the files have them. */
export async function rowsOf({ sources }: Mapping, folder: string, onUnread: (row: Unread) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const source of sources) {
    let number = 0
    for await (const values of read(source, folder)) {
      number++
      if (!Object.entries(source.where).every(([column, wanted]) => wanted.includes(values[column] ?? ''))) continue
      const at = timeOf(values[source.time] || source.asOf, source)
      if (!at) onUnread({ file: source.file, number, what: `${source.time} is no time: "${values[source.time] ?? ''}"` })
      else if (!values[source.case]) onUnread({ file: source.file, number, what: `${source.case} is empty` })
      else rows.push({ source, number, values, at })
      if (rows.length > rows_max) throw new Usage(`More than ${rows_max} rows: split the log.`)
    }
  }
  return rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

/** With or without an offset, with any precision that ISO 8601 knows. */
export function timeOf(text: string | undefined, { zone, zulu }: Pick<Source, 'zone' | 'zulu'>): string | undefined {
  if (!text) return undefined
  const trimmed = text.trim().replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1').replace(/Z$/, zulu)
  const date = new Date(/(?:Z|[+-]\d{2}:?\d{2})$/.test(trimmed) ? trimmed : `${trimmed}${zone}`)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

async function* read({ file }: Source, folder: string): AsyncGenerator<Record<string, string>> {
  const raw = createReadStream(join(folder, file))
  const failed = new Promise<never>((_, reject) => raw.once('error', (error) => reject(new Usage(`${file} cannot be read: ${error.message}.`))))
  failed.catch(() => undefined)
  const opened = new Promise<void>((resolve) => raw.once('open', () => resolve()))
  await Promise.race([opened, failed])
  const isPacked = file.endsWith('.gz')
  const text: Readable = isPacked ? raw.pipe(createGunzip()) : raw
  if (/\.xes(?:\.gz)?$/.test(file)) yield* xes(text)
  else yield* text.pipe(parse({ columns: true, skip_empty_lines: true, relax_column_count: true, bom: true })) as AsyncIterable<Record<string, string>>
}

/** Events of an XES log (IEEE 1849): attributes by key; those of the trace are prefixed with `case:`. */
async function* xes(text: Readable): AsyncGenerator<Record<string, string>> {
  const events: Record<string, string>[] = []
  let [trace, event] = [{} as Record<string, string>, undefined as Record<string, string> | undefined]
  let [isInTrace, depth] = [false, 0]
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'trace') [isInTrace, trace] = [true, {}]
    else if (name === 'event') event = { ...trace }
    else if (typeof attributes.key === 'string' && typeof attributes.value === 'string') {
      // Attributes of attributes say nothing that a mapping could name.
      if (depth++ > 0) return
      if (event) event[attributes.key] = attributes.value
      else if (isInTrace) trace[`case:${attributes.key}`] = attributes.value
    }
  })
  parser.on('closetag', ({ name, attributes }) => {
    if (name === 'event' && event) {
      events.push(event)
      event = undefined
    } else if (name === 'trace') isInTrace = false
    else if (typeof attributes.key === 'string' && typeof attributes.value === 'string') depth--
  })
  text.setEncoding('utf8')
  for await (const chunk of text) {
    parser.write(chunk as string)
    yield* events.splice(0)
  }
  parser.close()
  yield* events
}
