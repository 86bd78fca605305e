/** A parameter of a list, as somebody sets it; it stands in the address under the API's own name. */
export interface Filter {
  readonly name: string
  readonly label: string
  readonly kind: 'search' | 'words' | 'choice' | 'several' | 'orchestrator' | 'agent' | 'day'
  readonly options?: readonly string[]
  readonly least?: number
  /** Shown only when asked for. */
  readonly isRare?: boolean
}

/** What the address says of these filters, in the words of the API. Days begin at midnight where the viewer is. */
export function filtered(words: URLSearchParams, filters: readonly Filter[]): Record<string, string | readonly string[]> {
  return Object.fromEntries(filters.flatMap(({ name, kind, least = 1 }) => {
    const values = words.getAll(name).filter((value) => value.length >= least)
    if (values.length === 0) return []
    return [[name, kind === 'day' ? instantOf(values[0]!) : values]]
  }).filter(([, value]) => value !== undefined))
}

function instantOf(day: string): string | undefined {
  const instant = new Date(`${day}T00:00`)
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString()
}
