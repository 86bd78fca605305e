import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Usage } from '../infra/console/command.ts'
import { defaultRoot } from '../infra/embedded/root.ts'

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

const variables: Readonly<Record<keyof Places, readonly string[]>> = {
  gateway: ['BATON_URL'], command: ['COMMAND_URL', 'BATON_URL'], projection: ['PROJECTION_URL'],
  eventstore: ['EVENTSTORE_URL'], database: ['DATABASE_URL'], key: ['BATON_API_KEY'],
}

/** Where those parts of Baton are that somebody needs: by the environment, or by what a start on this machine noted. */
export function places<N extends keyof Places>(root = defaultRoot, ...needed: readonly N[]): Pick<Places, N> {
  const folder = resolve(root)
  const note = join(folder, 'services.json')
  const urls: Record<string, string> = existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as Note).urls : {}
  const keyFile = join(folder, 'admin.key')
  const noted = (name: N) => (name === 'key' ? existsSync(keyFile) && readFileSync(keyFile, 'utf8').trim() : urls[name])
  const found = needed.map((name) => [name, variables[name].map((variable) => process.env[variable]).find(Boolean) ?? noted(name)] as const)
  const missing = found.filter(([, place]) => !place).map(([name]) => variables[name].join(' or '))
  if (missing.length > 0) throw new Usage(`Baton does not run here (${folder}): start it with npm start, or say ${missing.join(' and ')}.`)
  return Object.fromEntries(found) as Pick<Places, N>
}
