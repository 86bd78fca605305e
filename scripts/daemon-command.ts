import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { configIn, configOf, keyIn, type Config } from '../daemon/src/config.ts'
import { serve } from '../daemon/src/main.ts'
import { parsed, Usage, type Command } from '../infra/console/command.ts'
import { defaultRoot } from '../infra/embedded/root.ts'
import { Api } from './api.ts'

const options = {
  program: { type: 'string' }, url: { type: 'string' }, nats: { type: 'string' }, orchestrator: { type: 'string' }, name: { type: 'string' },
  stdin: { type: 'string' }, sessions: { type: 'string' }, root: { type: 'string' }, port: { type: 'string' },
} as const

/** Words of a command line: those in quotes are one. No shell is asked. */
export function wordsOf(line: string): [string, ...string[]] {
  const words = [...line.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs)].map(([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs, (_, double?: string, single?: string, one?: string) => double?.replace(/\\(.)/gs, '$1') ?? single ?? one!))
  if (words.length === 0) throw new Usage('--program names no program.')
  return words as [string, ...string[]]
}

/** Makes what is missing: an orchestrator of this name that is there, a daemon of it, and a key for that. */
async function settled(root: string, url: string, name: string, orchestrator: string, maxSessions: number): Promise<string> {
  const folder = join(root, 'daemon', name)
  const keyFile = join(folder, 'key')
  if (existsSync(keyFile)) return keyFile
  const adminKey = join(root, 'admin.key')
  if (!existsSync(adminKey)) throw new Usage(`There is no admin key at ${adminKey}: start Baton here, or name its folder with --root, or give a config.json.`)
  const api = new Api(url, readFileSync(adminKey, 'utf8').trim())
  const { items: [known] } = await api.get<{ items: readonly { orchestrator: string }[] }>(`/orchestrators?${new URLSearchParams({ name: orchestrator })}`)
  const id = known?.orchestrator ?? (await api.post('/orchestrators', { name: orchestrator })).id
  await api.post(`/orchestrators/${id}/activate`)
  const { id: daemon } = await api.post('/daemons', { orchestrator: id, name, maxSessions })
  const { secret } = await api.post(`/daemons/${daemon}/keys`, { name })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(keyFile, `${secret}\n`, { mode: 0o600 })
  return keyFile
}

async function configFrom(words: readonly string[]): Promise<Config> {
  const { values, positionals } = parsed({ args: [...words], options, allowPositionals: true })
  const [file, ...more] = positionals
  if (more.length > 0) throw new Usage('There is one config.json.')
  if (file !== undefined) return configIn(file)
  if (values.program === undefined) throw new Usage('It needs a config.json or --program.')
  const { root = defaultRoot, url = 'http://127.0.0.1:8080', name = hostname(), orchestrator = 'Agents', nats: natsUrl, stdin, sessions = '1', port = '8787' } = values
  const maxSessions = Number(sessions)
  const directory = join(root, 'daemon', name)
  const said = { url, natsUrl, name, maxSessions, directory, port: Number(port), programs: { agent: { command: wordsOf(values.program), stdin } }, program: 'agent' }
  // What is wrong is said before anything is made.
  configOf({ ...said, keyFile: 'key' })
  return configOf({ ...said, keyFile: await settled(root, url, name, orchestrator, maxSessions) })
}

export const daemonCommand: Command = {
  usage: `baton daemon CONFIG.json | --program 'COMMAND' [--url URL] [--nats URL] [--orchestrator NAME] [--name NAME] [--stdin prompt|json|none] [--sessions N] [--port N] [--root DIR]`,
  about: 'Works for an orchestrator: takes tasks up, runs the program for each, and tells what becomes of it. Without a configuration it makes the orchestrator, the daemon and its key, with the admin key of the Baton that was started here.',
  async run(words) {
    const config = await configFrom(words)
    return serve(config, keyIn(config))
  },
}
