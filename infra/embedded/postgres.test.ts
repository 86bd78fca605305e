import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import { StartFailure } from './start-failure.ts'
import { folderFor } from './testing.ts'

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const open = folderFor(t, 'postgres')
const port = await freePort()

t.test('a server that is killed has its committed rows again at the next start, on the same port', async (t) => {
  const first = await startPostgres({ dir: open, port })
  t.teardown(() => first.stop())
  t.equal(first.url, `postgres://postgres@127.0.0.1:${port}/baton`)
  t.match(first.version, /^\d+\.\d+$/)
  await query(first.url, 'create table fact (id int primary key); insert into fact select generate_series(1, 1000)')
  t.same(await first.kill(), { code: null, signal: 'SIGKILL' })

  const second = await startPostgres({ dir: open, port })
  t.teardown(() => second.stop())
  t.same(await query(second.url, 'select count(*)::int as facts from fact'), [{ facts: 1000 }])
  t.same(await query(second.url, "select 'b' < 'C' as by_dictionary, lower('É') as lowered"), [{ by_dictionary: false, lowered: 'é' }])
  await query(second.url, 'create extension pg_trgm')
  const letters = await query(second.url, `select cardinality(show_trgm('日本語')) > 0 as are_known`)
  t.same(letters, [{ are_known: process.platform === 'linux' }], 'letters of every script are letters to the index of trigrams')

  await t.rejects(startPostgres({ dir: open }),
    /^Another PostgreSQL \(process \d+\) already runs on .*: end it first\.$/, 'one folder, one server')
  t.same(await second.stop(), { code: 0, signal: null })
  t.equal(statSync(join(open, 'data')).uid === 0, false, 'never as root')
})

t.test('a port in use is said in one sentence', async (t) => {
  const squatter = createServer().listen(port, '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  await t.rejects(startPostgres({ dir: open, port }), new StartFailure(
    `Port ${port} on 127.0.0.1 is in use, so PostgreSQL cannot start: end what listens there, or choose another port.`))
})

t.test('a damaged data folder is said in one sentence, with what to do', async (t) => {
  truncateSync(join(open, 'data', 'global', 'pg_control'), 100)
  await t.rejects(startPostgres({ dir: open }),
    { message: /^PostgreSQL cannot start on .*\/data: .*pg_control.*\. Move .* away and start again: .*\.$/ })
  rmSync(join(open, 'data', 'PG_VERSION'))
  await t.rejects(startPostgres({ dir: open }), /is not a data folder of PostgreSQL, or a damaged one\. Move .* away/)
})

const asRoot = process.getuid?.() === 0
t.test('root keeps the data of a closed folder where the server can enter, and finds it again', { skip: !asRoot }, async (t) => {
  const closed = folderFor(t, 'closed', 0o700)
  const said: string[] = []
  const first = await startPostgres({ dir: join(closed, 'postgres'), log: (line) => said.push(line) })
  t.teardown(() => first.stop())
  t.teardown(() => rmSync(first.place, { recursive: true, force: true }))
  t.match(said.join(), /^postgres runs as uid \d+, who cannot enter .*, so its data is in \/var\/tmp\/baton-data-/)
  t.equal(readFileSync(join(closed, 'postgres', 'elsewhere'), 'utf8').trim(), first.place)
  await query(first.url, 'create table fact (id int)')
  await first.stop()
  const second = await startPostgres({ dir: join(closed, 'postgres') })
  t.teardown(() => second.stop())
  t.same(await query(second.url, 'select count(*)::int as facts from fact'), [{ facts: 0 }])
  await second.stop()
})

t.test('what others left there is tidied away, and never keeps a server from starting', { skip: !asRoot }, async (t) => {
  const beside = () => {
    const place = `/var/tmp/baton-data-${randomBytes(6).toString('hex')}`
    t.teardown(() => rmSync(place, { recursive: true, force: true }))
    return place
  }
  const [abandoned, unfinished, vanishing] = [beside(), beside(), beside()]
  for (const place of [abandoned, unfinished]) mkdirSync(place)
  writeFileSync(join(abandoned, 'origin'), join(folderFor(t, 'known'), 'gone'))
  symlinkSync('/nonexistent', vanishing)
  const dir = join(folderFor(t, 'closed', 0o700), 'postgres')
  const server = await startPostgres({ dir })
  t.teardown(() => rmSync(server.place, { recursive: true, force: true }))
  t.teardown(() => server.stop())
  t.notOk(existsSync(abandoned))
  t.ok(existsSync(unfinished), 'somebody is still at it')
})
