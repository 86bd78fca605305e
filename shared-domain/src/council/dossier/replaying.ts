import { versionOf } from '../../kernel/events.ts'
import type { Written } from '../../kernel/proof.ts'
import { decisionState, hasEnded, type DecisionState, type Ended, type Pending, type Question } from '../decision/state.ts'
import { consequenceOf } from '../decision/effect.ts'
import { ballotsOf, counting, isOutcome, turnoutOf, type Counting } from '../decision/counting.ts'
import type { Verdict } from '../tally/outcome.ts'
import { appointed, differs, isLate, sealed, tallyFault, voted, type Kind } from './casting.ts'
import { fault, type Fault } from './fault.ts'
import { definitions, evolved, told, type Told } from './making.ts'

/** An outcome that the last fact has decided: it must be the next one, of the same append. */
interface Due { readonly verdict: Verdict; readonly count: Counting; readonly elector: string; readonly commandId: string }

interface Scene { readonly decision: string; readonly facts: readonly Told[]; readonly due: Due | undefined }

function opening(pointer: string, fact: Kind<'BallotsOpened'>, state: Pending, { due }: Scene): Fault | undefined {
  if (due ? due.commandId !== fact.commandId : !isLate(fact, state)) return fault(pointer, 'comes before anything had decided')
  return differs(`${pointer}/data/ballots`, fact.data.ballots, ballotsOf(state, counting(state)), 'are not those that were sealed')
}

type Outcome = Kind<'DecisionApproved' | 'DecisionRejected' | 'DecisionExpired'>
const statuses = { DecisionApproved: 'approved', DecisionRejected: 'rejected', DecisionExpired: 'expired' } as const

/** The outcome that the votes come to, at the fact that decided it or at the deadline, and nothing else. */
function decided(pointer: string, fact: Outcome, state: Pending, { decision, due, facts }: Scene): Fault | undefined {
  if (state.ballot === 'sealed') return fault(pointer, 'comes before the ballots were opened')
  const opened = Number(facts.at(-2)?.type === 'BallotsOpened')
  const { decidedBy, option, rounds, strengths, missing, tally, effect } = fact.data
  if (due && due.commandId !== fact.commandId) return fault(`${pointer}/commandId`, 'is not of the append that decided')
  if (!due && !isLate(fact, state)) return fault(pointer, 'comes before anything had decided')
  const count = due?.count ?? counting(state)
  const verdict = due?.verdict ?? count.end()
  if (verdict.status !== statuses[fact.type]) return fault(pointer, `should be ${verdict.status}`)
  const follows = verdict.status === 'approved'
    ? consequenceOf(decision, state.effect, { option: verdict.option, options: state.rule.options }) : null
  const older = tally.weights === null
  return tallyFault(`${pointer}/data`, tally, count.tally)
    ?? differs(`${pointer}/data/option`, option, verdict.option, 'is not what was preferred')
    ?? differs(`${pointer}/data/rounds`, rounds, verdict.rounds, 'are not how the options went')
    ?? differs(`${pointer}/data/strengths`, strengths, verdict.strengths, 'are not what the rankings come to')
    ?? differs(`${pointer}/data/effect`, effect, follows, 'is not what was to follow')
    ?? (older ? undefined : differs(`${pointer}/data/missing`, missing, count.missing, 'are not those who did not vote'))
    ?? (older ? undefined : differs(`${pointer}/data/decidedBy`, decidedBy, {
      elector: due?.elector ?? null, revision: String(fact.revision - (due ? 1 + opened : 0)),
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
    case 'BallotSealed': return sealed(pointer, fact, state)
    case 'BallotsOpened': return opening(pointer, fact, state, scene)
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
    case 'DecisionResultRecorded': case 'DecisionReopened': case 'VotesCompared': return undefined
    case 'EffectApplied': case 'EffectFailed': case 'EffectRetried': return undefined
    default: return fault(pointer, 'comes after the end')
  }
}

function faultOf(pointer: string, fact: Told, state: DecisionState, scene: Scene): Fault | undefined {
  if (state.stage === 'unknown') return fact.type === 'DecisionOpened' ? opened(fact) : fault(pointer, 'comes before the question')
  if (fact.type === 'DecisionOpened') return fault(pointer, 'opens the question again')
  if (scene.due && !(fact.type in statuses) && fact.type !== 'BallotsOpened') return fault(pointer, 'comes after the vote that decided')
  return hasEnded(state) ? faultAfterEnd(pointer, fact, state) : faultWhileOpen(pointer, fact, state as Pending, scene)
}

const isDecisive = (fact: Told): fact is Kind<'VoteCast' | 'VoteChanged' | 'BallotSealed' | 'ProxyChosen'> => {
  switch (fact.type) {
    case 'VoteCast': case 'VoteChanged': case 'ProxyChosen': return true
    case 'BallotSealed': return fact.data.ballot !== null
    default: return false
  }
}

/** The outcome that a fact decides, if it does. */
function dueBy(fact: Told, state: DecisionState): Due | undefined {
  if (!isDecisive(fact)) return undefined
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
    due = read.type === 'BallotsOpened' ? due : dueBy(read, state)
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
