import { caseOf, Course, dependencyOf, type Accepted, type Case, type Wish } from './course.ts'
import type { Mapping } from './mapping.ts'
import type { Row } from './rows.ts'

/** What is settled before anything is sent, by the rows alone: the same rows again make the same plan. */
export interface Plan {
  /** Who is to own a case, and when they are first named. */
  readonly owners: ReadonlyMap<string, string>
  /** The cases that are put back before a row, so that its own can be taken up. */
  readonly room: ReadonlyMap<Row, readonly string[]>
  /** Dependencies that come before their cases, and the refusal. They are not sent: when the log is played again, the cases are there. */
  readonly early: ReadonlyMap<Row, 'NOT_FOUND' | 'DEPENDENCY_UNKNOWN'>
}

export const slots_max = 50
/** Slots come back in the background, and cases side by side overtake one another: so many stay unused. */
export const slots_spare = 8

const accepted: Accepted = { revision: '0' }

/**
 * Nobody works on more than fifty things at once: what was not touched for the longest time is put back, and taken up again later. The
 * plan takes it that every wish is granted, save those of a case that has ended.
 */
export function planOf(mapping: Mapping, rows: readonly Row[]): Plan {
  const course = new Course(mapping)
  const room = new Map<Row, readonly string[]>()
  const early = new Map<Row, 'NOT_FOUND' | 'DEPENDENCY_UNKNOWN'>()
  /** Cases in progress by their owner, the one that was touched longest ago first. */
  const active = new Map<string, Set<string>>()
  const activeOf = (owner: string) => active.get(owner) ?? active.set(owner, new Set()).get(owner)!

  for (const row of rows) {
    const name = caseOf(row)
    const other = dependencyOf(row)
    if (other !== undefined) {
      if (!course.cases.has(name)) early.set(row, 'NOT_FOUND')
      else if (!course.cases.has(other)) early.set(row, 'DEPENDENCY_UNKNOWN')
      continue
    }
    const now = () => course.cases.get(name)
    activeOf(now()?.owner ?? '').delete(name)
    const wishes = course.of(row)
    for (let wish = wishes.next(); !wish.done; wish = wishes.next(isGranted(now(), wish.value) ? accepted : undefined)) {
      if (wish.value.name !== 'start' || !isGranted(now(), wish.value)) continue
      const busy = activeOf(now()!.owner)
      const idle = [...busy].slice(0, Math.max(0, busy.size - (slots_max - slots_spare - 1)))
      if (idle.length > 0) room.set(row, idle)
      for (const other of idle) {
        busy.delete(other)
        course.cases.get(other)!.phase = 'open'
      }
    }
    const after = now()
    if (after?.phase === 'active') activeOf(after.owner).add(name)
  }
  return { owners: course.owners, room, early }
}

const isGranted = (known: Case | undefined, { name }: Wish): boolean =>
  known?.phase !== 'done' && (known?.phase !== 'cancelled' || name === 'reopen')
