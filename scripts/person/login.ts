import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { print, printJson, Usage, type Command } from '../../infra/console/command.ts'
import { Api, type Who } from '../api.ts'
import { places } from '../places.ts'
import { optionsOf } from './options.ts'
import { keepProfile } from './profile.ts'

/** A key from whoever types it, unseen, or from what is piped in. */
async function keyFrom(input: NodeJS.ReadStream): Promise<string> {
  if (!input.isTTY) return (await text(input)).trim()
  const lines = createInterface({ input, output: process.stderr, terminal: true })
  process.stderr.write('API key (bk_...): ')
  // What is typed is not shown.
  Object.assign(lines, { _writeToOutput: () => undefined })
  try {
    return await new Promise<string>((resolve, reject) => lines.once('line', resolve).once('close', () => reject(new Usage('No key was given.'))))
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

export const login: Command = {
  about: 'Keep where Baton is and a key for it, which is asked for or read from standard input, for nobody else to read.',
  usage: 'login [--url URL] [--json]',
  async run(args) {
    const { values: { url: given, json, root } } = optionsOf(args, { url: { type: 'string' } })
    const url = given ?? places(root, 'gateway').gateway
    if (!/^https?:\/\//.test(url)) throw new Usage(`--url is an address such as http://127.0.0.1:8080, not "${url}".`)
    const key = (await keyFrom(process.stdin)).trim()
    if (!/^bk_\S+$/.test(key)) throw new Usage('A key begins with bk_.')
    const { organization, actor } = await new Api(url, key, { tries_max: 2 }).get<Who>('/keys/validate')
    const file = keepProfile({ url, key })
    if (json) printJson({ url, organization, actor, file })
    else print(`${actor.kind} ${actor.id} of ${organization} at ${url}; kept in ${file}.`)
    return 0
  },
}
