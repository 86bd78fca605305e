import { caseOf, Course, dependencyOf, type Accepted } from './course.ts'
import type { Mapping } from './mapping.ts'
import type { Row } from './row.ts'
import { Verdicts } from './verdicts.ts'

/** What is settled before anything is sent, by the rows alone: the same rows again make the same plan. */
export interface Plan {
  /** Who is to own a case, and the row that first names them. */
  readonly owners: ReadonlyMap<string, Row>
  /** The cases that are put back before a row, so that its own can be taken up. */
  readonly room: ReadonlyMap<Row, readonly string[]>
  /** Whose slot a row takes, and how many of theirs are taken up to then, those given back included. */
  readonly begins: ReadonlyMap<Row, { readonly owner: string; readonly nth: number }>
  /** Whose slots a row gives back of its own case. */
  readonly ends: ReadonlyMap<Row, readonly string[]>
  /** The cases of which all earlier rows must have been played: the row rests on how they stand. */
  readonly after: ReadonlyMap<Row, Iterable<string>>
  /**
   * Wishes by name, and why they are in vain for now. They are not sent: Baton judges a refused command anew when it comes again, and
   * when the log is played again what was in the way is gone. What has ended for good is left to Baton's judgement.
   */
  readonly vain: ReadonlyMap<Row, ReadonlyMap<string, string>>
}

export const slots_max = 50
/** Slots come back in the background, a moment after what gives them back was answered: so many stay unused. */
export const slots_spare = 8
/** Of those, as many as cases side by side may take that overtake one another. */
const slots_overtaking = 2
export const slots_begun = slots_max - slots_spare + slots_overtaking

const accepted: Accepted = { revision: '0' }

/**
 * The order in which rows are played: that of their times, but a case begins no later than the first row that says something of it, and
 * a dependency comes no earlier than its cases, as far as they come at all.
 */
export function inOrder(rows: readonly Row[]): Row[] {
  const begun = new Map<string, string>()
  for (const row of rows) {
    if (row.source.kind !== 'dependencies' && !(begun.get(caseOf(row))! <= row.at)) begun.set(caseOf(row), row.at)
  }
  const moved = (row: Row): Row => {
    const { kind } = row.source
    if (kind === 'states') return row
    const since = [caseOf(row), dependencyOf(row)].map((name) => begun.get(name ?? '') ?? '')
    return { ...row, at: kind === 'cases' ? since[0]! : [row.at, ...since].sort().at(-1)! }
  }
  const rank = { cases: 0, states: 1, dependencies: 2 }
  return rows.map(moved).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : rank[a.source.kind] - rank[b.source.kind]))
}

/**
 * Nobody works on more than fifty things at once: what was not touched for the longest time is put back, and taken up again later. The
 * plan takes it that every wish is granted that the rows do not contradict.
 */
export function planOf(mapping: Mapping, rows: readonly Row[]): Plan {
  const course = new Course(mapping)
  const verdicts = new Verdicts(course.cases)
  const room = new Map<Row, readonly string[]>()
  const after = new Map<Row, Iterable<string>>()
  const vain = new Map<Row, ReadonlyMap<string, string>>()
  const begins = new Map<Row, { owner: string; nth: number }>()
  const ends = new Map<Row, readonly string[]>()
  const begun = new Map<string, number>()
  /** Whose slot a case has. */
  const holders = new Map<string, string>()
  /** Cases in progress by their owner, the one that was touched longest ago first. */
  const active = new Map<string, Set<string>>()
  const activeOf = (owner: string) => active.get(owner) ?? active.set(owner, new Set()).get(owner)!

  const makeRoom = (row: Row, owner: string) => {
    const busy = activeOf(owner)
    const idle = [...busy].slice(0, Math.max(0, busy.size - (slots_max - slots_spare - 1)))
    if (idle.length > 0) room.set(row, idle)
    for (const other of idle) {
      busy.delete(other)
      holders.delete(other)
      course.cases.get(other)!.phase = 'open'
    }
  }

  const end = (row: Row, name: string) => {
    const holder = holders.get(name)
    if (holder !== undefined && holders.delete(name)) ends.set(row, [...ends.get(row) ?? [], holder])
  }

  const begin = (row: Row, name: string, owner: string) => {
    makeRoom(row, owner)
    end(row, name)
    holders.set(name, owner)
    const nth = (begun.get(owner) ?? 0) + 1
    begun.set(owner, nth)
    begins.set(row, { owner, nth })
  }

  for (const row of rows) {
    const name = caseOf(row)
    const other = dependencyOf(row)
    const now = () => course.cases.get(name)
    const rests = other === undefined ? verdicts.waitsOf(name) : verdicts.chainOf(other)
    if (rests.size > 0) after.set(row, rests)
    activeOf(now()?.owner ?? '').delete(name)
    const wishes = course.of(row)
    for (let wish = wishes.next(); !wish.done;) {
      const code = verdicts.on(name, wish.value.name, other)
      if (code && now()?.phase !== 'done') vain.set(row, new Map([...vain.get(row) ?? [], [wish.value.name, code]]))
      else if (!code && other !== undefined) verdicts.wait(name, other)
      else if (!code && wish.value.name === 'start') begin(row, name, now()!.owner)
      wish = wishes.next(code ? undefined : accepted)
    }
    const later = now()
    if (later?.phase === 'active') activeOf(later.owner).add(name)
    else end(row, name)
  }
  return { owners: course.owners, room, begins, ends, after, vain }
}
