import { capacities } from '../../fleet/capacity/capacities.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { countsOf, rowsOf, type FoundOf, type Grounds } from '../../kernel/grounds.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { delegations } from '../../work/task/delegations.ts'
import { closedAmong, closedRows } from '../schedule/told.ts'
import type { Loose, Place } from './even-pressure.ts'

const places_max = 400
/** So many of the tasks that wait are looked at, the youngest first, and so many moves of the last day. */
const tasks_max = 5_000
const moved_max = 3_000

/** What is asked of those that are named, or of all. */
export function asked(named: readonly OrchestratorId[] | undefined, at: string) {
  const own = named ? { orchestrator: [...named] } : {}
  const owned = named ? { owner: [...named] } : {}
  return {
    peers: rowsOf(orchestrators, {
      columns: ['orchestrator', 'status', 'capabilities'], where: { ...own, status: ['ONLINE', 'BUSY', 'AWAY', 'OFFLINE'] },
      limit: places_max,
    }),
    room: rowsOf(capacities, {
      columns: ['orchestrator', 'max', 'active', 'reserved', 'max_queue_size'], where: own, limit: places_max,
    }),
    queued: countsOf(backlog, { columns: ['owner'], where: { ...owned, status: ['TODO', 'BLOCKED'] }, limit: places_max }),
    loose: rowsOf(backlog, {
      columns: ['task', 'owner', 'priority', 'due_at', 'created_at', 'required_capabilities', 'deferred_until'],
      where: { ...owned, status: 'TODO', assigned: false, delegated_by: null }, order: ['created_at'], descending: true, limit: tasks_max,
    }),
    closed: { ...closedRows, limit: places_max },
    moved: rowsOf(delegations, { columns: ['task'], atLeast: { at: later(at, -day_ms) }, limit: moved_max }),
  }
}

type Found = FoundOf<ReturnType<typeof asked>>

/** Who there is, and what may move: nothing that moved within a day, or that waits for its time. */
export function seen({ rows }: Grounds, at: string): { readonly places: readonly Place[]; readonly loose: readonly Loose[] } {
  const { peers, room, queued, loose, moved, closed } = rows as Found
  const away = closedAmong(closed, at)
  const rooms = new Map(room.map((row) => [row.orchestrator, row]))
  const waiting = new Map(queued.map(({ owner, count }) => [owner, count]))
  const places = peers.flatMap(({ orchestrator, status, capabilities }): readonly Place[] => {
    const here = rooms.get(orchestrator)
    return here ? [{
      orchestrator, used: here.active + here.reserved, queued: waiting.get(orchestrator) ?? 0, max: here.max,
      maxQueueSize: here.max_queue_size, isTaking: (status === 'ONLINE' || status === 'BUSY') && !away.has(orchestrator), capabilities,
    }] : []
  })
  const tired = new Set(moved.map(({ task }) => task))
  const free = loose.filter(({ task, deferred_until: until }) => !tired.has(task) && (until === null || until <= at))
  return {
    places,
    loose: free.map(({ task, owner, priority, due_at: dueAt, created_at: createdAt, required_capabilities: requiredCapabilities }) =>
      ({ task, owner, priority, dueAt, createdAt, requiredCapabilities })),
  }
}
