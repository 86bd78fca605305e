import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Api } from '../../scripts/api.ts'
import { doorTo } from '../../scripts/import/door.ts'
import { Mapping, mappingFrom } from '../../scripts/import/mapping.ts'
import { inOrder } from '../../scripts/import/plan.ts'
import { Player } from '../../scripts/import/player.ts'
import { rowsOf } from '../../scripts/import/rows.ts'
import { withoutContradictions } from '../../scripts/import/contradictions.ts'
import { up } from '../../scripts/up.ts'
import { processor_ms, spent } from './accounting.ts'

/** The import of a real log, each command by its own route and many to a request, in turns: commands a second, and processor time a command. */
const usage = 'Usage: node infra/load/import.ts --data DIR [--mapping itsm-incidents] [--limit 3000] [--rounds 2]'

const { values: { data, mapping: name, limit, rounds } } = parseArgs({
  options: {
    data: { type: 'string' }, mapping: { type: 'string', default: 'itsm-incidents' }, limit: { type: 'string', default: '3000' }, rounds: { type: 'string', default: '2' },
  },
})
if (data === undefined) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}

const root = mkdtempSync(join(tmpdir(), 'baton-import-'))
chmodSync(root, 0o755)
const running = await up({ root, ports: 'free', log: () => undefined, env: { ...process.env, LOG_LEVEL: 'warn' } })
try {
  const api = new Api(running.urls.gateway, running.adminKey.key)
  const known = mappingFrom(join(import.meta.dirname, `../../scripts/import/mappings/${name}.json`))
  const ways = [['each by its own route', doorTo((...told) => api.post(...told))], ['many to a request', api]] as const
  const used = () => Object.fromEntries(Object.entries(running.processes).map(([name, child]) => [name, child ? processor_ms(child.pid) : 0]))
  for (let round = 1; round <= Number(rounds); round++) {
    for (const [way, door] of ways) {
      // Ids are made of the mapping's name, so that each turn has cases of its own.
      const mapping = Mapping.parse({ ...known, name: `${known.name}-${round}-${door === api}` })
      const rows = inOrder(withoutContradictions(mapping, await rowsOf(mapping, data, { onUnread: () => undefined }), () => undefined)).slice(0, Number(limit))
      const [before, mine, started_ms] = [used(), process.cpuUsage(), performance.now()]
      let refused = 0
      const { commands, stopped } = await new Player(door, mapping, () => { refused++ }).play(rows, () => undefined)
      const elapsed_ms = performance.now() - started_ms
      if (stopped) throw stopped.error
      const { user, system } = process.cpuUsage(mine)
      const each = Object.entries({ ...spent(before, used()), import: (user + system) / 1_000 }).map(([name, ms]) => `${name} ${(ms / commands).toFixed(2)}`)
      process.stdout.write(`${way}: ${rows.length} rows, ${commands} commands, ${refused} refused, ${Math.round((commands / elapsed_ms) * 1_000)} commands/s; ms of processor time a command: ${each.join(', ')}\n`)
    }
  }
} finally {
  await running.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit(0)
