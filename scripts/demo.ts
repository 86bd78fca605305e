import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EventStoreDBClient } from '@eventstore/db-client'
import { progress } from '../infra/console/progress.ts'
import { StartFailure } from '../infra/embedded/start-failure.ts'
import { Api } from './api.ts'
import { shownVerification } from './audit/show.ts'
import { verify } from './audit/verify.ts'
import { guard } from './guarded.ts'
import { Moving } from './moving.ts'
import { night } from './nights.ts'
import { play } from './scenario.ts'
import { settle } from './settled.ts'
import { main, type Up } from './up.ts'

const help = `Starts Baton on this machine, plays a fleet through its public API, and checks the outcome against the log.

  npm run demo -- [--seed N] [--moving | --exit] [--root DIR]

  --seed N   another scenario; 1 when not given
  --moving   the fleet goes on moving for as long as it serves, a few commands a second
  --exit     end after the check instead of going on serving
  --root     where the data is kept; .baton when not given`

interface Wishes {
  readonly seed: number
  readonly exits: boolean
  readonly moves: boolean
  readonly root: string | undefined
}

/** Plays, shows and verifies. Returns whether the read models equal the log. */
export async function demonstrate({ root, urls, adminKey }: Pick<Up, 'root' | 'urls' | 'adminKey'>, seed: number, say: (line: string) => void): Promise<boolean> {
  const admin = new Api(urls.gateway, adminKey.key)
  const bar = progress('tasks finished', 60)
  const told = await play(admin, seed, (done, total) => bar.to(done, total)).finally(() => bar.end())
  say(`\n${told.commands} commands by ${told.orchestrators} orchestrators about ${told.tasks} tasks:`)
  for (const [what, count] of Object.entries(told.happened)) say(`  ${String(count).padStart(5)} ${what}`)
  const guarded = await guard(admin)
  const dark = await night(admin)
  const settled = await settle(admin, join(root, 'dossiers'))
  await show(admin, dark.position, say)
  for (const line of [...guarded.lines, ...dark.lines, '', ...settled, '']) say(line)
  const client = EventStoreDBClient.connectionString`${urls.eventstore}`
  try {
    const verification = await verify(client, urls.database, [])
    for (const line of shownVerification(verification)) say(line)
    return verification.models.every(({ difference, parked }) => !difference && parked.length === 0)
  } finally {
    await client.dispose()
  }
}

/** From now on something happens all the time, beside what is served. */
async function move({ urls, adminKey }: Pick<Up, 'urls' | 'adminKey'>, seed: number, say: (line: string) => void) {
  const moving = new Moving(new Api(urls.gateway, adminKey.key), seed)
  const names = await moving.begin()
  say(`\n${names.join(', ')} go on, a few commands a second. Look at ${urls.gateway}/app`)
  void moving.run(new AbortController().signal)
}

interface Page<Row> { readonly items: readonly Row[] }

async function show(admin: Api, position: bigint, say: (line: string) => void) {
  const at = `limit=200&minPosition=${position}`
  const orchestrators = await admin.get<Page<{ orchestrator: string; name: string; status: string }>>(`/orchestrators?${at}`)
  const backlogs = await admin.get<Page<{ owner: string; total: number; done: number; completion_rate: number }>>(`/backlogs?${at}`)
  const capacity = await admin.get<Page<{ orchestrator: string; max: number; free: number; band: string }>>(`/capacity?${at}`)
  say('\norchestrator                 status   tasks  done  rate   free slots')
  for (const { orchestrator, name, status } of orchestrators.items) {
    const backlog = backlogs.items.find(({ owner }) => owner === orchestrator)
    const slots = capacity.items.find((row) => row.orchestrator === orchestrator)
    say([
      name.padEnd(28), status.padEnd(7), String(backlog?.total ?? 0).padStart(6), String(backlog?.done ?? 0).padStart(5),
      `${Math.round(100 * (backlog?.completion_rate ?? 0))} %`.padStart(6), `${slots?.free} of ${slots?.max} (${slots?.band})`.padStart(14),
    ].join(' '))
  }
  const decisions = await admin.get<Page<{ title: string; status: string; cast: number; electorate: number; outcome: string }>>(`/decisions?${at}`)
  say('')
  for (const { title, status, cast, electorate, outcome } of decisions.items) say(`"${title}" ${status}: ${cast} of ${electorate} voted; ${outcome}`)
  say('')
}

function wishes(): Wishes {
  const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, exit: { type: 'boolean', default: false }, moving: { type: 'boolean', default: false }, root: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } })
  if (values.help) {
    process.stdout.write(`${help}\n`)
    process.exit(0)
  }
  if (!/^\d{1,9}$/.test(values.seed)) throw new StartFailure(`--seed is a whole number, not "${values.seed}".`)
  if (values.exit && values.moving) throw new StartFailure('--exit and --moving exclude one another.')
  return { seed: Number(values.seed), exits: values.exit, moves: values.moving, root: values.root }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const log = (line: string) => { process.stdout.write(`${line}\n`) }
  const { seed, exits, moves, root } = wishes()
  await main({
    log, ...(root ? { root } : {}),
    async then(running) {
      if (!await demonstrate(running, seed, log)) throw new StartFailure('The read models do not equal the log: see above, and `npm run baton -- audit verify`')
      if (moves) await move(running, seed, log)
      return exits ? 'stop' : 'serve'
    },
  })
}
