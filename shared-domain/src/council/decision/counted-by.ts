import { z } from 'zod'
import { isRanked } from '../tally/ranked.ts'
import { ShareSaid, shareOf } from '../tally/share.ts'
import { Resolve } from './effect-shapes.ts'
import { ElectorId, Option, Protocol, Weighing, type rule } from './shapes.ts'

type Rule = { readonly [Name in keyof typeof rule]: z.output<(typeof rule)[Name]> }

const isEachOnce = (options: readonly { readonly option: string }[]) =>
  new Set(options.map(({ option }) => option)).size === options.length

/** By what rule a question is decided, where it is not the usual one of its protocol. */
export const counting = {
  protocol: Protocol.default('majority'),
  threshold: ShareSaid.optional(),
  over: z.boolean().default(false),
  weighing: Weighing.optional(),
  quorum: ShareSaid.optional(),
  quorumBy: Weighing.optional(),
  vetoers: z.array(ElectorId).max(10).default([]),
  options: z.array(Option.extend({ resolve: Resolve.optional() })).min(2).max(20).refine(isEachOnce, { error: 'names an option twice' })
    .optional(),
  early: z.boolean().default(true),
  ballot: z.enum(['open', 'sealed']).default('open'),
}

type Said = z.output<z.ZodObject<typeof counting>>

/** The least and the usual threshold of the protocols that have one; the least of a supermajority must be passed (C-21, C-23). */
const thresholds: Partial<Record<Rule['protocol'], { readonly least: string; readonly usual: string; readonly isPassed: boolean }>> = {
  supermajority: { least: '1/2', usual: '2/3', isPassed: true },
  weighted: { least: '1/2', usual: '3/4', isPassed: false },
}

function isThreshold(protocol: Rule['protocol'], threshold: string): boolean {
  const bounds = thresholds[protocol]
  if (!bounds) return false
  const [said, least] = [shareOf(threshold), shareOf(bounds.least)]
  return bounds.isPassed ? said.n * least.d > least.n * said.d : said.n * least.d >= least.n * said.d
}

type Ruled = Pick<Said, 'protocol' | 'threshold' | 'options' | 'vetoers'>

/** What is wrong with a rule as it is said: each with the field that it is about. */
export function* faults({ protocol, threshold, options, vetoers }: Ruled): Generator<{ readonly path: string; readonly message: string }> {
  const ranked = isRanked(protocol)
  if (threshold !== undefined && !isThreshold(protocol, threshold))
    yield { path: 'threshold', message: thresholds[protocol] ? `is too low for ${protocol}` : `is not what ${protocol} goes by` }
  if (ranked && !options) yield { path: 'options', message: `are what ${protocol} ranks` }
  if (!ranked && options) yield { path: 'options', message: `are not what ${protocol} decides on` }
  if (ranked && vetoers.length > 0) yield { path: 'vetoers', message: `have no veto in ${protocol}` }
}

/** The rule in full, as it stands in the fact. */
export function ruleOf(said: Said, electors: number): Omit<Rule, 'minElectorate'> {
  const { protocol, over, vetoers, options, early, ballot } = said
  const weighing = said.weighing ?? (protocol === 'weighted' ? 'weights' : 'heads')
  const isOneVoter = said.quorum === undefined && protocol === 'unanimous'
  return {
    protocol, weighing, over, early, vetoers: [...new Set(vetoers)], ballot, tally: 'tally/1',
    threshold: said.threshold ?? thresholds[protocol]?.usual ?? '1/2',
    quorum: isOneVoter ? `1/${electors}` : said.quorum ?? '1/2',
    quorumBy: said.quorumBy ?? (isOneVoter ? 'heads' : weighing),
    options: options?.map(({ resolve = null, ...option }) => ({ ...option, resolve })) ?? null,
  }
}
