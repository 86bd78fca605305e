import { z } from 'zod'
import type { Document } from './document.ts'
import type { Envelope } from './envelope.ts'
import { kinds, type Kind } from './patterns.ts'

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

/** The patterns of a list as they are compared: made plain once for as long as the list is known. */
const plains = new WeakMap<readonly string[], readonly string[]>()

function plainOf(patterns: readonly string[], { plain }: Kind): readonly string[] {
  const known = plains.get(patterns) ?? patterns.map(plain)
  plains.set(patterns, known)
  return known
}

/** The first pattern of a list that fits what is said, if anything is. */
function found<P extends Part>({ document }: Terms, part: P, list: List<P>, said: string | undefined, kind: Kind): Rule | undefined {
  const patterns = (document[part] as Readonly<Record<string, readonly string[]>> | undefined)?.[list]
  if (said === undefined || !patterns) return undefined
  const plain = kind.plain(said)
  const index = plainOf(patterns, kind).findIndex((pattern) => kind.fits(pattern, plain))
  return index < 0 ? undefined : { list, pattern: patterns[index]! }
}

const over = (list: string, limit: number | null | undefined, cost: number | undefined): Rule | undefined =>
  (limit !== null && limit !== undefined && cost !== undefined && cost > limit ? { list, pattern: String(limit) } : undefined)

/** In the order in which they are asked: the first rule that fits decides. */
const questions: readonly (readonly [Verdict, (terms: Terms, said: Envelope) => Rule | undefined])[] = [
  ['denied', (terms, { command }) => found(terms, 'constraints', 'forbiddenCommands', command, kinds.command)],
  ['denied', (terms, { path }) => found(terms, 'constraints', 'forbiddenPaths', path, kinds.path)],
  ['denied', (terms, { action }) => found(terms, 'constraints', 'forbiddenActions', action, kinds.action)],
  ['denied', (terms, { action }) => found(terms, 'heuristics', 'alwaysReject', action, kinds.action)],
  ['denied', ({ left }, { cost }) => over('budget', left, cost)],
  ['needs_approval', ({ document }, { cost }) => over('costPerAction', document.limits?.costPerAction, cost)],
  ['allowed', (terms, { action }) =>
    (terms.isReduced ? undefined : found(terms, 'heuristics', 'autoApprove', action, kinds.action))],
  ['needs_approval', (terms, { action }) => found(terms, 'constraints', 'requireApprovalFor', action, kinds.action)],
  ['needs_approval', (terms, { action }) => found(terms, 'heuristics', 'requireConfirmation', action, kinds.action)],
  ['needs_approval', (terms, { action }) => found(terms, 'heuristics', 'escalate', action, kinds.action)],
]

/** What a charter says of an action; what it says nothing of is allowed. */
export function judged(terms: Terms, envelope: Envelope): Judgement {
  for (const [verdict, ask] of questions) {
    const rule = ask(terms, envelope)
    if (rule) return { verdict, rule }
  }
  return { verdict: 'allowed', rule: null }
}
