import { z } from 'zod'
import { later, second_ms, type Instant } from '../../kernel/time.ts'
import { text } from '../../vocabulary.ts'

/** Whom one step of an escalation asks, and after how long without an answer the next step is begun. */
export const Step = z.object({ people: z.array(z.string()), after_s: z.int() })
export type Step = z.output<typeof Step>

const [after_s, steps_max] = [900, 5]

/** The steps of an organization, one after the other. */
export const Ladder = z.array(z.strictObject({
  people: z.array(text(200)).min(1).max(10), after_s: z.int().min(60).max(604_800).default(after_s),
})).max(steps_max)

/** Stands for all admins of the organization. */
export const admins = 'admins'

/** Who is asked in turn: first who is named, then whom the organization names; where nobody is, its admins. */
export function stepsOf(to: string | null, people: readonly string[], ladder: readonly Step[]): Step[] {
  const named = [...new Set(to === null ? people : [to, ...people])]
  const steps = [...(named.length > 0 ? [{ people: named, after_s }] : []), ...ladder].slice(0, steps_max)
  return steps.length > 0 ? steps : [{ people: [admins], after_s }]
}

/** When the step after this one is begun, if nobody answers; null after the last, which stays. */
export const raiseAtOf = (steps: readonly Step[], level: number, since: Instant): Instant | null =>
  (level < steps.length ? later(since, steps[level - 1]!.after_s * second_ms) : null)
