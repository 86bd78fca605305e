import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Stored {
  readonly type: string
  readonly version: number
  readonly data: unknown
}

const domain = fileURLToPath(new URL('../shared-domain/src', import.meta.url))

/** Every payload of every version that is kept for tests. */
export const samples = (): readonly Stored[] => globSync('**/history.json', { cwd: domain })
  .flatMap((file) => (JSON.parse(readFileSync(join(domain, file), 'utf8')) as { facts: Stored[] }[]).flatMap(({ facts }) => facts))
