/** A fact of the log, as far as this looks at it. */
export interface Seen {
  readonly id: string
  readonly category: string
  readonly type: string
  readonly at: string
  readonly revision: number
  readonly data: any
}

/** A command that was answered with yes: the fact that it led to. */
export interface Acknowledged {
  readonly type: string
  readonly id: string
  readonly revision: string
}

/** When a program of a task was seen alive, by one clock. */
export interface Lived {
  readonly task: string
  readonly session: string
  readonly from: bigint
  readonly to: bigint
}

export interface Findings {
  /** Acknowledged and not there, or not there once. */
  readonly lost: readonly string[]
  readonly completedTwice: readonly string[]
  /** Tasks of which a lease was granted while another was live. */
  readonly leasedTwice: readonly string[]
  /** Tasks whose lease expired, and nothing came of it afterwards. */
  readonly orphans: readonly string[]
  /** Sessions that are open, and whose lease has ended. */
  readonly openWithoutLease: readonly string[]
  /** Tasks of which two programs were alive at one instant. */
  readonly livedTwice: readonly string[]
  /** From the last sign of life to the next start of each lease that expired. */
  readonly reclaim_ms: readonly number[]
}

const tasksOf = (facts: readonly Seen[]) => Map.groupBy(facts.filter(({ category }) => category === 'task'), ({ id }) => id)

/** Leases that were live at the same time, by the facts of one task. */
function leases(facts: readonly Seen[]): { readonly isDouble: boolean; readonly live: string | undefined } {
  let live: string | undefined
  let isDouble = false
  for (const { type, data } of facts) {
    if (type === 'TaskStarted') {
      isDouble ||= live !== undefined
      live = data.slot
    } else if (data.lease?.slot !== undefined && data.lease.slot === live) {
      live = undefined
    }
  }
  return { isDouble, live }
}

/** Looks through a log for what must not be in it. */
export function scanned(facts: readonly Seen[], acknowledged: readonly Acknowledged[], lived: readonly Lived[]): Findings {
  const tasks = tasksOf(facts)
  const counts = Map.groupBy(facts, ({ type, id, revision }) => `${type} ${id} ${revision}`)
  const live = new Set([...tasks.values()].flatMap((facts) => leases(facts).live ?? []))
  const named = (isSo: (facts: readonly Seen[]) => boolean) => [...tasks].filter(([, facts]) => isSo(facts)).map(([id]) => id)
  const expiries = [...tasks.values()].flatMap((facts) => facts.flatMap((fact, n) => (fact.type === 'LeaseExpired' ? [{ fact, next: facts.slice(n + 1).find(({ type }) => type === 'TaskStarted'), isLast: n === facts.length - 1 }] : [])))
  const sessions = Map.groupBy(facts.filter(({ category }) => category === 'workSession'), ({ id }) => id)
  const byTask = Map.groupBy(lived, ({ task }) => task)
  const overlaps = (some: readonly Lived[]) => some.some((a, n) => some.slice(n + 1).some((b) => a.from <= b.to && b.from <= a.to))
  return {
    lost: acknowledged.filter(({ type, id, revision }) => counts.get(`${type} ${id} ${revision}`)?.length !== 1).map(({ type, id }) => `${type} ${id}`),
    completedTwice: named((facts) => facts.filter(({ type }) => type === 'TaskCompleted').length > 1),
    leasedTwice: named((facts) => leases(facts).isDouble),
    orphans: expiries.filter(({ isLast }) => isLast).map(({ fact: { id } }) => id),
    openWithoutLease: [...sessions].filter(([id, facts]) => !live.has(id) && !facts.some(({ type }) => /^WorkSession(Completed|Failed|Terminated)$/.test(type))).map(([id]) => id),
    livedTwice: [...byTask].filter(([, some]) => overlaps(some)).map(([task]) => task),
    reclaim_ms: expiries.flatMap(({ fact, next }) => (next ? [Date.parse(next.at) - Date.parse(fact.data.lastSeen)] : [])).toSorted((a, b) => a - b),
  }
}

/** The value that so many percent are at most. */
export const percentile = (sorted: readonly number[], percent: number): number => sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN
