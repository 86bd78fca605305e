import { canonicalJson } from '../../kernel/canonical-json.ts'
import { shareable } from '../../kernel/cloud-event.ts'
import { reject, type Rejection } from '../../kernel/decider.ts'
import { decode } from '../../kernel/events.ts'
import type { Meta } from '../../kernel/fact.ts'
import type { Made, Proof, Written } from '../../kernel/proof.ts'
import { sha256 } from '../../kernel/sha-256.ts'
import { counting, isOutcome } from '../decision/counting.ts'
import { Decision, type DecisionEvent } from '../decision/events.ts'
import { rejections } from '../decision/rejections.ts'
import { decisionState, hasEnded, type DecisionState, type Ended, type Question } from '../decision/state.ts'
import { format, sections, type Sections } from './shape.ts'

export const { definitions } = Decision

/** A fact in today's words, with where it stands. */
export type Told = DecisionEvent & Written

export const told = (fact: Written): Told =>
  ({ ...fact, data: decode(definitions[fact.type]!, fact.data, fact.version) }) as Told

/** The decision after one more of its facts. */
export const evolved = (state: DecisionState, fact: Told, organization: string): DecisionState =>
  decisionState.evolve(state, fact, { ...fact, organization } as Meta)

type Kind<Type extends DecisionEvent['type']> = Extract<DecisionEvent, { type: Type }> & Written

const of = <Type extends DecisionEvent['type']>(facts: readonly Told[], ...types: readonly Type[]) =>
  facts.filter((fact): fact is Told & Kind<Type> => (types as readonly string[]).includes(fact.type))

function questionOf(facts: readonly Told[]): Sections['question'] {
  const { by, at: openedAt, data } = of(facts, 'DecisionOpened')[0]!
  const { type, title, description, task, options, effect, reopens, evidence } = data
  const extensions = of(facts, 'DecisionExtended').map(({ at, by, data: { from, to, reason } }) => ({ from, to, reason, at, by }))
  const deadline = extensions.at(-1)?.to ?? data.deadline
  return { type, title, description, task, options, effect, reopens, evidence, proposer: by, openedAt, deadline, extensions }
}

function ruleOf(facts: readonly Told[]): Sections['rule'] {
  const { data } = of(facts, 'DecisionOpened')[0]!
  const { protocol, tally, weighing, threshold, over, quorum, quorumBy, vetoers, ballot, early, minElectorate } = data
  return { protocol, tally, weighing, threshold, over, quorum, quorumBy, vetoers, ballot, early, minElectorate }
}

/** What counts of each elector, and the fact that says so: its own, or that of whoever carried it. */
function votesOf(facts: readonly Told[], state: Question): Sections['votes'] {
  const cast = of(facts, 'VoteCast', 'VoteChanged', 'BallotSealed')
  return counting(state).counted.map(({ elector, vote, ranking, weight, carriedBy }) => {
    const { at, revision, position } = cast.findLast(({ data }) => data.elector === (carriedBy ?? elector))!
    const { confidence, comment } = (carriedBy === null ? state.votes.get(elector) : undefined) ?? { confidence: null, comment: null }
    const isChange = (fact: (typeof cast)[number]) => (fact.type === 'BallotSealed' ? fact.data.again : fact.type === 'VoteChanged')
    const changes = carriedBy === null ? cast.filter((fact) => isChange(fact) && fact.data.elector === elector).length : 0
    return {
      elector, vote, ranking: ranking && [...ranking], weight: String(weight), carriedBy, confidence, comment,
      at, revision, position, changes,
    }
  })
}

const ends = ['DecisionApproved', 'DecisionRejected', 'DecisionExpired', 'DecisionCancelled'] as const

function outcomeOf(facts: readonly Told[], state: Question & Ended): Sections['outcome'] {
  const end = of(facts, ...ends).at(-1)!
  const { at, revision } = end
  const status = state.stage
  if (end.type === 'DecisionCancelled') {
    return { status, option: null, tally: null, rounds: null, strengths: null, reason: end.data.reason, at, decidedBy: null }
  }
  const { option, tally, rounds, strengths, reason, decidedBy } = end.data
  const by = decidedBy?.elector ?? null
  const decisive = facts[Number(decidedBy?.revision ?? revision)]!
  return {
    status, option, tally, rounds, strengths, reason, at,
    decidedBy: by === null
      ? { deadline: state.deadline as never } : { elector: by, revision: decisive.revision, position: decisive.position },
  }
}

function dissentOf(facts: readonly Told[], state: Question & Ended): Sections['dissent'] {
  const { counted } = counting(state)
  return [...state.electorate.keys()].flatMap((elector) => {
    const ballot = counted.find((one) => one.elector === elector)
    if (isOutcome(state, ballot)) return []
    const said = of(facts, 'DissentRecorded').find(({ data }) => data.elector === elector)
    const { vote = null, ranking = null } = ballot ?? {}
    const comment = state.votes.get(elector)?.comment ?? null
    return [{ elector, vote, ranking: ranking && [...ranking], comment, dissent: said?.data.text ?? null, at: said?.at ?? null }]
  })
}

/** Everything in a dossier that the facts say, in their own words and in those of whoever asks. */
export function contentOf(facts: readonly Told[], written: readonly Written[], state: Question & Ended): Sections {
  const { electorate: electors, excluded } = of(facts, 'DecisionOpened')[0]!.data
  return {
    question: questionOf(facts), rule: ruleOf(facts), electorate: { electors, excluded }, facts: written as Sections['facts'],
    votes: votesOf(facts, state), outcome: outcomeOf(facts, state), dissent: dissentOf(facts, state),
  }
}

/** The parts of a dossier that are sealed each by itself, in their order. */
export const sealedParts = (content: Sections): readonly (readonly [pointer: string, part: unknown])[] =>
  (Object.keys(sections) as (keyof Sections)[]).flatMap((name): (readonly [string, unknown])[] =>
    (name === 'facts' ? content.facts.map((fact, index) => [`/facts/${index}`, fact]) : [[`/${name}`, content[name]]]))

export const sealOf = (part: unknown): string => sha256(canonicalJson(part))

/** What was voted under seal and never opened stays there. */
function shown(written: readonly Written[]): readonly Written[] {
  if (written.some(({ type }) => type === 'BallotsOpened')) return written
  return written.map((fact) => (fact.type === 'BallotSealed'
    ? { ...fact, data: shareable(definitions[fact.type]!, fact.data as Record<string, unknown>) } : fact))
}

function made(stored: readonly Written[], { id, organization }: { readonly id: string; readonly organization: string }): Made | Rejection {
  const written = shown(stored)
  const facts = written.map(told)
  const state = facts.reduce((state, fact) => evolved(state, fact, organization), decisionState.initial)
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  if (!hasEnded(state)) return reject('DECISION_PENDING')
  const content = contentOf(facts, written, state)
  const seals = sealedParts(content).map(([pointer, part]) => ({ pointer, sha256: sealOf(part) }))
  const { revision, position } = written.at(-1)!
  const head = { format, decision: id, organization, revision, position }
  return { body: { ...head, ...content, seals }, signed: { ...head, seals } }
}

export const dossier: Proof = {
  name: 'dossier',
  about: 'The proof of an ended decision: every fact, what it comes to, seals of each part, and a signature. It can be verified offline.',
  path: '/decisions/:decision/dossier',
  category: decisionState.category,
  definitions,
  rejections,
  make: made,
}
