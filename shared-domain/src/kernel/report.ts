import { z } from 'zod'
import { Rejection } from './decider.ts'
import type { Intent } from './intent.ts'

/**
 * What became of an intent: whether it changed something and where its stream stands, or the code that it was refused with. What is
 * refused once may succeed when the fact that asked for it is told again: then that is reported as well, and the last report counts.
 */
export const Outcome = z.object({
  changed: z.boolean(),
  revision: z.string().regex(/^\d+$/).nullable(),
  code: z.string().nullable(),
  detail: z.record(z.string(), z.json()),
})
export type Outcome = z.output<typeof Outcome>

/** What is to be told of an intent after it was carried out; nothing where nobody wants to know. */
export function reportOf({ report }: Pick<Intent, 'report'>, outcome: Rejection | Done): Intent | undefined {
  if (!report) return undefined
  const { category, id, command, data } = report
  return { category, id, command, data: { ...data, outcome: outcomeOf(outcome) } }
}

interface Done { readonly changed: boolean; readonly revision: number }

function outcomeOf(outcome: Rejection | Done): Outcome {
  if (outcome instanceof Rejection) {
    const { code, detail } = outcome
    return { changed: false, revision: null, code, detail: JSON.parse(JSON.stringify(detail)) }
  }
  const { changed, revision } = outcome
  return { changed, revision: revision < 0 ? null : String(revision), code: null, detail: {} }
}
