import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { openPositions, positionIn } from './positions.ts'
import { prepared } from './prepared.ts'

const postgres = await startPostgres({ dir: join(folderFor(t, 'positions'), 'postgres') })
const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
pool.on('error', () => undefined)
t.teardown(async () => {
  await pool.end()
  await postgres.stop()
})
await pool.query('create table checkpoint (model text, version int, active boolean, commit bigint)')
await pool.query(`insert into checkpoint values ('things', 1, false, 99), ('things', 2, true, 1), ('others', 1, true, 1)`)

const listener = 'positions-listen'
const listeners = async () => Number((await pool.query(`select count(*) from pg_stat_activity where application_name = $1 and query like 'listen%'`, [listener])).rows[0].count)

async function until(probe: () => Promise<boolean>) {
  for (let tries = 0; tries < 800; tries++) {
    if (await probe()) return
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  throw new Error('it did not become so in twelve seconds')
}

function opened(more: { waiters_max?: number; wait_ms?: number } = {}) {
  const asked: string[] = []
  const look = positionIn(prepared(pool))
  const lost: unknown[] = []
  const positions = openPositions(
    { databaseUrl: postgres.url, name: listener, waiters_max: 10, wait_ms: 10_000, retry_ms: 10, ...more },
    (model) => { asked.push(model); return look(model) }, (error) => lost.push(error))
  t.teardown(() => positions.close())
  return { positions, asked, lost }
}

const move = (model: string, to: number, tell = true) => pool.query(
  `with moved as (update checkpoint set commit = $2 where model = $1 and active returning model)
   select ${tell ? `pg_notify('baton_position', json_object_agg(model, $2::text)::text)` : '1'} from moved`, [model, to])

t.test('S-63 whoever waits is told when the rows are as new, and asks no more', async (t) => {
  const { positions, asked } = opened()
  t.equal(await listeners(), 0, 'nobody listens before somebody waits')
  await positions.reached('things', 1n)
  await until(async () => await listeners() === 1)
  for (const position of [2, 3]) {
    const waiting = positions.reached('things', BigInt(position))
    await move('things', position)
    await waiting
  }
  asked.splice(0)
  const waiting = Promise.all([5n, 7n].map((position) => positions.reached('things', position)))
  await move('others', 9)
  await move('things', 7)
  await waiting
  await positions.reached('things', 6n)
  t.strictSame(asked, [], 'what moved is known by what was told')
  await positions.close()
  t.equal(await listeners(), 0)
})

t.test('S-63 what a connection was told counts no longer than it lives', async (t) => {
  await move('things', 10)
  const { positions, asked } = opened()
  await positions.reached('things', 10n)
  await until(async () => await listeners() === 1)
  await move('things', 20)
  await positions.reached('things', 20n)
  // A crash takes back the last moves, and the connection with them.
  await move('things', 15, false)
  await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [listener])
  await until(async () => {
    asked.splice(0)
    void positions.reached('things', 15n)
    return asked.length > 0
  })
  let isThere = false
  const waiting = positions.reached('things', 20n).then(() => { isThere = true })
  await until(async () => await listeners() === 1)
  t.notOk(isThere)
  await move('things', 20)
  await waiting
})

t.test('S-63 a wait has an end, at which it is looked once more, and there are so many waits and no more', async (t) => {
  await move('things', 30)
  const { positions, asked } = opened({ wait_ms: 1, waiters_max: 1 })
  await t.rejects(positions.reached('things', 31n), { code: 'READ_MODEL_BEHIND', message: /is at 30, not yet at 31/ })
  t.ok(asked.length >= 2)
  await t.rejects(positions.reached('nothing', 1n), { code: 'READ_MODEL_BEHIND', message: /is at no position/ })
  const [, second] = await Promise.allSettled([positions.reached('things', 32n), positions.reached('things', 32n)])
  t.match(second, { status: 'rejected', reason: { code: 'READ_MODEL_BEHIND', message: /Too many/ } })
})
