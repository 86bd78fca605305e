import { versionOf } from '../../kernel/events.ts'
import type { Actor } from '../../kernel/fact.ts'
import type { Written } from '../../kernel/proof.ts'
import { decisionState, hasEnded, type DecisionState, type Ended, type Pending, type Question } from '../decision/state.ts'
import { consequenceOf } from '../decision/effect.ts'
import { carriedBy, counting, isOutcome, linksWith, recarried, turnoutOf, type Counting } from '../decision/counting.ts'
import { links_max } from '../tally/ballots.ts'
import type { Verdict } from '../tally/outcome.ts'
import { difference, fault, type Fault } from './fault.ts'
import { definitions, evolved, told, type Told } from './making.ts'

type Kind<Type extends Told['type']> = Extract<Told, { type: Type }>

/** An outcome that the last fact has decided: it must be the next one, of the same append. */
interface Due { readonly verdict: Verdict; readonly count: Counting; readonly elector: string; readonly commandId: string }

interface Scene { readonly decision: string; readonly facts: readonly Told[]; readonly due: Due | undefined }

const differs = (pointer: string, said: unknown, counted: unknown, says: string): Fault | undefined => {
  const at = difference(pointer, said, counted)
  return at === undefined ? undefined : fault(at, says)
}

/** What was stored before sums of weights stood in facts says none. */
const tallyFault = (pointer: string, said: { readonly weights: unknown }, { tally }: Counting): Fault | undefined =>
  differs(`${pointer}/tally`, said, said.weights === null ? { ...tally, weights: null } : tally, 'is not what the votes come to')

/** Whose vote somebody may give: its own, of an agent that of whom it hears; anybody's that an import tells of. */
function mayVote({ by, imported, data }: Kind<'VoteCast' | 'VoteChanged'>, { kind }: { readonly kind: string }): boolean {
  const { elector, orchestrator } = data
  const isSupervisor = kind === 'agent' && orchestrator !== null
  const ways: Record<Actor['kind'], boolean> = {
    orchestrator: by.id === elector || (isSupervisor && by.id === orchestrator), agent: by.id === elector,
    daemon: orchestrator !== null && (kind === 'agent' || orchestrator === elector), tool: false,
    admin: imported === true, process: imported === true,
  }
  return ways[by.kind]
}

const isLate = ({ at }: Told, { deadline }: Question) => deadline !== null && at >= deadline

function voted(pointer: string, fact: Kind<'VoteCast' | 'VoteChanged'>, state: Pending): Fault | undefined {
  const { elector, weight, carries, tally, vote, ranking } = fact.data
  const seat = state.electorate.get(elector)
  if (!seat) return fault(`${pointer}/data/elector`, 'is no elector')
  if (!mayVote(fact, seat)) return fault(`${pointer}/by`, 'may not vote for this elector')
  if (isLate(fact, state)) return fault(`${pointer}/at`, 'is after the deadline')
  if (weight !== seat.weight) return fault(`${pointer}/data/weight`, 'is not the weight of this elector')
  const before = state.votes.get(elector)
  if ((fact.type === 'VoteChanged') !== (before !== undefined)) return fault(`${pointer}/type`, 'is not how this elector voted before')
  if (fact.type === 'VoteChanged' && fact.data.previous !== before!.vote)
    return fault(`${pointer}/data/previous`, 'is not how this elector voted before')
  const options = new Set(state.rule.options?.map(({ option }) => option))
  if ((vote === null) === (ranking === null) || ranking?.some((option) => !options.has(option)))
    return fault(`${pointer}/data`, 'is no ballot of this question')
  const count = counting(after(state, fact))
  return tallyFault(`${pointer}/data`, tally, count)
    ?? differs(`${pointer}/data/carries`, carries, carriedBy(elector, count), 'are not whom this elector votes for')
}

/** The question after a fact that votes are counted anew by. */
function after(state: Pending, fact: Kind<'VoteCast' | 'VoteChanged' | 'ProxyChosen'>): Pending {
  const { elector } = fact.data
  if (fact.type === 'ProxyChosen') {
    const seat = { ...state.electorate.get(elector)!, proxy: fact.data.to }
    return { ...state, electorate: new Map(state.electorate).set(elector, seat) }
  }
  const { vote, ranking, comment, confidence } = fact.data
  return { ...state, votes: new Map(state.votes).set(elector, { vote, ranking, comment, confidence }) }
}

function appointed(pointer: string, fact: Kind<'ProxyChosen'>, state: Pending): Fault | undefined {
  const { elector, to, tally, carried } = fact.data
  if (!state.electorate.has(elector) || (to !== null && !state.electorate.has(to))) return fault(`${pointer}/data`, 'names no elector')
  if (state.votes.has(elector)) return fault(`${pointer}/data/elector`, 'has voted itself')
  if (isLate(fact, state)) return fault(`${pointer}/at`, 'is after the deadline')
  if (to !== null && linksWith(state.electorate, elector, to) > links_max) return fault(`${pointer}/data/to`, 'makes too long a chain')
  const [before, count] = [counting(state), counting(after(state, fact))]
  return tallyFault(`${pointer}/data`, tally, count)
    ?? differs(`${pointer}/data/carried`, carried, recarried(state.electorate, elector, before, count), 'are not whose votes changed')
}

type Outcome = Kind<'DecisionApproved' | 'DecisionRejected' | 'DecisionExpired'>
const statuses = { DecisionApproved: 'approved', DecisionRejected: 'rejected', DecisionExpired: 'expired' } as const

/** The outcome that the votes come to, at the fact that decided it or at the deadline, and nothing else. */
function decided(pointer: string, fact: Outcome, state: Pending, { decision, due }: Scene): Fault | undefined {
  const { decidedBy, option, rounds, strengths, missing, tally, effect } = fact.data
  if (due && due.commandId !== fact.commandId) return fault(`${pointer}/commandId`, 'is not of the append that decided')
  if (!due && !isLate(fact, state)) return fault(pointer, 'comes before anything had decided')
  const count = due?.count ?? counting(state)
  const verdict = due?.verdict ?? count.end()
  if (verdict.status !== statuses[fact.type]) return fault(pointer, `should be ${verdict.status}`)
  const follows = verdict.status === 'approved'
    ? consequenceOf(decision, state.effect, { option: verdict.option, options: state.rule.options }) : null
  const older = tally.weights === null
  return tallyFault(`${pointer}/data`, tally, count)
    ?? differs(`${pointer}/data/option`, option, verdict.option, 'is not what was preferred')
    ?? differs(`${pointer}/data/rounds`, rounds, verdict.rounds, 'are not how the options went')
    ?? differs(`${pointer}/data/strengths`, strengths, verdict.strengths, 'are not what the rankings come to')
    ?? differs(`${pointer}/data/effect`, effect, follows, 'is not what was to follow')
    ?? (older ? undefined : differs(`${pointer}/data/missing`, missing, count.missing, 'are not those who did not vote'))
    ?? (older ? undefined : differs(`${pointer}/data/decidedBy`, decidedBy, {
      elector: due?.elector ?? null, revision: String(fact.revision - (due ? 1 : 0)),
    }, 'is not what decided'))
}

function opened(fact: Kind<'DecisionOpened'>): Fault | undefined {
  const { electorate, vetoers, minElectorate } = fact.data
  const ids = electorate.map(({ elector }) => elector)
  const index = ids.findIndex((id, index) => index > 0 && id <= ids[index - 1]!)
  if (index > 0) return fault(`/facts/0/data/electorate/${index}`, 'is not in order')
  if (ids.length < minElectorate) return fault('/facts/0/data/electorate', 'are too few')
  return vetoers.every((id) => ids.includes(id)) ? undefined : fault('/facts/0/data/vetoers', 'are no electors')
}

/** At first everybody is asked in order; later whoever is carried no more. */
function requested(pointer: string, { revision, data }: Kind<'VoteRequested'>, state: Pending, { facts }: Scene): Fault | undefined {
  const { electorate } = (facts[0] as Kind<'DecisionOpened'>).data
  const isAgain = revision > electorate.length && counting(state).missing.includes(data.elector)
  const seat = state.electorate.get(data.elector)
  const { elector, weight, proxy } = (isAgain && seat ? { ...seat, elector: data.elector } : electorate[revision - 1]) ?? {}
  const asked = { elector: data.elector, weight: data.weight, proxy: data.proxy }
  const wanted = { elector: elector ?? null, weight: weight ?? null, proxy: proxy ?? null }
  return differs(`${pointer}/data`, asked, wanted, 'is not who was to be asked')
}

function extended(pointer: string, fact: Kind<'DecisionExtended'>, state: Pending): Fault | undefined {
  const { from, to, missing } = fact.data
  if (from !== state.deadline || to <= from || isLate(fact, state)) return fault(`${pointer}/data`, 'does not follow the deadline before')
  return differs(`${pointer}/data/missing`, missing, counting(state).missing, 'are not those who may still vote')
}

/** What is wrong with a fact of a question that is still open. */
function faultWhileOpen(pointer: string, fact: Told, state: Pending, scene: Scene): Fault | undefined {
  switch (fact.type) {
    case 'VoteRequested': return requested(pointer, fact, state, scene)
    case 'VoteCast': case 'VoteChanged': return voted(pointer, fact, state)
    case 'ProxyChosen': return appointed(pointer, fact, state)
    case 'DecisionExtended': return extended(pointer, fact, state)
    case 'VoteReminded': case 'ArgumentGiven':
      return isLate(fact, state) ? fault(`${pointer}/at`, 'is after the deadline') : undefined
    case 'DecisionApproved': case 'DecisionRejected': case 'DecisionExpired': return decided(pointer, fact, state, scene)
    case 'DecisionCancelled':
      return differs(`${pointer}/data/missing`, fact.data.missing, counting(state).missing, 'are not those who did not vote')
    default: return fault(pointer, 'comes before the end')
  }
}

function faultAfterEnd(pointer: string, fact: Told, state: Question & Ended): Fault | undefined {
  switch (fact.type) {
    case 'DissentRecorded': {
      const { elector } = fact.data
      const ballot = counting(state).counted.find((one) => one.elector === elector)
      if (!state.electorate.has(elector) || isOutcome(state, ballot)) return fault(`${pointer}/data/elector`, 'voted for the outcome')
      return state.dissent.has(elector) ? fault(pointer, 'is a second dissent') : undefined
    }
    case 'TurnoutTaken': {
      const { carried, agreed } = fact.data
      return differs(`${pointer}/data`, { carried, agreed }, turnoutOf(state, counting(state)), 'is not who had a part in it')
    }
    case 'DecisionCancelled': return state.stage === 'expired' ? undefined : fault(pointer, 'comes after the end')
    case 'DecisionResultRecorded': case 'DecisionReopened': return undefined
    case 'EffectApplied': case 'EffectFailed': case 'EffectRetried': return undefined
    default: return fault(pointer, 'comes after the end')
  }
}

function faultOf(pointer: string, fact: Told, state: DecisionState, scene: Scene): Fault | undefined {
  if (state.stage === 'unknown') return fact.type === 'DecisionOpened' ? opened(fact) : fault(pointer, 'comes before the question')
  if (fact.type === 'DecisionOpened') return fault(pointer, 'opens the question again')
  if (scene.due && !(fact.type in statuses)) return fault(pointer, 'comes after the vote that decided')
  return hasEnded(state) ? faultAfterEnd(pointer, fact, state) : faultWhileOpen(pointer, fact, state as Pending, scene)
}

/** The outcome that a fact decides, if it does. */
function dueBy(fact: Told, state: DecisionState): Due | undefined {
  if (fact.type !== 'VoteCast' && fact.type !== 'VoteChanged' && fact.type !== 'ProxyChosen') return undefined
  const count = counting(state as Pending)
  return count.verdict && { verdict: count.verdict, count, elector: fact.data.elector, commandId: fact.commandId }
}

export interface Replayed { readonly facts: readonly Told[]; readonly state: Question & Ended }

interface Whose { readonly decision: string; readonly organization: string }

/** The facts one after the other, counted by the rule that the question was put by: what they come to, or what is wrong. */
export function replayed(written: readonly Written[], { decision, organization }: Whose): Replayed | Fault {
  const facts: Told[] = []
  let state: DecisionState = decisionState.initial
  let due: Due | undefined
  for (const [index, fact] of written.entries()) {
    const pointer = `/facts/${index}`
    if (fact.revision !== index) return fault(`${pointer}/revision`, 'is not the next one')
    const isBefore = index > 0 && BigInt(fact.position) < BigInt(written[index - 1]!.position)
    if (isBefore) return fault(`${pointer}/position`, 'is before the last one')
    const read = readable(fact)
    if (!read) return fault(pointer, 'is no fact of a decision')
    facts.push(read)
    const found = faultOf(pointer, read, state, { decision, facts, due })
    if (found) return found
    state = evolved(state, read, organization)
    due = dueBy(read, state)
  }
  if (!hasEnded(state)) return fault('/facts', 'do not come to an end')
  return { facts, state }
}

function readable(fact: Written): Told | undefined {
  if (!Object.hasOwn(definitions, fact.type) || fact.version > versionOf(definitions[fact.type]!)) return undefined
  try {
    return told(fact)
  } catch {
    return undefined
  }
}
