import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ANY, type ProposedEvent } from '../contract.ts'
import type { StoreOptions } from '../storage/options.ts'
import { openStore } from '../store.ts'
import { withStopped } from './stopped.ts'
import { check } from './check-log.ts'
import { exportFolder } from './export-log.ts'
import { lineOf, type ExportedEvent } from './ndjson.ts'

export const proposed = (data: string | Buffer, more: Partial<ProposedEvent> = {}): ProposedEvent =>
  ({ id: randomUUID(), type: 'Happened', json: true, metadata: Buffer.alloc(0), data: Buffer.from(data), ...more })

/** A log of small segments, with so many appends of one event in turns to three streams, as a clean stop leaves it. */
export async function filled(dir: string, appends: number, options: Partial<StoreOptions> = {}): Promise<void> {
  const store = await openStore({ dir, segment_bytes: 4_096, ...options })
  for (let n = 0; n < appends; n++) await store.append(`s-${n % 3}`, ANY, [proposed(`{"n":${n},"pad":"${'x'.repeat(100)}"}`)])
  await store.close()
}

/** Changes one bit of a file. */
export function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 4
  writeFileSync(file, bytes)
}

export const exported = (dir: string): Promise<readonly ExportedEvent[]> => withStopped(dir, (log) => [...exportFolder(log, check(log).end)].map((event) =>
  ({ ...event, data: Buffer.from(event.data), metadata: Buffer.from(event.metadata) })))

export const lines = (events: readonly ExportedEvent[]): string => events.map(lineOf).join('')

const program = fileURLToPath(new URL('../../../../scripts/baton.ts', import.meta.url))

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The real command, in a process of its own. */
export const baton = (...args: readonly string[]): Promise<Outcome> => new Promise((resolve) => {
  execFile(process.execPath, [program, ...args], { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }))
})
