import type { Actor } from '../../kernel/fact.ts'
import { carriedBy, counting, linksWith, recarried, shownTally } from '../decision/counting.ts'
import type { Pending, Question } from '../decision/state.ts'
import { links_max } from '../tally/ballots.ts'
import { difference, fault, type Fault } from './fault.ts'
import type { Told } from './making.ts'

export type Kind<Type extends Told['type']> = Extract<Told, { type: Type }>

export const differs = (pointer: string, said: unknown, counted: unknown, says: string): Fault | undefined => {
  const at = difference(pointer, said, counted)
  return at === undefined ? undefined : fault(at, says)
}

/** What was stored before sums of weights stood in facts says none, and so does what is told under seal. */
export const tallyFault = (pointer: string, said: { readonly weights: unknown }, tally: object): Fault | undefined =>
  differs(`${pointer}/tally`, said, said.weights === null ? { ...tally, weights: null } : tally, 'is not what the votes come to')

/** Whose vote somebody may give: its own, of an agent that of whom it hears; anybody's that an import tells of. */
function mayVote({ by, imported, data }: Kind<'VoteCast' | 'VoteChanged' | 'BallotSealed'>, { kind }: { readonly kind: string }): boolean {
  const { elector, orchestrator } = data
  const isSupervisor = kind === 'agent' && orchestrator !== null
  const ways: Record<Actor['kind'], boolean> = {
    orchestrator: by.id === elector || (isSupervisor && by.id === orchestrator), agent: by.id === elector,
    daemon: orchestrator !== null && (kind === 'agent' || orchestrator === elector), tool: false,
    admin: imported === true, process: imported === true,
  }
  return ways[by.kind]
}

export const isLate = ({ at }: Told, { deadline }: Question) => deadline !== null && at >= deadline

/** Whether this elector may vote now, and in this way. */
function castFault(pointer: string, fact: Kind<'VoteCast' | 'VoteChanged' | 'BallotSealed'>, state: Pending): Fault | undefined {
  const seat = state.electorate.get(fact.data.elector)
  if (!seat) return fault(`${pointer}/data/elector`, 'is no elector')
  if (!mayVote(fact, seat)) return fault(`${pointer}/by`, 'may not vote for this elector')
  if ((state.ballot === 'sealed') !== (fact.type === 'BallotSealed')) return fault(`${pointer}/type`, 'is not how votes are cast here')
  return isLate(fact, state) ? fault(`${pointer}/at`, 'is after the deadline') : undefined
}

interface Words { readonly vote: unknown; readonly ranking: readonly string[] | null }

function isOfOptions({ rule }: Pending, { vote, ranking }: Words): boolean {
  const options = new Set(rule.options?.map(({ option }) => option))
  return (vote === null) !== (ranking === null) && (ranking ?? []).every((option) => options.has(option))
}

/** A ballot that was never opened shows nothing that could be wrong. */
export function sealed(pointer: string, fact: Kind<'BallotSealed'>, state: Pending): Fault | undefined {
  const { elector, again, cast, heads, carries, ballot } = fact.data
  const found = castFault(pointer, fact, state)
  if (found) return found
  if (again !== state.votes.has(elector)) return fault(`${pointer}/data/again`, 'is not how this elector voted before')
  if (ballot && !isOfOptions(state, ballot)) return fault(`${pointer}/data/ballot`, 'is no ballot of this question')
  const count = counting(after(state, fact))
  const counted = { cast: count.counted.length, heads: state.electorate.size }
  return differs(`${pointer}/data`, { cast, heads }, counted, 'is not how many have voted')
    ?? differs(`${pointer}/data/carries`, carries, carriedBy(elector, count), 'are not whom this elector votes for')
}

export function voted(pointer: string, fact: Kind<'VoteCast' | 'VoteChanged'>, state: Pending): Fault | undefined {
  const { elector, weight, carries, tally } = fact.data
  const found = castFault(pointer, fact, state)
  if (found) return found
  const seat = state.electorate.get(elector)!
  if (weight !== seat.weight) return fault(`${pointer}/data/weight`, 'is not the weight of this elector')
  const before = state.votes.get(elector)
  if ((fact.type === 'VoteChanged') !== (before !== undefined)) return fault(`${pointer}/type`, 'is not how this elector voted before')
  if (fact.type === 'VoteChanged' && fact.data.previous !== before!.vote)
    return fault(`${pointer}/data/previous`, 'is not how this elector voted before')
  if (!isOfOptions(state, fact.data)) return fault(`${pointer}/data`, 'is no ballot of this question')
  const count = counting(after(state, fact))
  return tallyFault(`${pointer}/data`, tally, count.tally)
    ?? differs(`${pointer}/data/carries`, carries, carriedBy(elector, count), 'are not whom this elector votes for')
}

/** The question after a fact that votes are counted anew by. */
export function after(state: Pending, fact: Kind<'VoteCast' | 'VoteChanged' | 'BallotSealed' | 'ProxyChosen'>): Pending {
  const { elector } = fact.data
  if (fact.type === 'ProxyChosen') {
    const seat = { ...state.electorate.get(elector)!, proxy: fact.data.to }
    return { ...state, electorate: new Map(state.electorate).set(elector, seat) }
  }
  const nothing = { vote: null, ranking: null, comment: null, confidence: null }
  const { vote, ranking, comment, confidence } = fact.type === 'BallotSealed' ? fact.data.ballot ?? nothing : fact.data
  return { ...state, votes: new Map(state.votes).set(elector, { vote, ranking, comment, confidence }) }
}

export function appointed(pointer: string, fact: Kind<'ProxyChosen'>, state: Pending): Fault | undefined {
  const { elector, to, tally, carried } = fact.data
  if (!state.electorate.has(elector) || (to !== null && !state.electorate.has(to))) return fault(`${pointer}/data`, 'names no elector')
  if (state.votes.has(elector)) return fault(`${pointer}/data/elector`, 'has voted itself')
  if (isLate(fact, state)) return fault(`${pointer}/at`, 'is after the deadline')
  if (to !== null && linksWith(state.electorate, elector, to) > links_max) return fault(`${pointer}/data/to`, 'makes too long a chain')
  const [before, count] = [counting(state), counting(after(state, fact))]
  return tallyFault(`${pointer}/data`, tally, shownTally(state, count))
    ?? differs(`${pointer}/data/carried`, carried, recarried(state, elector, before, count), 'are not whose votes changed')
}
