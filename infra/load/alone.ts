import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { lean } from '../../scripts/services.ts'
import { startChild, type Child } from '../embedded/child.ts'
import { compileCache } from '../embedded/compile-cache.ts'
import { freePort } from '../embedded/ports.ts'

export function folder(name: string) {
  const dir = mkdtempSync(join(tmpdir(), name))
  chmodSync(dir, 0o755)
  return dir
}

/** One service on its own, as `npm start` runs it. */
export async function service(name: 'command' | 'projection', env: NodeJS.ProcessEnv): Promise<Child & { readonly url: string }> {
  const port = await freePort()
  const child = await startChild({
    name, command: process.execPath, args: [...lean, join(import.meta.dirname, `../../${name}-service/src/main.ts`)],
    env: { ...compileCache, PATH: process.env.PATH, LOG_LEVEL: 'error', [`${name.toUpperCase()}_PORT`]: String(port), ...env },
    ready: (output) => output.includes('"ready"'), ready_timeout_ms: 30_000, stopSignal: 'SIGTERM', stop_timeout_ms: 8_000,
  })
  return { ...child, url: `http://127.0.0.1:${port}` }
}

export async function freshDatabase(url: string, name: string): Promise<string> {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await db.query(`create database ${name}`)
  await db.end()
  return url.replace(/\/[^/]*$/, `/${name}`)
}
