import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCache } from './compile-cache.ts'
import { freePort } from './ports.ts'

/** What processes that tests start are told: where to say what they covered, and where to find what was compiled before. */
export const forChildren = { PATH: process.env.PATH, NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE, ...compileCache }

/** How often, or how much, in every run of the tests and in a long one (`npm run soak`). */
export const sized = (usual: number, long: number) => (process.env.BATON_SOAK ? long : usual)

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
