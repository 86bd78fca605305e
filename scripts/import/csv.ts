import { pipeline } from 'node:stream'
import { parse, type CsvError, type Options } from 'csv-parse'
import { parse as parseNow } from 'csv-parse/sync'
import { Usage } from '../../infra/console/command.ts'
import { allColumnsOf } from './columns.ts'
import type { Source } from './mapping.ts'
import type { RawRow } from './row.ts'

const separators = [',', ';', '\t', '|']
/** A longer row is taken for a quote that nobody closed. */
const row_length_max = 4 * 1024 * 1024
const header_length_max = 256 * 1024

const common = { record_delimiter: ['\r\n', '\n', '\r'], skip_empty_lines: true, relax_column_count: true, max_record_size: row_length_max } satisfies Options

/** What the header shows of how the file is written. */
interface Style {
  readonly separator: string
  readonly header: readonly string[]
  /** There are blanks beside separators, which are no part of the values. */
  readonly isAired: boolean
}

/**
 * The rows of a CSV (RFC 4180, with any line ends). Its header must have the columns that the mapping names; by them the separator is
 * found, unless the mapping says it, or a first line such as `sep=;`.
 */
export async function* csv(name: string, chunks: AsyncIterable<string>, source: Source): AsyncGenerator<RawRow> {
  const text = chunks[Symbol.asyncIterator]()
  try {
    let begin = await firstLine(name, text, '')
    const said = /^sep=(.)$/i.exec(begin.line)?.[1]
    if (said !== undefined) begin = await firstLine(name, text, begin.rest)
    yield* rowsBelow(name, styleOf(name, begin.line, source, said), begin.rest, text, source)
  } finally {
    await text.return?.()
  }
}

async function* rowsBelow(name: string, { separator, header, isAired }: Style, rest: string, text: AsyncIterator<string>, source: Source): AsyncGenerator<RawRow> {
  const wanted = [...allColumnsOf(source)].map((column) => [column, header.indexOf(column)] as const)
  /** Of each row that could not be taken apart: how many could before it. */
  const broken: { readonly good: number; readonly error: CsvError }[] = []
  const parser = parse({ ...common, delimiter: separator, trim: isAired, info: true, skip_records_with_error: true })
  parser.on('skip', (error: CsvError) => broken.push({ good: error.records as number, error }))
  const below = async function* () {
    yield rest
    for (let next = await text.next(); !next.done; next = await text.next()) yield next.value
  }
  let told = 0
  function* brokenBefore(good: number): Generator<RawRow> {
    for (; broken[told] !== undefined && broken[told]!.good < good; told++) {
      const { code, message } = broken[told]!.error
      const number = broken[told]!.good + told + 1
      // Where another row begins can only be told behind a quote that is none.
      if (code !== 'INVALID_OPENING_QUOTE') throw new Usage(`${name} row ${number}: ${whys[code] ?? message}.`)
      yield { number, wrong: { code: 'QUOTE_MISPLACED', reason: 'a quote stands within a value that is not quoted' } }
    }
  }
  // What went wrong is thrown by the parser.
  pipeline(below, parser, () => undefined)
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { records: number } }>) {
    yield* brokenBefore(info.records)
    const number = info.records + told
    // Separators at the end of a line say nothing: some tools write them.
    const isWhole = record.length >= header.length && record.slice(header.length).every((value) => value === '')
    if (isWhole) yield { number, values: Object.fromEntries(wanted.map(([column, index]) => [column, record[index]!])) }
    else yield { number, wrong: { code: 'FIELDS_UNEQUAL', reason: `the row has ${record.length} fields, the header ${header.length}` } }
  }
  yield* brokenBefore(Infinity)
}

const whys: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'something stands between a closing quote and the next separator',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${row_length_max} characters; perhaps a quote is never closed`,
}

/** The first line that is not empty, and what was read behind it; line ends within quotes belong to it. */
async function firstLine(name: string, text: AsyncIterator<string>, begun: string): Promise<{ line: string; rest: string }> {
  for (let held = begun; ;) {
    const begin = held.search(/[^\r\n]/)
    const end = begin < 0 ? -1 : endOfLine(held, begin)
    if (end >= 0) return { line: held.slice(begin, end), rest: held.slice(end) }
    if (held.length > header_length_max) throw new Usage(`${name}: the header is longer than ${header_length_max} characters.`)
    const next = await text.next()
    if (!next.done) held += next.value
    else if (begin < 0) throw new Usage(`${name} is empty: a CSV begins with a header.`)
    else return { line: held.slice(begin), rest: '' }
  }
}

function endOfLine(text: string, begin: number): number {
  let isQuoted = false
  for (let n = begin; n < text.length; n++) {
    const character = text[n]
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && (character === '\n' || character === '\r')) return n
  }
  return -1
}

function styleOf(name: string, line: string, source: Source, said = source.separator): Style {
  const styles = (said === undefined ? separators : [said]).flatMap((separator) => styleWith(line, separator) ?? [])
  const wanted = [...allColumnsOf(source)]
  const missing = ({ header }: Style) => wanted.filter((column) => !header.includes(column))
  const [best] = styles.sort((a, b) => missing(a).length - missing(b).length || b.header.length - a.header.length)
  if (!best) throw new Usage(`${name}: the header cannot be read: ${shown(line)}`)
  if (missing(best).length > 0) {
    throw new Usage(`${name} has no column ${missing(best).map((column) => `"${column}"`).join(', ')}, which the mapping names. It has ${shown(best.header.map((column) => `"${column}"`).join(', '))}.`)
  }
  const twice = wanted.find((column) => best.header.indexOf(column) !== best.header.lastIndexOf(column))
  if (twice !== undefined) throw new Usage(`${name} has more than one column "${twice}", which the mapping names: rename all but the one that is meant.`)
  return best
}

function styleWith(line: string, separator: string): Style | undefined {
  const header = fieldsOf(line, separator, true)
  const written = fieldsOf(line, separator, false)
  // A blank before a quote makes the line unreadable as it was written.
  return header && { separator, header, isAired: separator !== '\t' && header.join(separator) !== written?.join(separator) }
}

function fieldsOf(line: string, separator: string, trim: boolean): string[] | undefined {
  try {
    return (parseNow(line, { ...common, delimiter: separator, trim }) as string[][])[0]
  } catch {
    return undefined
  }
}

const shown = (text: string): string => (text.length > 300 ? `${text.slice(0, 300).toWellFormed()}…` : text)
