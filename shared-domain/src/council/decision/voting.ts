import { z } from 'zod'
import type { Said } from '../../kernel/alias.ts'
import { isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { OrchestratorId, text, type TaskId } from '../../vocabulary.ts'
import { links_max } from '../tally/ballots.ts'
import { isRanked } from '../tally/ranked.ts'
import { carriedBy, counting, linksWith, recarried, shownTally } from './counting.ts'
import { Decision } from './events.ts'
import { about, closed, followed, isOpen, isProposer, orchestratorOf, room, selfOf } from './guards.ts'
import { ElectorId, OptionId, Tally, Vote } from './shapes.ts'
import type { DecisionState, Pending, Question } from './state.ts'

/** An orchestrator that is named must be the one that calls: nobody votes for another. */
const asCaller = {
  about: 'The orchestrator that is named must be the one that calls, else `NOT_AN_ELECTOR`.',
  guard: (_: DecisionState, { orchestrator, vpId = orchestrator }: Said, { by }: Context) =>
    (by.id === vpId ? undefined : reject('NOT_AN_ELECTOR')),
}

/**
 * For whom the caller votes: for itself, for an agent that it supervises and names; for whoever an import says it was.
 */
function voterOf(question: Question, named: string | undefined, context: Context): string | undefined {
  const self = selfOf(context)
  const elector = named ?? self
  const seat = elector === null ? undefined : question.electorate.get(elector)
  if (elector === null || !seat) return undefined
  const isOwn = elector === self || (seat.kind === 'agent' && context.actsFor !== null
    && orchestratorOf('agent', elector, context) === context.actsFor)
  return isOwn || (context.imported && isPrivileged(context)) ? elector : undefined
}

/** Whether this is a vote as the question wants it: one of three words, or a ranking of its options where it has any. */
function isBallot({ rule: { protocol, options } }: Question, vote: string | null, ranking: readonly string[] | null): boolean {
  if (ranking === null) return vote === 'ABSTAIN' || (vote !== null && !isRanked(protocol))
  const known = new Set(options?.map(({ option }) => option))
  return vote === null && ranking.length > 0 && new Set(ranking).size === ranking.length && ranking.every((option) => known.has(option))
}

const same = (a: readonly string[] | null, b: readonly string[] | null) => String(a) === String(b) && (a === null) === (b === null)

const standing = {
  fields: z.object({ status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']), tally: Tally }),
  of: (state: DecisionState) =>
    (state.stage === 'unknown' ? {} : { status: state.stage, tally: shownTally(state, counting(state)) }),
}

const arguments_max = { each: 10, all: 200 }

/** Whoever was carried and is not any more is asked again. */
function askedAgain({ electorate, type, title, deadline, task }: Pending, carried: readonly Carried[], context: Context) {
  return carried.filter(({ by }) => by === null).map(({ elector }) => {
    const { kind, weight, proxy } = electorate.get(elector)!
    const asked = { type, title, deadline, task: task as TaskId | null }
    return Decision.VoteRequested({ elector, orchestrator: orchestratorOf(kind, elector, context), weight, ...asked, proxy })
  })
}

type Carried = ReturnType<typeof recarried>[number]

export const voting = room({
  cast: {
    about: 'Vote, or vote differently while the question is open.',
    route: 'POST /decisions/:id/votes',
    scope: 'execute',
    aliases: [
      { ...asCaller, route: 'POST /orchestrators/:orchestrator/consensus/vote', id: 'decisionId' },
      { ...asCaller, route: 'PATCH /orchestrators/consensus', id: 'consensusId', fields: { vpId: OrchestratorId } },
    ],
    answers: standing,
    data: z.object({
      vote: Vote.optional(),
      ranking: z.array(OptionId).min(1).max(20).optional(),
      comment: text(1_000).optional(),
      confidence: z.number().min(0.5).max(1).multipleOf(0.01).optional(),
      elector: ElectorId.optional(),
    }),
    decide(state, { vote = null, ranking = null, comment = null, confidence = null, elector: named }, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      const elector = voterOf(state, named, context)
      if (elector === undefined) return reject('NOT_AN_ELECTOR')
      const previous = state.votes.get(elector)
      const isSame = previous?.vote === vote && same(previous.ranking, ranking) && previous.comment === comment
      if (isSame && previous.confidence === confidence) return []
      if (!isOpen(state, context.at)) return closed(state)
      if (!isBallot(state, vote, ranking)) return reject('BALLOT_INVALID', { protocol: state.rule.protocol })
      const { kind, weight } = state.electorate.get(elector)!
      const words = { vote, ranking, comment, confidence }
      const again = previous !== undefined
      const changes = again ? new Map(state.changes).set(elector, (state.changes.get(elector) ?? 0) + 1) : state.changes
      const after = { ...state, votes: new Map(state.votes).set(elector, words), changes }
      return followed(state, after, elector, (count) => {
        const said = { elector, orchestrator: orchestratorOf(kind, elector, context), carries: carriedBy(elector, count) }
        if (state.ballot === 'sealed')
          return Decision.BallotSealed({ ...said, again, cast: count.counted.length, heads: state.electorate.size, ballot: words })
        const ballot = { ...said, ...words, weight, tally: count.tally }
        return previous
          ? Decision.VoteChanged({ ...ballot, previous: previous.vote, previousRanking: previous.ranking && [...previous.ranking] })
          : Decision.VoteCast(ballot)
      }, context)
    },
  },

  appoint: {
    about: 'Choose an elector that votes for the caller in this question as long as it does not vote itself; null: nobody.',
    route: 'PUT /decisions/:id/proxy',
    scope: 'execute',
    answers: standing,
    data: z.object({ to: ElectorId.nullable() }),
    decide(state, { to }, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      const elector = selfOf(context)
      const seat = elector === null ? undefined : state.electorate.get(elector)
      if (elector === null || !seat) return reject('NOT_AN_ELECTOR')
      if (seat.proxy === to) return []
      if (!isOpen(state, context.at)) return closed(state)
      if (state.votes.has(elector)) return reject('ALREADY_VOTED')
      if (to !== null) {
        if (!state.electorate.has(to)) return reject('NOT_AN_ELECTOR', { elector: to })
        const links = linksWith(state.electorate, elector, to)
        if (links === Infinity) return reject('PROXY_CYCLE', { elector: to })
        if (links > links_max) return reject('PROXY_LIMIT', { links, max: links_max })
      }
      const after = { ...state, electorate: new Map(state.electorate).set(elector, { ...seat, proxy: to }) }
      const before = counting(state)
      const now = counting(after)
      const carried = recarried(state, elector, before, now)
      const facts = followed(state, after, elector, (count) => Decision.ProxyChosen({
        elector, to, carried, tally: shownTally(state, count), concerns: about(state, context).concerns,
      }), context)
      return now.verdict ? facts : [...facts, ...askedAgain(after, carried, context)]
    },
  },

  argue: {
    about: `Argue as an elector, the proposer or an admin: ${arguments_max.each} times each, ${arguments_max.all} in all.`,
    route: 'POST /decisions/:id/arguments',
    scope: 'execute',
    data: z.object({ side: z.enum(['for', 'against', 'neutral']), text: text(2_000) }),
    decide(state, said, context) {
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      const self = selfOf(context)
      const isElector = self !== null && state.electorate.has(self)
      if (!isElector && !isProposer(state, context) && !isPrivileged(context)) return reject('FORBIDDEN')
      if (!isOpen(state, context.at)) return closed(state)
      const elector = self ?? context.by.id
      const all = [...state.argued.values()].reduce((sum, count) => sum + count, 0)
      if ((state.argued.get(elector) ?? 0) >= arguments_max.each) return reject('LIMIT_REACHED', { max: arguments_max.each })
      if (all >= arguments_max.all) return reject('LIMIT_REACHED', { max: arguments_max.all })
      return [Decision.ArgumentGiven({ elector, ...said, concerns: about(state, context).concerns })]
    },
  },
})
