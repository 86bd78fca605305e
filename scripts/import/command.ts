import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileFor, print, printJson, Usage, type Command } from '../../infra/console/command.ts'
import { progress } from '../../infra/console/progress.ts'
import { Api } from '../api.ts'
import { places } from '../places.ts'
import { mappingFrom } from './mapping.ts'
import { inOrder } from './plan.ts'
import { Player, type Refusal } from './player.ts'
import { rowsOf, type Unread } from './rows.ts'

const mappings = join(import.meta.dirname, 'mappings')

export const importCommand: Command = {
  about: 'Play a case log (CSV or XES, also gzipped) through the command API, in its order and with its times.',
  usage: 'import run --mapping NAME|FILE --data DIR [--report FILE] [--limit ROWS] [--json]',

  async run(args) {
    const { mapping: name, data, report, limit, json, root } = wishes(args)
    if (!name || !data) throw new Usage('Say --mapping (itsm-incidents, agent-fleet, or a file) and --data (the folder with the log).')
    const mapping = mappingFrom(/^[a-z-]+$/.test(name) ? join(mappings, `${name}.json`) : name)
    const { command, key } = places(root, 'command', 'key')
    const unread: Unread[] = []
    const refusals = new Map<string, number>()
    const out = report === undefined ? undefined : fileFor('--report', report)
    const note = (line: Refusal | Unread) => { if (out !== undefined) writeSync(out, `${JSON.stringify(line)}\n`) }

    const rows = inOrder(await rowsOf(mapping, data, (row) => { unread.push(row); note(row) })).slice(0, limit)
    const bar = progress('rows', rows.length, json)
    const started_ms = performance.now()
    const player = new Player(new Api(command, key), mapping, (refusal) => {
      refusals.set(`${refusal.wish} ${refusal.code}`, (refusals.get(`${refusal.wish} ${refusal.code}`) ?? 0) + 1)
      note(refusal)
    })
    const played = await player.play(rows, (done) => bar.to(done)).finally(() => bar.end()).catch((error: Error) => {
      throw new Error(`${error.message.replace(/\.$/, '')}. The import has stopped: run it again and it goes on, nothing is done twice.`, { cause: error })
    })
    const elapsed_ms = Math.round(performance.now() - started_ms)

    const refused = Object.fromEntries([...refusals].sort(([, a], [, b]) => b - a))
    if (json) printJson({ ...played, unread: unread.length, refused, elapsed_ms })
    else {
      print(`${played.rows} rows became ${played.commands} commands in ${(elapsed_ms / 1_000).toFixed(1)} s (${Math.round((played.commands / elapsed_ms) * 1_000)} a second):`)
      for (const [wish, count] of Object.entries(played.byWish)) print(`  ${String(count).padStart(8)} ${wish}`)
      if (unread.length > 0) print(`${unread.length} rows could not be read, the first: ${unread[0]!.file} row ${unread[0]!.number}: ${unread[0]!.what}`)
      if (refusals.size > 0) print(`What the log contradicts${report ? ` (row by row in ${report})` : ' (--report FILE lists it row by row)'}:`)
      for (const [what, count] of Object.entries(refused)) print(`  ${String(count).padStart(8)} ${what}`)
    }
    return 0
  },
}

function wishes(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { mapping: { type: 'string' }, data: { type: 'string' }, report: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean', default: false }, root: { type: 'string' } },
    })
    if (values.limit !== undefined && !/^\d{1,9}$/.test(values.limit)) throw new Error(`--limit is a number of rows, not "${values.limit}".`)
    return { ...values, limit: values.limit === undefined ? undefined : Number(values.limit) }
  } catch (error) {
    throw new Usage((error as Error).message)
  }
}
