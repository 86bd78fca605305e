import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Orchestrator } from 'shared-domain/fleet/orchestrator/events.ts'
import { orchestratorState } from 'shared-domain/fleet/orchestrator/state.ts'
import { defaults } from 'shared-domain/fleet/organization/settings.ts'
import { Rejection, scopes, type Command, type Context } from 'shared-domain/kernel/decider.ts'
import { idNamed } from 'shared-domain/kernel/name-id.ts'
import type { Priority } from 'shared-domain/vocabulary.ts'
import { task } from 'shared-domain/work/task/decider.ts'
import { Task, type TaskEvent } from 'shared-domain/work/task/events.ts'
import { passed, spansOf } from 'shared-domain/work/task/passing-on.ts'
import { taskState, type Known, type TaskState } from 'shared-domain/work/task/state.ts'

/** Something that was wanted and, unless nobody has, done. */
export interface Wanted {
  readonly id: string
  readonly priority: Priority
  readonly createdAt: string
  /** Given with it; else that of its priority. */
  readonly deadline: string | undefined
  readonly endedAt: string | undefined
}

/** Of a task whose work one group passed to another. */
export interface Move {
  readonly task: string
  readonly from: string
  readonly to: string
  readonly at: string
}

const [critical, high, medium, low] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const
const priorities: Readonly<Record<string, Priority>> = { 1: critical, 2: high, 3: medium, 4: low }

/** Local times are compared with one another alone. */
const instant = (local: string | undefined) => (local ? new Date(`${local}Z`).toISOString() : undefined)

/** The columns that are asked for of each row; none of them holds a comma. */
function rowsOf(file: string, ...names: readonly string[]): readonly string[][] {
  const bytes = readFileSync(file)
  const [head, ...lines] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().trim().split('\n')
  const places = names.map((name) => head!.split(',').indexOf(name))
  return lines.map((line) => {
    const values = line.split(',')
    return places.map((place) => values[place]!)
  })
}

/** Requests to a city that have a target. */
export const requests = (file: string): readonly Wanted[] => rowsOf(file, 'case_enquiry_id', 'open_dt', 'target_dt', 'closed_dt')
  .filter(([, , target]) => target)
  .map(([id, opened, target, closed]) =>
    ({ id: id!, priority: medium, createdAt: instant(opened)!, deadline: instant(target), endedAt: instant(closed) }))

/** Incidents by the priority that each had first, from where that is told. */
export function incidents(outcomes: string, first: string): readonly Wanted[] {
  const priority = new Map<string, Priority>()
  for (const [number, level] of rowsOf(first, 'number', 'priority')) if (!priority.has(number!)) priority.set(number!, priorities[level!] ?? low)
  return rowsOf(outcomes, 'number', 'opened_at', 'resolved_at').map(([id, opened, resolved]) =>
    ({ id: id!, priority: priority.get(id!) ?? low, createdAt: instant(opened)!, deadline: undefined, endedAt: instant(resolved) }))
}

/** From one group of an incident to the next. */
export function groupMoves(events: string): readonly Move[] {
  const groups = new Map<string, string>()
  return rowsOf(events, 'number', 'sys_updated_at', 'assignment_group').flatMap(([task, at, to]) => {
    const from = groups.get(task!)
    if (!to) return []
    groups.set(task!, to)
    return from === undefined || from === to ? [] : [{ task: task!, from, to, at: instant(at)! }]
  })
}

const organization = 'recorded'
const owner = idNamed('owner')
const by = { kind: 'admin', id: 'recorded' } as const

/** Somebody who is at work, whose every task it is. */
const atWork = [
  Orchestrator.OrchestratorRegistered({
    name: 'Recorded', discipline: 'general', role: 'lead', capabilities: [], timezone: 'UTC', daemonEndpoint: null, consensusWeight: 1, email: null,
    avatarUrl: null, tier: 1, maxConcurrentTasks: 5,
  }),
  Orchestrator.OrchestratorStatusChanged({ from: 'OFFLINE', to: 'ONLINE', action: 'activate', reason: null }),
].reduce((state, fact, revision) =>
  orchestratorState.evolve(state, fact, { at: '', by, organization, commandId: '', revision, position: '0' }), orchestratorState.initial)

/** One task by itself, as its decider knows it. */
class Life {
  state: TaskState = taskState.initial
  #revision = 0
  readonly #id: string

  constructor(id: string) {
    this.#id = id
  }

  contextAt(at: string): Context {
    return {
      id: this.#id, at, by, actsFor: null, allowed: scopes, organization, commandId: idNamed(`${this.#id} ${this.#revision}`), settings: defaults,
      look: (fold) => (fold.category === orchestratorState.category ? atWork : fold.initial) as never,
    }
  }

  /** What follows from a command at this instant. Throws what it is refused with. */
  does(name: 'create' | 'start' | 'complete', data: object, at: string): readonly TaskEvent[] {
    const command = (task.commands as Readonly<Record<string, Command<TaskState, TaskEvent>>>)[name]!
    const facts = command.decide(this.state, command.data.parse(data), this.contextAt(at))
    if (facts instanceof Rejection) throw new Error(`${name} of ${this.#id} is refused: ${facts.code}`)
    return this.happened(facts, at)
  }

  happened(facts: readonly TaskEvent[], at: string): readonly TaskEvent[] {
    const { commandId } = this.contextAt(at)
    for (const fact of facts)
      this.state = taskState.evolve(this.state, fact, { at, by, organization, commandId, revision: this.#revision, position: String(this.#revision++) })
    return facts
  }
}

export interface Standing {
  readonly priority: Priority
  readonly met: number
  readonly missed: number
  readonly open: number
}

/** What becomes of the deadlines when each is wanted, begun and done at its recorded times, by priority; those without are left out. */
export function standings(wanted: readonly Wanted[]): readonly Standing[] {
  const counts = new Map<Priority, { met: number; missed: number; open: number }>()
  for (const { id, priority, createdAt, deadline, endedAt } of wanted) {
    const life = new Life(idNamed(id))
    life.does('create', { owner, title: id, priority, ...(deadline === undefined ? {} : { slaDeadline: deadline }) }, createdAt)
    if ((life.state as Known).sla.deadline === null) continue
    const count = counts.get(priority) ?? { met: 0, missed: 0, open: 0 }
    counts.set(priority, count)
    life.does('start', {}, createdAt)
    const facts = endedAt === undefined ? [] : life.does('complete', {}, endedAt)
    const done = facts.find((fact) => fact.type === 'TaskCompleted')
    count[done ? (done.data.slaMet ? 'met' : 'missed') : 'open']++
  }
  return [critical, high, medium, low].flatMap((priority) => (counts.has(priority) ? [{ priority, ...counts.get(priority)! }] : []))
}

/** How often a group got back, within a day, what it had passed on, as each move tells it: of all moves, once at least, twice at least. */
export function backs(moves: readonly Move[]): readonly [moves: number, once: number, twice: number] {
  const told: number[] = []
  for (const [name, some] of Map.groupBy(moves, ({ task }) => task)) {
    const life = new Life(idNamed(name))
    life.does('create', { owner, title: name }, some[0]!.at)
    for (const { from, to, at } of some) {
      const [by, target] = [idNamed(from), idNamed(to)] as never[]
      const known = { ...life.state as Known, owner: by! }
      const { status, priority, dueAt } = known
      const chosen = { to: target!, policy: null, candidates: [], rejected: [], grounds: null }
      const move = Task.TaskHandedOff({
        owner: by!, from: status, note: null, forced: false, context: {}, lease: null,
        snapshot: { status, percentage: 0, attempt: 0, priority, dueAt, assignee: null },
        ...passed(known, chosen, spansOf({ retries: 0, force: false }, at), null, life.contextAt(at), null),
      })
      life.happened([move], at)
      told.push(move.data.back)
    }
  }
  return [told.length, told.filter((back) => back >= 1).length, told.filter((back) => back >= 2).length]
}
