import { readFileSync } from 'node:fs'
import { z } from 'zod'

const Name = z.string().trim().min(1).max(100)

export const Program = z.strictObject({
  command: z.array(z.string().min(1)).min(1),
  /** What it is handed on its standard input: the context as text, all as one JSON, or nothing. */
  stdin: z.enum(['prompt', 'json', 'none']).default('prompt'),
  timeout_s: z.int().min(1).max(86_400).default(3_600),
  /** It is killed after printing nothing for so long. */
  idle_s: z.int().min(1).max(86_400).optional(),
  tokens: z.int().min(0).max(1_000_000_000).default(0),
  /** Names of variables that it is handed besides the usual ones. */
  env: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).default([]),
})
export type Program = z.output<typeof Program>

const Settings = z.strictObject({
  url: z.url(),
  natsUrl: z.url().optional(),
  keyFile: z.string().min(1),
  daemon: z.uuid().optional(),
  name: Name,
  maxSessions: z.int().min(1).max(100).default(10),
  directory: z.string().min(1).default('.baton/daemon'),
  port: z.int().min(0).max(65_535).default(8787),
  capabilities: z.array(Name).max(50).default([]),
  programs: z.record(Name, Program).refine((programs) => Object.keys(programs).length > 0 && Object.keys(programs).length <= 50, { error: 'are 1 to 50' }),
  program: Name,
}).refine(({ programs, program }) => program in programs, { path: ['program'], error: 'is none of the programs' })

export type Config = z.output<typeof Settings>

/** Throws one sentence, which names everything that is wrong. */
export function configOf(said: unknown): Config {
  const { data, error } = Settings.safeParse(said)
  if (data) return data
  throw new Error(`The configuration is wrong: ${error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}`).join(', ')}.`)
}

export function configIn(file: string): Config {
  let said: unknown
  try {
    said = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`The configuration cannot be read: ${(error as Error).message}`, { cause: error })
  }
  return configOf(said)
}

export function keyIn({ keyFile }: Pick<Config, 'keyFile'>): string {
  const key = readFileSync(keyFile, 'utf8').trim()
  if (!/^bk_[A-Za-z0-9_-]{43}$/.test(key)) throw new Error(`${keyFile} holds no key: bk_ and 43 characters.`)
  return key
}

const usual = ['PATH', 'HOME', 'LANG', 'TERM']

/** What a program finds in its environment: never the key, under whatever name. */
export function environmentOf(program: Pick<Program, 'env'>, own: Readonly<Record<string, string>>, key: string, outer: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const handed = [...usual, ...program.env].flatMap((name) => (outer[name] === undefined || outer[name].includes(key) ? [] : [[name, outer[name]] as const]))
  return { ...Object.fromEntries(handed), ...own }
}

/** A guard needs to know next to nothing. */
export const ofGuards = (outer: NodeJS.ProcessEnv = process.env): Record<string, string> =>
  Object.fromEntries(['PATH', 'NODE_COMPILE_CACHE', 'NODE_OPTIONS', 'AHEAD_FILE'].flatMap((name) => (outer[name] === undefined ? [] : [[name, outer[name]]])))
