import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.ts'

/** A folder that is gone after the test. Everybody may enter it: started by root, Postgres runs as another user. */
export function folderFor(t: { teardown(end: () => void): void }, name: string, mode = 0o755): string {
  const dir = mkdtempSync(join(tmpdir(), `baton-${name}-`))
  chmodSync(dir, mode)
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Has a root remember ports of its own, as after an earlier start: at the defaults two test files, or a Baton that runs here, would meet. */
export async function rememberPorts(root: string, names: readonly string[]): Promise<void> {
  const ports: Record<string, number> = {}
  for (const name of names) ports[name] = await freePort()
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'ports.json'), JSON.stringify(ports))
}
