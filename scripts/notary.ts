import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { rotated } from 'shared-service/notary-key.ts'
import { parsed, print, Usage, type Command } from '../infra/console/command.ts'
import { defaultRoot } from '../infra/embedded/root.ts'

const rotate: Command = {
  about: 'Make another key to sign with, which the one before vouches for. It signs once the services were started again.',
  usage: 'notary rotate [--root DIR]',
  async run(args) {
    const { values: { root = defaultRoot } } = parsed({ args: [...args], options: { root: { type: 'string' } } })
    const file = process.env.NOTARY_KEY_FILE || join(resolve(root), 'notary.key')
    if (!existsSync(file)) throw new Usage(`There is no key in ${file}: a start makes the first.`)
    print(`${rotated(file).keyId} signs after the next start; its key stands behind the others in ${file}.`)
    return 0
  },
}

export const notaryCommands: Readonly<Record<string, Command>> = { rotate }
