import { openSync } from 'node:fs'
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** A wrong call: exit code 2 and what would be right. */
export class Usage extends Error {}

export interface Command {
  readonly about: string
  readonly usage: string
  /** Returns the exit code: 0 fine, 1 something was found. Throws `Usage` for 2. */
  run(args: readonly string[]): Promise<number>
}

/** Words and options of a call. Throws `Usage` where one is not as it is described. */
export function parsed<const Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new Usage((error as Error).message)
  }
}

/** Opens a file to write to, so that a folder that does not exist is known before any work is done. */
export function fileFor(option: string, path: string): number {
  try {
    return openSync(path, 'w', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Usage(`${option} ${path} cannot be written: ${code === 'ENOENT' ? 'there is no such folder' : message}.`)
  }
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`)

export const printJson = (value: unknown): void => print(JSON.stringify(value, (_, item: unknown) =>
  (typeof item === 'bigint' ? String(item) : item instanceof Map ? Object.fromEntries(item) : item), 2))
