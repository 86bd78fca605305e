import type { Context } from '../../kernel/decider.ts'
import type { TaskId } from '../../vocabulary.ts'
import { isOpen, taskState } from './state.ts'

type Sight = Pick<Context, 'look' | 'organization'>

/** Those that do not exist in the organization. */
export const unknownAmong = (ids: readonly TaskId[], { look, organization }: Sight): TaskId[] => ids.filter((id) => {
  const task = look(taskState, id)
  return task.status === 'NONE' || task.organization !== organization
})

/** Those that still have to end. */
export const openAmong = (ids: readonly TaskId[], { look }: Sight): TaskId[] => ids.filter((id) => isOpen(look(taskState, id)))

/** How many tasks a search for a cycle looks at before it gives up. */
const visits_max = 1_000

/**
 * The circle that a wait of `from` for `to` closes: task ids, the first one again at the end. What is done is final and waits for
 * nothing. Where too much hangs together it is not known whether there is one.
 */
export function cycleThrough(from: string, to: string, { look }: Sight): readonly TaskId[] | 'unknown' | undefined {
  const cameFrom = new Map([[to, from]])
  for (const id of cameFrom.keys()) {
    if (id === from) return pathTo(from, cameFrom)
    if (cameFrom.size > visits_max) return 'unknown'
    const task = look(taskState, id)
    if (task.status === 'NONE' || task.status === 'DONE') continue
    for (const next of task.dependsOn) if (!cameFrom.has(next)) cameFrom.set(next, id)
  }
  return undefined
}

function pathTo(from: string, cameFrom: ReadonlyMap<string, string>): readonly TaskId[] {
  const path = [from]
  do path.unshift(cameFrom.get(path[0]!)!)
  while (path[0] !== from)
  return path as TaskId[]
}
