import { caseOf, phaseOf } from './course.ts'
import type { Mapping } from './mapping.ts'
import type { Refusal } from './player.ts'
import type { Row } from './row.ts'

interface Life {
  /** What is said of it first that is not its end. */
  first?: Row
  /** Rows that say that it begins, and that it is taken up. */
  readonly begun: Row[]
  readonly started: Row[]
}

/**
 * Leaves out the ends that come before their beginnings, which would pass for work that took no time. Rows by time.
 *
 * An end comes before its start when the case was not taken up until then, but is later; unless the file itself tells of the two in this
 * order, as of what is taken up again. It comes before its creation when nothing is known of the case until then, and a row tells
 * that it was created later.
 */
export function withoutContradictions({ tolerance_ms }: Mapping, rows: readonly Row[], onRefusal: (refusal: Refusal) => void): Row[] {
  const lives = new Map<string, Life>()
  for (const row of rows) {
    if (row.source.kind === 'dependencies') continue
    const life = lives.get(caseOf(row)) ?? { begun: [], started: [] }
    lives.set(caseOf(row), life)
    if (!endOf(row)) life.first ??= row
    if (row.source.kind === 'cases') life.begun.push(row)
    else if (phaseOf(row) === 'active') life.started.push(row)
  }
  const isAfter = (one: Row, other: Row) => Date.parse(one.at) - Date.parse(other.at) > tolerance_ms
  /** The first of these rows, if it comes later than the end does. */
  const laterThan = (end: Row, [earliest]: readonly Row[]) => (earliest && isAfter(earliest, end) ? earliest : undefined)
  return rows.filter((row) => {
    const end = endOf(row)
    if (!end) return true
    const { first, begun, started } = lives.get(caseOf(row))!
    const start = laterThan(row, started)
    const creation = first && first.at > row.at ? laterThan(row, begun) : undefined
    const refuse = (code: string, reason: string) => {
      onRefusal({ file: row.source.file, row: row.number, case: caseOf(row), wish: end, code, reason })
      return false
    }
    if (creation) return refuse('ENDED_BEFORE_CREATION', `the case ends at ${row.at} and is created at ${creation.at} (${placeOf(creation)})`)
    if (start && !(start.source.file === row.source.file && start.number > row.number)) return refuse('ENDED_BEFORE_START', `the case ends at ${row.at} and is taken up at ${start.at} (${placeOf(start)})`)
    return true
  })
}

const ends: Readonly<Record<string, string>> = { done: 'complete', cancelled: 'cancel' }

/** What ends the case, if the row says that it does. */
const endOf = (row: Row): string | undefined => (row.source.kind === 'states' ? ends[phaseOf(row) ?? ''] : undefined)

const placeOf = ({ source: { file }, number }: Row): string => `${file} row ${number}`
