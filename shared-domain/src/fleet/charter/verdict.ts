import { z } from 'zod'
import type { Document } from './document.ts'
import type { Envelope } from './envelope.ts'
import { fits } from './patterns.ts'

export const Verdict = z.enum(['allowed', 'needs_approval', 'denied'])

/** What of a charter decided: a list and the pattern in it that fits, or a limit and what it is. */
export const Rule = z.object({ list: z.string(), pattern: z.string() })
export type Rule = z.output<typeof Rule>

export interface Judgement {
  readonly verdict: z.output<typeof Verdict>
  readonly rule: Rule | null
}

export interface Terms {
  readonly document: Document
  /** Nothing is approved by itself: the orchestrator has drifted. */
  readonly isReduced: boolean
  /** What the budget has left, null where there is no limit. */
  readonly left: number | null
}

type Verdict = Judgement['verdict']
type Part = 'constraints' | 'heuristics'
type List<P extends Part> = keyof NonNullable<Document[P]> & string

/** The first pattern of a list that fits what is said, if anything is. */
function found<P extends Part>(
  { document }: Terms, part: P, list: List<P>, said: string | undefined, fit: (pattern: string, said: string) => boolean,
): Rule | undefined {
  if (said === undefined) return undefined
  const patterns = (document[part] as Readonly<Record<string, readonly string[]>> | undefined)?.[list]
  const pattern = patterns?.find((pattern) => fit(pattern, said))
  return pattern === undefined ? undefined : { list, pattern }
}

const over = (list: string, limit: number | null | undefined, cost: number | undefined): Rule | undefined =>
  (limit !== null && limit !== undefined && cost !== undefined && cost > limit ? { list, pattern: String(limit) } : undefined)

/** In the order in which they are asked: the first rule that fits decides. */
const questions: readonly (readonly [Verdict, (terms: Terms, said: Envelope) => Rule | undefined])[] = [
  ['denied', (terms, { command }) => found(terms, 'constraints', 'forbiddenCommands', command, fits.command)],
  ['denied', (terms, { path }) => found(terms, 'constraints', 'forbiddenPaths', path, fits.path)],
  ['denied', (terms, { action }) => found(terms, 'constraints', 'forbiddenActions', action, fits.action)],
  ['denied', (terms, { action }) => found(terms, 'heuristics', 'alwaysReject', action, fits.action)],
  ['denied', ({ left }, { cost }) => over('budget', left, cost)],
  ['needs_approval', ({ document }, { cost }) => over('costPerAction', document.limits?.costPerAction, cost)],
  ['allowed', (terms, { action }) =>
    (terms.isReduced ? undefined : found(terms, 'heuristics', 'autoApprove', action, fits.action))],
  ['needs_approval', (terms, { action }) => found(terms, 'constraints', 'requireApprovalFor', action, fits.action)],
  ['needs_approval', (terms, { action }) => found(terms, 'heuristics', 'requireConfirmation', action, fits.action)],
  ['needs_approval', (terms, { action }) => found(terms, 'heuristics', 'escalate', action, fits.action)],
]

/** What a charter says of an action; what it says nothing of is allowed. */
export function judged(terms: Terms, envelope: Envelope): Judgement {
  for (const [verdict, ask] of questions) {
    const rule = ask(terms, envelope)
    if (rule) return { verdict, rule }
  }
  return { verdict: 'allowed', rule: null }
}
