import { print, Usage, type Command } from '../infra/console/command.ts'
import { storeCommands } from '../infra/embedded/eventstore/tools/commands.ts'
import { Refused } from './api.ts'
import { auditCommands } from './audit/commands.ts'
import { importCommand } from './import/command.ts'
import { mcpCommand } from './mcp/command.ts'
import { nextOf } from './next.ts'
import { notaryCommands } from './notary.ts'
import { personCommands } from './person/commands.ts'
import { completion, wordsOf } from './person/completion.ts'
import { verifyDecision } from './verify-decision.ts'

const groups: Readonly<Record<string, Readonly<Record<string, Command>>>> = { audit: auditCommands, import: { run: importCommand }, notary: notaryCommands, store: storeCommands }

/** Commands of one word. */
const alone: Readonly<Record<string, Command>> = {
  ...personCommands, mcp: mcpCommand, 'verify-decision': verifyDecision,
  completion: completion(() => [...Object.entries(alone).map(([name, command]) => wordsOf(name, command)), ...Object.entries(groups).map(([name, commands]) =>
    ({ name, about: Object.keys(commands).join(', '), options: Object.keys(commands) }))]),
}

function help(): string {
  const lines = [...Object.values(groups).flatMap((commands) => Object.values(commands)), ...Object.values(alone)].map(({ usage, about }) => `  ${usage}\n      ${about}`)
  return ['Baton from the command line. With npm: npm run -s baton -- COMMAND', '', ...lines, '',
    'Every command knows --help, --json where it says something, and --root DIR for a Baton that was started with --root.',
    'Exit codes: 0 fine, 1 something was found or failed, 2 the call is wrong.'].join('\n')
}

async function run(words: readonly string[]): Promise<number> {
  const [group, name, ...rest] = words
  if (group === undefined || group === '--help' || group === '-h' || group === 'help') {
    print(help())
    return group === undefined ? 2 : 0
  }
  if (Object.hasOwn(alone, group)) return told(alone[group]!, words.slice(1))
  const commands = groups[group]
  if (!commands) throw new Usage(`There is no command "${group}".`)
  const command = Object.hasOwn(commands, name ?? '') ? commands[name!] : undefined
  if (!command) throw new Usage(`"${group}" knows ${Object.keys(commands).join(', ')}${name === undefined ? '' : `, not "${name}"`}.`)
  return told(command, rest)
}

async function told(command: Command, rest: readonly string[]): Promise<number> {
  if (!rest.includes('--help') && !rest.includes('-h')) return command.run(rest)
  print(`${command.usage}\n\n${command.about}`)
  return 0
}

/** The one place where an error becomes a sentence, wherever it comes from: also from a stream that nobody waits for. */
function tell(error: unknown) {
  const isUsage = error instanceof Usage
  if (error instanceof Refused) return refused(error)
  process.stderr.write(`baton: ${error instanceof Error ? error.message : String(error)}${isUsage ? ' (baton --help tells more)' : ''}\n`)
  process.exitCode = isUsage ? 2 : 1
}

/** A refusal says what to do next. */
function refused({ code, message, document }: Refused) {
  const { detail = document.title, retryable = false, context } = document as { detail?: string; retryable?: boolean; context?: Readonly<Record<string, unknown>> }
  const next = nextOf(code, context)
  process.stderr.write(process.argv.includes('--json') ? `${JSON.stringify({ code, detail, retryable, next })}\n` : `baton: ${message}\n  ${next}\n`)
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
