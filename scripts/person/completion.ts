import { print, Usage, type Command } from '../../infra/console/command.ts'

/** The words of a usage: its own name, words below it, and its options. */
export interface Words {
  readonly name: string
  readonly about: string
  readonly options: readonly string[]
}

export const wordsOf = (name: string, { usage, about }: Pick<Command, 'usage' | 'about'>): Words =>
  ({ name, about, options: [...new Set(usage.match(/--[\w-]+/g) ?? [])] })

const quoted = (text: string) => `'${text.replaceAll('\'', '\'\\\'\'')}'`

const shells: Readonly<Partial<Record<string, (commands: readonly Words[]) => string>>> = {
  bash: (commands) => [
    '_baton() {', '  local word="${COMP_WORDS[COMP_CWORD]}"', '  if [ "$COMP_CWORD" = 1 ]; then',
    `    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$word")); return`, '  fi', '  case "${COMP_WORDS[1]}" in',
    ...commands.map(({ name, options }) => `    ${name}) COMPREPLY=($(compgen -W ${quoted(options.join(' '))} -- "$word"));;`),
    '  esac', '}', 'complete -F _baton baton',
  ].join('\n'),
  zsh: (commands) => [
    '#compdef baton', '_baton() {', '  if (( CURRENT == 2 )); then', `    local -a commands=(${commands.map(({ name, about }) => quoted(`${name}:${about.replaceAll(':', ' ')}`)).join(' ')})`,
    '    _describe command commands; return', '  fi', '  case $words[2] in',
    ...commands.map(({ name, options }) => `    ${name}) compadd -- ${options.join(' ')};;`), '  esac', '}', 'compdef _baton baton',
  ].join('\n'),
  fish: (commands) => commands.flatMap(({ name, about, options }) => [
    `complete -c baton -f -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
    ...options.map((option) => `complete -c baton -f -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ]).join('\n'),
}

/** What a shell of this name reads to complete them; undefined for one that is not known. */
export const completing = (shell: string, commands: readonly Words[]): string | undefined => shells[shell]?.(commands)

export const completion = (commands: () => Promise<readonly Words[]>): Command => ({
  about: 'Print what makes a shell complete these commands: source it.',
  usage: 'completion bash|zsh|fish',
  async run([shell]) {
    const written = completing(shell ?? '', await commands())
    if (written === undefined) throw new Usage(`Say which shell: ${Object.keys(shells).join(', ')}.`)
    print(written)
    return 0
  },
})
