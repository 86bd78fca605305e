import { print, Usage, type Command } from '../../infra/console/command.ts'
import { follow } from '../following.ts'
import { optionsOf } from './options.ts'
import { profileOf } from './profile.ts'
import { shown } from './showing.ts'

const filters = ['type', 'stream', 'category', 'orchestrator', 'by', 'correlation'] as const

/** The facts as they come, until it is told to end; a line that is cut is taken up after the last fact that came. */
export const tail: Command = {
  about: 'Follow what happens, fact by fact; of several of one filter any will do. Goes on by itself after a cut, or with --after from a position.',
  usage: `tail ${filters.map((filter) => `[--${filter} X] `).join('')}[--after POSITION] [--json]`,
  async run(args) {
    const several = Object.fromEntries(filters.map((filter) => [filter, { type: 'string', multiple: true }] as const))
    const { values, positionals } = optionsOf(args, { ...several, after: { type: 'string' } })
    if (positionals.length > 0) throw new Usage(`tail takes options only, not "${positionals[0]}".`)
    const { json, root, after } = values
    const query = new URLSearchParams(after === undefined ? [] : [['after', String(after)]])
    for (const filter of filters) for (const word of [values[filter as keyof typeof values] ?? []].flat()) query.append(filter, String(word))
    const stop = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
    const onCut = (error: Error) => void process.stderr.write(`${error.message}; going on after the last fact.\n`)
    for await (const { event, data } of follow({ ...profileOf(root), query, signal: stop.signal, onCut })) {
      if (event === 'message') print(json ? JSON.stringify(data) : lineOf(data))
      else if (event === 'gap') process.stderr.write(`Facts are missing here: ${shown(data)}.\n`)
    }
    return 0
  },
}

const lineOf = ({ at, position, type, stream, by, data }: any) => `${at}  ${position}  ${type}  ${stream}  by ${by.kind} ${by.id}  ${JSON.stringify(data)}`
