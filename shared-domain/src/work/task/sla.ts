import { z } from 'zod'
import { elapsed_ms, hour_ms, later, type Instant } from '../../kernel/time.ts'
import type { Priority } from '../../vocabulary.ts'

const Hours = z.int().min(1).max(8_760).nullable()

/** Within how many hours a task of each priority is to be done; null for no deadline. */
export const SlaHours = z.strictObject({ CRITICAL: Hours, HIGH: Hours, MEDIUM: Hours, LOW: Hours })
export type SlaHours = z.output<typeof SlaHours>

/** The deadline of a task, and the clock that leads to it. */
export interface Sla {
  readonly deadline: Instant | null
  /** It was given; else it follows from the priority. */
  readonly given: boolean
  /** The task was taken over from another log: it has a deadline only if one is given. */
  readonly imported: boolean
  /** When it was wanted, the last time. */
  readonly start: Instant
  /** How long it was escalated since then. */
  readonly paused_ms: number
  readonly warned: boolean
  readonly violated: boolean
  /** Somebody was asked to look at it for that. */
  readonly escalated: boolean
}

export type Terms = Pick<Sla, 'deadline' | 'given'>

/** The clock of a task that is wanted from now on. */
export const running = (terms: Terms, start: Instant, imported: boolean): Sla =>
  ({ ...terms, imported, start, paused_ms: 0, warned: false, violated: false, escalated: false })

/** The deadline that follows from the priority. */
export function byPriority(
  priority: Priority, { imported, start, paused_ms }: Pick<Sla, 'imported' | 'start' | 'paused_ms'>, hours: SlaHours,
): Terms {
  const allowed_h = imported ? null : hours[priority]
  return { deadline: allowed_h === null ? null : later(start, allowed_h * hour_ms + paused_ms), given: false }
}

/** The terms of a task whose deadline was given, if one was. */
export const given = (deadline: Instant): Terms => ({ deadline, given: true })

/** When the warning is due: a fifth of the time that was allowed before the deadline; never where it was told, or came too late. */
export function warnAtOf({ deadline, start, paused_ms, warned, violated }: Sla): Instant | null {
  if (deadline === null || warned || violated) return null
  const allowed_ms = Math.max(0, elapsed_ms(start, deadline) - paused_ms)
  return later(deadline, -Math.floor(allowed_ms / 5))
}

/** An open task has violated its deadline from here on. */
export const violatedAt = (deadline: Instant): Instant => later(deadline, 1)

/** The deadline after a pause: one that has passed stays where it was. */
export const resumed = ({ deadline, violated }: Sla, paused_ms: number): Instant | null =>
  (deadline === null || violated ? deadline : later(deadline, paused_ms))

/** Whether the work was done by its deadline, where there is one. */
export const isMet = ({ deadline }: Pick<Sla, 'deadline'>, at: Instant): boolean | null => (deadline === null ? null : at <= deadline)
