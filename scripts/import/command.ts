import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Api } from '../api.ts'
import { fileFor, parsed, print, printJson, Usage, type Command } from '../../infra/console/command.ts'
import { progress } from '../../infra/console/progress.ts'
import { places } from '../places.ts'
import { withoutContradictions } from './contradictions.ts'
import { mappingFrom, type Mapping } from './mapping.ts'
import { inOrder } from './plan.ts'
import { Player, type Played, type Refusal } from './player.ts'
import type { Row, Unread } from './row.ts'
import { rowsOf, sizeOf } from './rows.ts'

const mappings = join(import.meta.dirname, 'mappings')

export const importCommand: Command = {
  about: 'Play a case log (CSV or XES, also gzipped) through the command API, in its order and with its times.',
  usage: 'import run --mapping NAME|FILE --data DIR [--report FILE] [--limit ROWS] [--json]',

  async run(args) {
    const { mapping: name, data, report, limit, json, root } = wishes(args)
    if (!name || !data) throw new Usage('Say --mapping (itsm-incidents, agent-fleet, or a file) and --data (the folder with the log).')
    const mapping = mappingFrom(/^[a-z-]+$/.test(name) ? join(mappings, `${name}.json`) : name)
    const { command, key } = places(root, 'command', 'key')
    const told = new Report(report)
    try {
      const rows = (await rowsFrom(mapping, data, told, json)).slice(0, limit)
      const bar = progress('rows', rows.length, json)
      const started_ms = performance.now()
      const player = new Player(new Api(command, key), mapping, (refusal) => told.refusal(refusal))
      const played = await player.play(rows, (done) => bar.to(done)).finally(() => bar.end())
      const elapsed_ms = Math.round(performance.now() - started_ms)
      if (played.stopped) told.end(stopOf(played.stopped))
      if (json) printJson({ ...played, stopped: played.stopped && stopOf(played.stopped), unread: told.unread, refused: told.refused, elapsed_ms })
      else for (const line of shown(played, elapsed_ms, told)) print(line)
      if (played.stopped) throw new Error(stopOf(played.stopped))
      return 0
    } catch (error) {
      told.end((error as Error).message)
      throw error
    } finally {
      told.close()
    }
  },
}

/** The rows that are to be played, in their order. */
async function rowsFrom(mapping: Mapping, folder: string, told: Report, json: boolean): Promise<Row[]> {
  const bar = progress('bytes read', sizeOf(mapping, folder), json)
  const rows = await rowsOf(mapping, folder, { onUnread: (row) => told.row(row), onRead: (bytes) => bar.to(bytes) }).finally(() => bar.end())
  return inOrder(withoutContradictions(mapping, rows, (refusal) => told.refusal(refusal)))
}

const stopOf = ({ row: { source: { file }, number }, error }: NonNullable<Played['stopped']>): string =>
  `${(error as Error).message.replace(/\.$/, '')}. The import has stopped at ${file} row ${number}: run it again and it goes on, nothing is done twice.`

/** What could not be done, counted, and line by line in a file if one was asked for: each line is there as soon as it is known. */
class Report {
  unread = 0
  first: Unread | undefined
  readonly path: string | undefined
  readonly #counts = new Map<string, number>()
  readonly #out: number | undefined
  #ended = false

  constructor(path: string | undefined) {
    this.path = path
    this.#out = path === undefined ? undefined : fileFor('--report', path)
  }

  row(unread: Unread) {
    this.unread++
    this.first ??= unread
    this.#write(unread)
  }

  refusal(refusal: Refusal) {
    const what = `${refusal.wish} ${refusal.code}`
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
    this.#write(refusal)
  }

  /** Why it goes no further. */
  end(stopped: string) {
    if (!this.#ended) this.#write({ stopped })
    this.#ended = true
  }

  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a))
  }

  close() {
    if (this.#out !== undefined) closeSync(this.#out)
  }

  #write(line: object) {
    if (this.#out === undefined || this.#ended) return
    try {
      writeSync(this.#out, `${JSON.stringify(line)}\n`)
    } catch (error) {
      this.#ended = true
      throw new Usage(`--report ${this.path} cannot be written: ${(error as Error).message}.`)
    }
  }
}

function* shown({ rows, commands, byWish }: Played, elapsed_ms: number, { unread, first, refused, path }: Report): Generator<string> {
  yield `${rows} rows became ${commands} commands in ${(elapsed_ms / 1_000).toFixed(1)} s (${Math.round((commands / Math.max(1, elapsed_ms)) * 1_000)} a second):`
  for (const [wish, count] of Object.entries(byWish)) yield `  ${String(count).padStart(8)} ${wish}`
  if (first) yield `${unread} rows could not be read, the first: ${first.file} row ${first.row}: ${first.reason}`
  if (Object.keys(refused).length > 0) yield `What the log contradicts${path ? ` (row by row in ${path})` : ' (--report FILE lists it row by row)'}:`
  for (const [what, count] of Object.entries(refused)) yield `  ${String(count).padStart(8)} ${what}`
}

function wishes(args: readonly string[]) {
  const { values } = parsed({
    args: [...args],
    options: { mapping: { type: 'string' }, data: { type: 'string' }, report: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean', default: false }, root: { type: 'string' } },
  })
  if (values.limit !== undefined && !/^\d{1,9}$/.test(values.limit)) throw new Usage(`--limit is a number of rows, not "${values.limit}".`)
  return { ...values, limit: values.limit === undefined ? undefined : Number(values.limit) }
}
