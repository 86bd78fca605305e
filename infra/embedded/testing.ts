import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is gone after the test. Everybody may enter it: started by root, Postgres runs as another user. */
export function folderFor(t: { teardown(end: () => void): void }, name: string, mode = 0o755): string {
  const dir = mkdtempSync(join(tmpdir(), `baton-${name}-`))
  chmodSync(dir, mode)
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
