import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Usage } from '../../infra/console/command.ts'
import { places } from '../places.ts'

/** Where Baton is for whoever sits here, and as whom they ask. */
export interface Profile {
  readonly url: string
  readonly key: string
}

export const profileFile = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'baton', 'profile.json')

/** Written whole or not at all, for nobody else to read. */
export function keepProfile(profile: Profile, env: NodeJS.ProcessEnv = process.env): string {
  const file = profileFile(env)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, `${JSON.stringify(profile)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return file
}

/**
 * By BATON_URL and BATON_KEY_FILE (or BATON_API_KEY), then by the profile of the last login, then by what runs on this machine. A key is
 * never sent where it was not kept for: that of the profile goes to its own address alone.
 */
export function profileOf(root?: string, env: NodeJS.ProcessEnv = process.env): Profile {
  const kept = keptIn(profileFile(env))
  const given = keyGiven(env)
  const url = env.BATON_URL || kept?.url
  if (given !== undefined) return { url: url ?? places(root, 'gateway').gateway, key: given }
  if (kept && url === kept.url) return kept
  if (env.BATON_URL) throw new Usage('BATON_URL is set and no key for it: say BATON_KEY_FILE, or log in there with baton login.')
  const { gateway, key } = places(root, 'gateway', 'key')
  return { url: gateway, key }
}

function keyGiven({ BATON_KEY_FILE: file, BATON_API_KEY: key }: NodeJS.ProcessEnv): string | undefined {
  if (!file) return key || undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Usage(`BATON_KEY_FILE ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

function keptIn(file: string): Profile | undefined {
  if (!existsSync(file)) return undefined
  try {
    const { url, key } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Profile>
    if (typeof url === 'string' && typeof key === 'string') return { url, key }
  } catch { /* as if it said nothing */ }
  throw new Usage(`${file} cannot be read as a profile: log in anew with baton login.`)
}
