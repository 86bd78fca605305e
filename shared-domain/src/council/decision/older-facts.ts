import { halfOf, shareMeant, shareText } from '../tally/share.ts'

interface OlderOpening {
  readonly quorum: number
  readonly electorate: readonly { readonly orchestrator: string; readonly weight: number }[]
}

interface OlderVoter { readonly elector: string; readonly weight: number }
interface OlderTally { readonly tally: object }

/** Every elector was an orchestrator with the weight of its profile, and a majority of heads decided. */
export const opened = ({ electorate, quorum, ...said }: OlderOpening) => ({
  ...said,
  quorum: shareText(shareMeant(quorum) ?? halfOf),
  electorate: electorate.map(({ orchestrator, weight }) =>
    ({ elector: orchestrator, kind: 'orchestrator', weight: String(weight), base: String(weight), judged: null, proxy: null })),
  excluded: [], selection: null, minElectorate: 2, weighing: 'heads', threshold: '1/2', over: true, quorumBy: 'heads', vetoers: [],
  options: null, ballot: 'open', early: true, reminders_s: [], effect: null, reopens: null, evidence: null, origin: null, tally: 'tally/1',
})

const voter = <Said extends OlderVoter>({ weight, ...said }: Said) => ({ ...said, orchestrator: said.elector, weight: String(weight) })

const weighed = ({ tally, ...said }: OlderTally) => ({ ...said, tally: { ...tally, weights: null } })

export const requested = (said: OlderVoter) => ({ ...voter(said), proxy: null })

export const voted = (said: OlderVoter & OlderTally) => ({ ...voter(said), ...weighed(said), weight: String(said.weight), ranking: null,
  confidence: null, carries: [] })

export const changed = (said: OlderVoter & OlderTally) => ({ ...voted(said), previousRanking: null })

export const decided = (said: OlderTally) => ({
  ...weighed(said), option: null, rounds: null, strengths: null, missing: [], decidedBy: null, effect: null, origin: null,
})
