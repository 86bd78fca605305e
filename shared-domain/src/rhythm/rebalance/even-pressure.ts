import { skillOf } from '../../fleet/skills.ts'
import { priorities, type OrchestratorId, type Priority, type TaskId } from '../../vocabulary.ts'

export const policy = 'even-pressure/1'

/** An orchestrator, as far as it matters what it may give and take. */
export interface Place {
  readonly orchestrator: OrchestratorId
  /** Slots that are taken, and tasks that wait. */
  readonly used: number
  readonly queued: number
  readonly max: number
  readonly maxQueueSize: number | null
  /** It is at work and open. */
  readonly isTaking: boolean
  readonly capabilities: readonly string[]
}

/** A task that may be given away. */
export interface Loose {
  readonly task: TaskId
  readonly owner: OrchestratorId
  readonly priority: Priority
  readonly dueAt: string | null
  readonly createdAt: string
  readonly requiredCapabilities: readonly string[]
}

export interface Move {
  readonly task: TaskId
  readonly from: OrchestratorId
  readonly to: OrchestratorId
  readonly reason: string
}

const later = (a: string, b: string) => (a === b ? 0 : a > b ? -1 : 1)

/** Lowest priority, then latest due time (none first), youngest, id. */
const inTurn = (a: Loose, b: Loose): number =>
  priorities.indexOf(b.priority) - priorities.indexOf(a.priority)
  || later(a.dueAt ?? '~', b.dueAt ?? '~')
  || later(a.createdAt, b.createdAt)
  || -later(a.task, b.task)

/** Of who may do nothing at all it is as high as it gets once anything waits. */
export const pressureOf = ({ used, max }: Pick<Place, 'used' | 'max'>, queued: number): number => {
  const load = used + queued
  return max > 0 ? load / max : load > 0 ? Infinity : 0
}

const least = <T>(all: readonly T[], less: (a: T, b: T) => number): T | undefined =>
  all.reduce<T | undefined>((best, one) => (best === undefined || less(one, best) < 0 ? one : best), undefined)

const byId = (a: Place, b: Place) => -later(a.orchestrator, b.orchestrator)

/**
 * Again and again whoever is under the highest pressure gives a task to whoever is under the lowest after it, as long as that stays below
 * what the giver had. A task moves once; who has nothing that anybody would take gives no more.
 */
export function evenPressure(places: readonly Place[], loose: readonly Loose[], moves_max: number): readonly Move[] {
  const queued = new Map(places.map(({ orchestrator, queued }) => [orchestrator, queued]))
  const tasks = new Map([...Map.groupBy(loose, ({ owner }) => owner)].map(([owner, all]) => [owner, all.toSorted(inTurn)]))
  const skills = new Map(places.map(({ orchestrator, capabilities }) => [orchestrator, new Set(capabilities.map(skillOf))]))
  const pressure = (place: Place, more = 0) => pressureOf(place, queued.get(place.orchestrator)! + more)
  const hasRoom = ({ orchestrator, isTaking, used, max, maxQueueSize }: Place) =>
    isTaking && used < max && (maxQueueSize === null || queued.get(orchestrator)! < maxQueueSize)
  const giving = new Set(places)
  const moves: Move[] = []

  /** The first of the giver's tasks that somebody would take, and who. */
  function offered(giver: Place) {
    const before = pressure(giver)
    const takers = places.filter((place) => place !== giver && hasRoom(place) && pressure(place, 1) < before)
    for (const [index, task] of (tasks.get(giver.orchestrator) ?? []).entries()) {
      const able = takers.filter(({ orchestrator }) =>
        task.requiredCapabilities.every((one) => skills.get(orchestrator)!.has(skillOf(one))))
      const taker = least(able, (a, b) => pressure(a, 1) - pressure(b, 1) || byId(a, b))
      if (taker) return { index, task, taker }
    }
    return undefined
  }

  while (moves.length < moves_max) {
    const giver = least([...giving], (a, b) => pressure(b) - pressure(a) || byId(a, b))
    if (!giver) break
    const offer = offered(giver)
    if (!offer) {
      giving.delete(giver)
      continue
    }
    const { index, task: { task }, taker } = offer
    const [from, to] = [giver.orchestrator, taker.orchestrator]
    const reason = `pressure ${pressure(giver).toFixed(2)} over ${pressure(taker, 1).toFixed(2)}`
    tasks.get(from)!.splice(index, 1)
    queued.set(from, queued.get(from)! - 1).set(to, queued.get(to)! + 1)
    moves.push({ task, from, to, reason })
  }
  return moves
}
