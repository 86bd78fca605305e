import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A change of the offset of a zone from UTC. */
export interface OffsetChange {
  readonly zone: string
  readonly at: number
  readonly before_ms: number
  readonly after_ms: number
}

const [, , ...lines] = readFileSync(join(import.meta.dirname, 'testing-offsets.csv'), 'utf8').trim().split('\n')

export const offsetChanges: readonly OffsetChange[] = lines
  .map((line) => line.split(',') as [zone: string, at: string, before_s: string, after_s: string])
  .map(([zone, at, before, after]) => ({ zone, at: Date.parse(at), before_ms: Number(before) * 1_000, after_ms: Number(after) * 1_000 }))
