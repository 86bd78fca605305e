import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { StartFailure } from './start-failure.ts'

const run = promisify(execFile)

export interface NatsSearch {
  /** Where a fetched copy is kept; shared by all that run from one checkout. */
  readonly binDir: string
  readonly log?: ((line: string) => void) | undefined
  /** PATH, for the server and for the tools that fetch it. */
  readonly path?: string
  /** Looked into after PATH: daemons are often installed where users do not look. */
  readonly folders?: readonly string[]
}

const FETCH_TIMEOUT_MS = 120_000

/** The path of a `nats-server`: installed, or fetched before, or else taken out of Debian's package without touching the system. */
export async function findNats(search: NatsSearch): Promise<string> {
  const { binDir, log = () => {}, path = process.env.PATH ?? '', folders = ['/usr/sbin', '/usr/local/bin'] } = search
  const found = [...path.split(delimiter), ...folders, binDir].map((folder) => join(folder, 'nats-server')).find(isExecutable)
  if (found !== undefined) return found
  log('nats-server is not installed; taking it out of the distribution\'s package')
  try {
    return await fetchPackage(binDir, path)
  } catch (error) {
    throw new StartFailure('No nats-server was found, and the distribution\'s package could not be fetched '
      + `(${reasonOf(error)}): install it (apt install nats-server, brew install nats-server), put it on PATH or into ${binDir}, `
      + 'or set NATS_URL.')
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Everything happens in a folder of its own and the binary is moved into place last, so that two may fetch at once. */
async function fetchPackage(binDir: string, path: string): Promise<string> {
  mkdirSync(binDir, { recursive: true })
  const work = mkdtempSync(join(binDir, '.fetch-'))
  const options = { cwd: work, env: { PATH: path, LC_ALL: 'C' }, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }
  const apt = (...args: string[]) => run('apt-get', ['-q', '-o', 'APT::Sandbox::User=', ...args], options)
  try {
    await apt('download', 'nats-server').catch(() => downloadWithOwnLists(work, apt))
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'))
    if (archive === undefined) throw new Error('apt-get brought nothing')
    await run('dpkg', ['-x', archive, 'unpacked'], options)
    const fresh = join(work, 'unpacked', 'usr', 'sbin', 'nats-server')
    await run(fresh, ['--version'], options)
    const kept = join(binDir, 'nats-server')
    renameSync(fresh, kept)
    return kept
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** A fresh machine has no package lists, and only root may write the system's. */
async function downloadWithOwnLists(work: string, apt: (...args: string[]) => Promise<unknown>) {
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(work, folder), { recursive: true })
  const own = ['-o', `Dir::State=${work}/state`, '-o', 'Dir::State::status=/var/lib/dpkg/status', '-o', `Dir::Cache=${work}/cache`,
    '-o', 'Acquire::Languages=none', '-o', 'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false']
  // One source of many that does not answer makes it fail, and need not be the one that counts.
  const update = await apt(...own, 'update').then(() => undefined, (error: unknown) => error)
  await apt(...own, 'download', 'nats-server').catch((error: unknown) => { throw update ?? error })
}

function reasonOf(error: unknown): string {
  const { code, name, stderr = '', message = '' } = Object(error) as { code?: unknown; name?: string; stderr?: string; message?: string }
  if (name === 'AbortError') return `not done within ${FETCH_TIMEOUT_MS / 1000} s`
  if (code === 'ENOENT') return 'there is no apt-get and dpkg here'
  return (stderr || message).trim().split('\n').at(-1)!.replace(/^E: /, '').replace(/\.$/, '')
}
