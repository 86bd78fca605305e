import { routeParts } from 'shared-domain/kernel/alias.ts'
import { print, Usage, type Command } from '../../infra/console/command.ts'
import { addressed } from '../operations.ts'
import { apiFor, optionsOf, ownOrchestrator } from './options.ts'
import { sheet, table } from './showing.ts'

interface Page { readonly items: readonly Readonly<Record<string, unknown>>[]; readonly next: string | null }

const page_max = 200

interface Listing {
  readonly name: string
  readonly about: string
  readonly path: string
  readonly filters: readonly string[]
  /** Those that are shown on a terminal; `--json` says all. */
  readonly columns: readonly string[]
  /** Filters that hold unless something else is said. */
  readonly usual?: Readonly<Record<string, string>>
}

/** A list, in columns, or with --json a row in a line. */
export const listing = ({ name, about, path, filters, columns, usual = {} }: Listing): Command => ({
  about,
  usage: `${name} ${filters.map((filter) => `[--${filter} X] `).join('')}[--limit N = 50] [--json]`,
  async run(args) {
    const { values, positionals } = optionsOf(args, { ...Object.fromEntries(filters.map((filter) => [filter, { type: 'string' }] as const)), limit: { type: 'string', default: '50' } })
    if (positionals.length > 0) throw new Usage(`${name} takes options only, not "${positionals[0]}".`)
    const { json, root, limit } = values
    const said = Object.fromEntries(Object.entries(values).filter((value): value is [string, string] => filters.includes(value[0])))
    const wanted = Number(limit)
    if (!Number.isInteger(wanted) || wanted < 1) throw new Usage(`--limit is a number of rows, not "${limit}".`)
    const api = apiFor(root)
    const chosen = Object.keys(said).length > 0 ? said : usual
    const rows = []
    for (let cursor: string | null | undefined; rows.length < wanted && cursor !== null;) {
      const query = new URLSearchParams({ ...chosen, limit: String(Math.min(page_max, wanted - rows.length)), ...(cursor ? { cursor } : {}) })
      const page: Page = await api.get<Page>(`${path}?${query}`)
      rows.push(...page.items)
      cursor = page.next
    }
    if (json) for (const row of rows) print(JSON.stringify(row))
    else if (rows.length === 0) print(`Nothing of that kind${Object.keys(chosen).length > 0 ? ' that fits' : ''}.`)
    else for (const line of table(rows, columns)) print(line)
    return 0
  },
})

interface Question {
  readonly name: string
  readonly about: string
  /** With `:name` for each parameter; `:orchestrator` may be left out by its key. */
  readonly path: string
  readonly lines?: (answer: any) => readonly string[]
}

/** One answer, a field in a line, or with --json as it is. */
export function question({ name, about, path, lines = sheet }: Question): Command {
  const { parameters } = routeParts(`GET ${path}`)
  const named = parameters.filter((parameter) => parameter !== 'orchestrator')
  return {
    about,
    usage: `${name} ${named.map((parameter) => `${parameter.toUpperCase()} `).join('')}${parameters.length > named.length ? '[--orchestrator ID] ' : ''}[--json]`,
    async run(args) {
      const { values: { json, root, orchestrator }, positionals } = optionsOf(args, { orchestrator: { type: 'string' } })
      if (positionals.length !== named.length) throw new Usage(`Usage: ${name} ${named.map((parameter) => parameter.toUpperCase()).join(' ')}.`)
      const api = apiFor(root)
      const said = Object.fromEntries(named.map((parameter, nth) => [parameter, positionals[nth]!]))
      const own = parameters.length > named.length ? { orchestrator: orchestrator ?? await ownOrchestrator(api) } : {}
      const answer = await api.get(addressed({ path, parameters }, { ...said, ...own }).path)
      if (json) print(JSON.stringify(answer))
      else for (const line of lines(answer)) print(line)
      return 0
    },
  }
}
