#!/usr/bin/env node
import { print, Usage, type Command } from '../infra/console/command.ts'
import { Refused } from './api.ts'

type Commands = Readonly<Record<string, Command>>

/** Commands of two words, loaded when one of them is meant: who mends a log waits for no more than it takes. */
const groups: Readonly<Record<string, () => Promise<Commands>>> = {
  audit: async () => (await import('./audit/commands.ts')).auditCommands,
  import: async () => ({ run: (await import('./import/command.ts')).importCommand }),
  notary: async () => (await import('./notary.ts')).notaryCommands,
  store: async () => (await import('../infra/embedded/eventstore/tools/commands.ts')).storeCommands,
}

/** Commands of one word. */
async function alone(): Promise<Commands> {
  const [{ personCommands }, { daemonCommand }, { mcpCommand }, { verifyDecision }, { completion, wordsOf }] = await Promise.all([
    import('./person/commands.ts'), import('./daemon-command.ts'), import('./mcp/command.ts'), import('./verify-decision.ts'), import('./person/completion.ts'),
  ])
  const commands: Commands = { ...personCommands, daemon: daemonCommand, mcp: mcpCommand, 'verify-decision': verifyDecision, completion: completion(completed) }
  async function completed() {
    const grouped = await Promise.all(Object.entries(groups).map(async ([name, load]) => {
      const words = Object.keys(await load())
      return { name, about: words.join(', '), options: words }
    }))
    return [...Object.entries(commands).map(([name, command]) => wordsOf(name, command)), ...grouped]
  }
  return commands
}

async function help(): Promise<string> {
  const all = await Promise.all([...Object.values(groups).map((load) => load()), alone()])
  const lines = all.flatMap((commands) => Object.values(commands)).map(({ usage, about }) => `  ${usage}\n      ${about}`)
  return ['Baton from the command line. With npm: npm run -s baton -- COMMAND', '', ...lines, '',
    'Every command knows --help, --json where it says something, and --root DIR for a Baton that was started with --root.',
    'Exit codes: 0 fine, 1 something was found or failed, 2 the call is wrong.'].join('\n')
}

async function run(words: readonly string[]): Promise<number> {
  const [group, name, ...rest] = words
  if (group === undefined || group === '--help' || group === '-h' || group === 'help') {
    print(await help())
    return group === undefined ? 2 : 0
  }
  if (Object.hasOwn(groups, group)) {
    const commands = await groups[group]!()
    const command = Object.hasOwn(commands, name ?? '') ? commands[name!] : undefined
    if (!command) throw new Usage(`"${group}" knows ${Object.keys(commands).join(', ')}${name === undefined ? '' : `, not "${name}"`}.`)
    return told(command, rest)
  }
  const commands = await alone()
  if (!Object.hasOwn(commands, group)) throw new Usage(`There is no command "${group}".`)
  return told(commands[group]!, words.slice(1))
}

async function told(command: Command, rest: readonly string[]): Promise<number> {
  if (!rest.includes('--help') && !rest.includes('-h')) return command.run(rest)
  print(`${command.usage}\n\n${command.about}`)
  return 0
}

/** The one place where an error becomes a sentence, wherever it comes from: also from a stream that nobody waits for. */
function tell(error: unknown) {
  const isUsage = error instanceof Usage
  if (error instanceof Refused) return void refused(error)
  process.stderr.write(`baton: ${error instanceof Error ? error.message : String(error)}${isUsage ? ' (baton --help tells more)' : ''}\n`)
  process.exitCode = isUsage ? 2 : 1
}

/** A refusal says what to do next. */
async function refused(error: Refused) {
  const { code, detail, retryable, next } = (await import('./next.ts')).refusalOf(error)
  process.stderr.write(process.argv.includes('--json') ? `${JSON.stringify({ code, detail, retryable, next })}\n` : `baton: ${error.message}\n  ${next}\n`)
  process.exitCode = 1
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever has stopped reading, as `head` does, wants no more.
  if (error.code !== 'EPIPE') tell(new Error(`what there is to say cannot be written: ${error.message}`))
  process.exit()
})
process.once('uncaughtException', (error) => {
  tell(error)
  process.exit()
})

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  tell(error)
}
