import { z } from 'zod'
import { eventsOf } from '../../kernel/events.ts'
import { changed, voted } from './older-facts.ts'
import { ElectorId, question, Ranking, Tally, toConcerned, toElector, Vote, voter, Weight } from './shapes.ts'

const Ballot = z.object({
  ...voter,
  vote: Vote.nullable(),
  ranking: Ranking.nullable(),
  weight: Weight,
  comment: z.string().nullable(),
  /** How sure the voter is; null when it did not say. */
  confidence: z.number().nullable(),
  /** Those whose votes it is besides, as long as they do not vote themselves. */
  carries: z.array(z.object({ elector: ElectorId, weight: Weight })),
  tally: Tally,
})

/** What an elector says. */
const Words = z.object({
  vote: Vote.nullable(), ranking: Ranking.nullable(), comment: z.string().nullable(), confidence: z.number().nullable(),
})

/** What electors do. */
export const eventsOfVoting = eventsOf({
  VoteCast: { about: 'An elector voted.', data: Ballot, upcast: [voted], recipient: toElector },
  VoteChanged: {
    about: 'An elector voted differently while the question was still open.',
    data: Ballot.extend({ previous: Vote.nullable(), previousRanking: Ranking.nullable() }),
    upcast: [changed],
    recipient: toElector,
  },
  BallotSealed: {
    about: 'An elector voted under seal: so many of so many have, and how is in no answer before the question ends.',
    data: z.object({
      ...voter,
      /** It had voted before: only what it said last counts. */
      again: z.boolean(),
      cast: z.int(),
      heads: z.int(),
      carries: z.array(z.object({ elector: ElectorId, weight: Weight })),
      /** Missing where nobody may see it. */
      ballot: Words.nullable().default(null).meta({ secret: true }),
    }),
    recipient: toElector,
  },
  BallotsOpened: {
    about: 'What was voted under seal: that of everybody who has voted, or is carried.',
    data: z.object({
      ballots: z.array(Words.extend({ elector: ElectorId, weight: Weight, carriedBy: ElectorId.nullable(), changes: z.int() })),
      concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  ProxyChosen: {
    about: 'An elector chose who votes for it in this question as long as it does not, or that nobody does.',
    data: z.object({
      elector: ElectorId,
      to: ElectorId.nullable(),
      /** Those whose votes are others from now on, and whose they are: `by` is null of who is missing, what they are under seal. */
      carried: z.array(z.object({
        elector: ElectorId, weight: Weight, by: ElectorId.nullable(), vote: Vote.nullable(), ranking: Ranking.nullable(),
      })),
      tally: Tally,
      concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  ArgumentGiven: {
    about: 'Somebody argued.',
    data: z.object({
      elector: z.string(), side: z.enum(['for', 'against', 'neutral']), text: z.string(), concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
})
