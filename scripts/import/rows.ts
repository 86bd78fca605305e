import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Usage } from '../../infra/console/command.ts'
import { NoInstant, timeReader } from '../time.ts'
import { bytesOf } from './bytes.ts'
import { allColumnsOf } from './columns.ts'
import { csv } from './csv.ts'
import { cut } from './cut.ts'
import type { Mapping, Source } from './mapping.ts'
import type { RawRow, Row, RowValues, Unread, Wrong } from './row.ts'
import { textOf } from './text.ts'
import { xes } from './xes.ts'

const rows_max = 5_000_000
/** Of all that is held of them. */
const characters_max = 512 * 1024 * 1024
const case_length_max = 1_000

export interface Listener {
  onUnread(row: Unread): void
  /** Bytes of the files that were read so far. */
  onRead?(bytes: number): void
}

/** How many bytes there are to read; a file that is not there is told of when it is read. */
export const sizeOf = ({ sources }: Mapping, folder: string): number =>
  sources.reduce((sum, { file }) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0), 0)

/** All rows of all sources by time; rows of one instant stay in the order in which the files have them. */
export async function rowsOf({ sources }: Mapping, folder: string, { onUnread, onRead = () => undefined }: Listener): Promise<Row[]> {
  const rows: Row[] = []
  let [characters, bytes] = [0, 0]
  for (const source of sources) {
    const judge = judgeOf(source)
    let bytesOfFile = 0
    for await (const raw of read(source, folder, (sofar) => onRead(bytes + (bytesOfFile = sofar)))) {
      const judged = 'wrong' in raw ? { wrong: raw.wrong } : isMeant(source, raw.values) ? judge(raw.number, raw.values) : undefined
      if (judged === undefined) continue
      if ('wrong' in judged) {
        onUnread({ file: source.file, row: raw.number, case: 'values' in raw ? cut(raw.values[source.case] ?? '', 200) : undefined, ...judged.wrong })
        continue
      }
      rows.push(judged)
      for (const value of Object.values(judged.values)) characters += value.length
      if (rows.length > rows_max) throw new Usage(`More than ${rows_max} rows: split the log.`)
      if (characters > characters_max) throw new Usage(`More than ${characters_max} characters in the columns that the mapping names: split the log.`)
    }
    bytes += bytesOfFile
  }
  return rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function read(source: Source, folder: string, onRead: (bytes: number) => void): AsyncGenerator<RawRow> {
  const { file, encoding } = source
  const isXml = /\.xes(?:\.gz)?$/.test(file)
  const text = textOf(bytesOf(join(folder, file), file), { encoding, isXml, onRead })
  return (isXml ? xes : csv)(file, text, source)
}

const isMeant = ({ where }: Source, values: RowValues): boolean =>
  Object.entries(where).every(([column, wanted]) => wanted.includes(values[column] ?? ''))

/** Makes a row of what was read, or says why it cannot be one. Whatever Baton would refuse whoever asks is refused here. */
function judgeOf(source: Source): (number: number, values: RowValues) => Row | { readonly wrong: Wrong } {
  const { asOf, owner, firstOwner, assignee, dependsOn } = source
  const instantOf = timeReader(source)
  const columns = [...allColumnsOf(source)]
  const names = new Set([...owner, ...firstOwner, ...assignee])
  const timeOf = (column: string, text: string) => {
    try {
      return instantOf(text)
    } catch (error) {
      if (error instanceof NoInstant) return { wrong: { code: 'TIME_INVALID', reason: `${column}: ${error.message}` } }
      throw error
    }
  }
  return (number, values) => {
    const wrong = (code: string, reason: string) => ({ wrong: { code, reason } })
    for (const column of columns) {
      const value = values[column] ?? ''
      if (value.includes('\0') || !value.isWellFormed()) return wrong('TEXT_INVALID', `${column} holds NUL or half of a surrogate pair, which cannot be stored`)
      if (names.has(column) && value !== '' && value.trim() === '') return wrong('NAME_BLANK', `${column} names nobody: it is blank`)
    }
    for (const column of [source.case, ...(dependsOn === undefined ? [] : [dependsOn])]) {
      const { length } = values[column]?.trim() ?? ''
      if (length === 0) return wrong('CASE_MISSING', `${column} is empty`)
      if (length > case_length_max) return wrong('CASE_TOO_LONG', `${column} is longer than ${case_length_max} characters`)
    }
    const at = values[source.time] || asOf === undefined ? timeOf(source.time, values[source.time] ?? '') : asOf
    if (typeof at !== 'string') return at
    const created = source.created && values[source.created] ? timeOf(source.created, values[source.created]!) : undefined
    if (typeof created === 'object') return created
    if (created !== undefined && created > at) return wrong('CREATED_LATER', `${source.created} says that the case was created at ${created}, after what the row tells of ${at}`)
    return { source, number, values, at, ...(created === undefined ? {} : { created }) }
  }
}
