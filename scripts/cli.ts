import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultRoot } from './up.ts'

/** A wrong call: exit code 2 and what would be right. */
export class Usage extends Error {}

export interface Command {
  readonly about: string
  readonly usage: string
  /** Returns the exit code: 0 fine, 1 something was found. Throws `Usage` for 2. */
  run(args: readonly string[]): Promise<number>
}

export interface Places {
  readonly gateway: string
  /** The command service itself: one hop less for those who send much. */
  readonly command: string
  readonly projection: string
  readonly eventstore: string
  readonly database: string
  readonly key: string
}

type Note = { readonly urls: Record<string, string> }

/** Where Baton runs: by the environment, or by what a start on this machine noted. */
export function places(root = defaultRoot): Places {
  const folder = resolve(root)
  const note = join(folder, 'services.json')
  const urls: Record<string, string> = existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as Note).urls : {}
  const keyFile = join(folder, 'admin.key')
  const { env } = process
  const found = {
    gateway: env.BATON_URL ?? urls.gateway, command: env.COMMAND_URL ?? env.BATON_URL ?? urls.command, projection: env.PROJECTION_URL ?? urls.projection, eventstore: env.EVENTSTORE_URL ?? urls.eventstore,
    database: env.DATABASE_URL ?? urls.database, key: env.BATON_API_KEY ?? (existsSync(keyFile) ? readFileSync(keyFile, 'utf8').trim() : undefined),
  }
  const missing = Object.entries(found).filter(([, value]) => !value).map(([name]) => name)
  if (missing.length === Object.keys(found).length || !found.eventstore) {
    throw new Usage(`Baton does not run here (${folder}): start it with npm start, or say EVENTSTORE_URL, DATABASE_URL, BATON_URL and BATON_API_KEY.`)
  }
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, value ?? ''])) as unknown as Places
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`)

export const printJson = (value: unknown): void => print(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item instanceof Map ? Object.fromEntries(item) : item), 2))
