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

/** How many tasks a search for a cycle looks at before it lets the dependency pass. */
const visits_max = 1_000

/** The circle that a wait of `from` for `to` would close: task ids, the first one again at the end. */
export function cycleThrough(from: string, to: string, { look }: Sight): readonly string[] | undefined {
  const cameFrom = new Map<string, string>([[to, from]])
  for (const id of cameFrom.keys()) {
    if (id === from) return pathTo(from, cameFrom)
    if (cameFrom.size > visits_max) return undefined
    const task = look(taskState, id)
    for (const next of task.status === 'NONE' ? [] : task.dependsOn) if (!cameFrom.has(next)) cameFrom.set(next, id)
  }
  return undefined
}

function pathTo(from: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const path = [from]
  do path.unshift(cameFrom.get(path[0]!)!)
  while (path[0] !== from)
  return path
}
