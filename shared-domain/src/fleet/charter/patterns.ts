/** Whether a text is what the pattern says, where each `*` stands for any run of characters, also for none. */
function isLike(pattern: string, text: string): boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return text === pattern
  const [first, last] = [parts[0]!, parts.at(-1)!]
  const end = text.length - last.length
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

const hasStar = (pattern: string) => pattern.includes('*')

/** A command as it is compared: each run of blanks is one, and none is around it. */
export const plainCommand = (command: string): string => command.trim().replace(/\s+/g, ' ')

/** A path as it is compared: parted by `/`, without `.`, with each `..` taken back as far as there is something to take back. */
export function plainPath(path: string): string {
  const slashed = path.replaceAll('\\', '/')
  const root = slashed.startsWith('/') ? '/' : ''
  const steps: string[] = []
  for (const step of slashed.split('/')) {
    if (step === '' || step === '.') continue
    if (step !== '..') steps.push(step)
    else if (steps.length > 0 && steps.at(-1) !== '..') steps.pop()
    else if (root === '') steps.push(step)
  }
  return root + steps.join('/')
}

/** How patterns and what is said are compared, once both are plain. */
export interface Kind {
  readonly plain: (text: string) => string
  readonly fits: (pattern: string, said: string) => boolean
}

/** Patterns are a policy and no sandbox: they are compared with what somebody says it will do. */
export const kinds = {
  /** The whole name, in any case. */
  action: { plain: (action) => action.toLowerCase(), fits: isLike },
  /** Without `*` the command itself, whatever follows it. */
  command: {
    plain: plainCommand,
    fits: (wanted, said) => (hasStar(wanted) ? isLike(wanted, said) : said === wanted || said.startsWith(`${wanted} `)),
  },
  /** Without `*` the path itself and what is below it. */
  path: {
    plain: plainPath,
    fits: (wanted, said) =>
      (hasStar(wanted) ? isLike(wanted, said) : said === wanted || said.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`)),
  },
} as const satisfies Record<string, Kind>

const fitting = ({ plain, fits }: Kind) => (pattern: string, said: string): boolean => fits(plain(pattern), plain(said))

export const fits = { action: fitting(kinds.action), command: fitting(kinds.command), path: fitting(kinds.path) }
