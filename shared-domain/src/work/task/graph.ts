import type { Context } from '../../kernel/decider.ts'
import type { TaskId } from '../../vocabulary.ts'
import { isOpen, taskState, type Known } from './state.ts'

type Sight = Pick<Context, 'look' | 'organization'>

/** Those that do not exist in the organization. */
export const unknownAmong = (ids: readonly TaskId[], { look, organization }: Sight): TaskId[] => ids.filter((id) => {
  const task = look(taskState, id)
  return task.status === 'NONE' || task.organization !== organization
})

/** Those that still have to end. */
export const openAmong = (ids: readonly TaskId[], { look }: Sight): TaskId[] => ids.filter((id) => isOpen(look(taskState, id)))

/** How many tasks a search looks at before it gives up. */
const visits_max = 1_000

/** The tasks that a task leads to. */
type Leads = (id: string) => readonly string[]

/** All that a task leads to over any others, itself first, each with the one before it; no further than `until`. */
function reached(start: string, leads: Leads, until?: string): ReadonlyMap<string, string> | 'unknown' {
  const cameFrom = new Map([[start, until ?? start]])
  for (const id of cameFrom.keys()) {
    if (id === until) break
    if (cameFrom.size > visits_max) return 'unknown'
    for (const next of leads(id)) if (!cameFrom.has(next)) cameFrom.set(next, id)
  }
  return cameFrom
}

function circleOf(from: string, to: string, leads: Leads): readonly TaskId[] | 'unknown' | undefined {
  const cameFrom = reached(to, leads, from)
  if (cameFrom === 'unknown') return 'unknown'
  if (!cameFrom.has(from)) return undefined
  const path = [from]
  do path.unshift(cameFrom.get(path[0]!)!)
  while (path[0] !== from)
  return path as TaskId[]
}

/** What is done is final and waits for nothing. */
function waiting(id: string, { look }: Sight): Pick<Known, 'dependsOn' | 'waitsSince'> {
  const task = look(taskState, id)
  return task.status === 'NONE' || task.status === 'DONE' ? { dependsOn: [], waitsSince: new Map() } : task
}

/**
 * The circle that a wait of `from` for `to` closes: task ids, the first one again at the end. Where too much hangs together it is not
 * known whether there is one.
 */
export const cycleThrough = (from: string, to: string, sight: Sight) => circleOf(from, to, (id) => waiting(id, sight).dependsOn)

/** Among how many waits it is told which of them stand. */
const waits_max = 1_000

/**
 * The circle that this wait closes with those that were said before it. Waits that are added side by side do not see one another: here
 * they are gone through in the order of the log, and one that closes a circle of those that stand does not stand. So all who look come to
 * the same end, whether those that do not stand are withdrawn already or not.
 */
export function circleClosed(from: string, to: string, sight: Sight): readonly TaskId[] | undefined {
  const since = (id: string, dependency: string) => BigInt(waiting(id, sight).waitsSince.get(dependency)!)
  const own = since(from, to)
  const older: Leads = (id) => waiting(id, sight).dependsOn.filter((dependency) => since(id, dependency) < own)
  const closed = circleOf(from, to, older)
  if (typeof closed !== 'object') return undefined
  const waits = tangled(from, to, older)
  // Of too many all are taken to stand: rather one wait too few than a circle.
  if (waits === 'unknown' || waits.length > waits_max) return closed
  const standing = new Map<string, readonly string[]>()
  const stands = (id: string) => standing.get(id) ?? []
  for (const wait of waits.sort((a, b) => (since(a.from, a.to) < since(b.from, b.to) ? -1 : 1)))
    if (!circleOf(wait.from, wait.to, stands)) standing.set(wait.from, [...stands(wait.from), wait.to])
  const still = circleOf(from, to, stands)
  return typeof still === 'object' ? still : undefined
}

/** The waits by which one may come from `to` to `from`. */
function tangled(from: string, to: string, leads: Leads) {
  const behind = reached(to, leads)
  if (behind === 'unknown') return 'unknown'
  const waits = [...behind.keys()].flatMap((id) => leads(id).map((next) => ({ from: id, to: next })))
  const before = Map.groupBy(waits, (wait) => wait.to)
  const within = reached(from, (id) => (before.get(id) ?? []).map((wait) => wait.from)) as ReadonlyMap<string, string>
  return waits.filter((wait) => within.has(wait.from) && within.has(wait.to))
}
