/** A row of /delegation-pairs-daily. */
export interface PairDay {
  readonly from: string
  readonly to: string
  readonly day: string
  readonly delegations: number
  readonly handoffs: number
  readonly accepted: number
  readonly started: number
  readonly completed: number
  readonly declined: number
  readonly recalled: number
  readonly timed_out: number
  readonly failed: number
  readonly cancelled: number
  readonly returned: number
}

export const outcomes = ['all', 'delegations', 'handoffs', 'accepted', 'started', 'completed', 'declined', 'recalled', 'timed_out', 'failed', 'cancelled', 'returned'] as const
export type Outcome = typeof outcomes[number]

const counts = (row: PairDay, outcome: Outcome) => (outcome === 'all' ? row.delegations + row.handoffs : row[outcome])

export interface Matrix {
  /** Who moved most first; rows and columns are the same. */
  readonly who: readonly string[]
  readonly most: number
  readonly total: number
  readonly isCut: boolean
  at(from: string, to: string): number
}

/** How often work went from whom to whom, with this outcome, over all days. */
export function matrixOf(rows: readonly PairDay[], outcome: Outcome, who_max = 50): Matrix {
  const cells = new Map<string, number>()
  const moves = new Map<string, number>()
  const add = (to: Map<string, number>, key: string, count: number) => to.set(key, (to.get(key) ?? 0) + count)
  for (const row of rows) {
    add(cells, `${row.from} ${row.to}`, counts(row, outcome))
    for (const who of [row.from, row.to]) add(moves, who, counts(row, 'all'))
  }
  const ranked = [...moves].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([who]) => who)
  return {
    who: ranked.slice(0, who_max), most: Math.max(0, ...cells.values()), total: [...cells.values()].reduce((sum, count) => sum + count, 0), isCut: ranked.length > who_max,
    at: (from, to) => cells.get(`${from} ${to}`) ?? 0,
  }
}

export interface Move {
  readonly task: string
  readonly revision: number
  readonly kind: 'delegation' | 'handoff'
  readonly from: string
  readonly to: string
  readonly at: string
  readonly reason: string | null
  readonly state: string
  readonly answer_by: string | null
  readonly finish_by: string | null
  readonly depth: number | null
  readonly back: number
}

/** Moves of one task that are open, the first one first: who has passed it on to whom. The longest chains come first. */
export function chainsOf(moves: readonly Move[]): readonly (readonly [Move, ...Move[]])[] {
  const byTask = Map.groupBy(moves, ({ task }) => task)
  return [...byTask.values()].map((all) => [...all].sort((a, b) => a.revision - b.revision) as [Move, ...Move[]])
    .sort((a, b) => b.length - a.length || (a[0].at < b[0].at ? -1 : 1))
}
