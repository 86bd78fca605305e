import { idOf, rowsIn, type Elector, type Recorded } from './recorded.ts'

type Proposal = Readonly<Record<'ballots_complete' | 'proposal' | 'dao' | 'createdAt' | 'executedAt' | 'executionState'
  | 'queuedVoteRequiredPercentage' | 'totalRepWhenCreated' | 'winningOutcome', string>>
type Vote = Readonly<Record<'createdAt' | 'proposal' | 'dao' | 'voter' | 'outcome' | 'reputation', string>>

export interface DaoQuestion extends Recorded {
  /** How the proposal ended in the record. */
  readonly state: string
  readonly passed: boolean
}

const instant = (seconds: number) => new Date(seconds * 1_000).toISOString()

/** Whoever could have voted and did not is one elector with all the weight that is left. */
function electorsOf({ dao, totalRepWhenCreated }: Proposal, votes: readonly Vote[]): readonly Elector[] {
  const voters = votes.map(({ voter, reputation }) => ({ elector: idOf('voter', voter), name: voter, weight: reputation }))
  const left = BigInt(totalRepWhenCreated) - votes.reduce((sum, { reputation }) => sum + BigInt(reputation), 0n)
  return left > 0n ? [...voters, { elector: idOf('rest', dao), name: `rest of ${dao}`, weight: String(left) }] : voters
}

/** A bar is passed by a share of all weight; where time ran out while the proposal was boosted, the larger side wins. */
const ruleOf = ({ executionState, queuedVoteRequiredPercentage: bar }: Proposal) => (executionState === 'BoostedTimeOut'
  ? { protocol: 'majority', weighing: 'weights' } : { protocol: 'weighted', threshold: `${bar}%`, over: true })

/**
 * Proposals of decentralised organizations, those of which all ballots are known and that were decided. Times are whole seconds: a ballot of the
 * second in which it was executed counts, so that it is closed with the next.
 */
export function daoQuestions(proposals: string, votes: string): readonly DaoQuestion[] {
  const cast = Map.groupBy(rowsIn<keyof Vote>(votes), ({ proposal }) => proposal)
  return rowsIn<keyof Proposal>(proposals).flatMap((proposal, index) => {
    if (proposal.ballots_complete !== '1' || proposal.executedAt === '') return []
    const { proposal: name, createdAt, executedAt, executionState: state, winningOutcome } = proposal
    const ballots = (cast.get(name) ?? []).toSorted((a, b) => Number(a.createdAt) - Number(b.createdAt))
    const closedAt = instant(Number(executedAt) + 1)
    return [{
      id: idOf('proposal', name), name, row: index + 2, at: instant(Number(createdAt)), state, passed: winningOutcome === 'Pass',
      electors: electorsOf(proposal, ballots), closedAt,
      asked: {
        title: `Proposal ${name}`, type: 'other', ...ruleOf(proposal), weights: 'given', minElectorate: 1, quorum: '1/200', quorumBy: 'heads',
        deadline: closedAt, reminders_s: [],
      },
      ballots: ballots.map(({ voter, outcome, createdAt }) =>
        ({ elector: idOf('voter', voter), vote: outcome === 'Pass' ? 'APPROVE' : 'REJECT', at: instant(Number(createdAt)) })),
    }]
  })
}

/** Why the record says otherwise, of a proposal where it does. */
export function explained({ name, row, state, passed, asked: { threshold }, electors, ballots }: DaoQuestion, status: string): string {
  const weightOf = new Map(electors.map(({ elector, weight }) => [elector, BigInt(weight!)]))
  const sum = (weights: Iterable<bigint>) => [...weights].reduce((sum, weight) => sum + weight, 0n)
  const all = sum(weightOf.values())
  const forIt = sum(ballots.filter(({ vote }) => vote === 'APPROVE').map(({ elector }) => weightOf.get(elector)!))
  const percent = Number((forIt * 10_000n) / all) / 100
  const bar = `${percent} % of all weight was for it, and its bar is more than ${threshold}`
  return `row ${row} ${name}: ${passed ? 'passed' : 'failed'} in the record, ${status} here: ${bar} (${state})`
}
