import { z } from 'zod'
import { eventsOf, plus } from '../../kernel/events.ts'
import { DecisionId, Int64 } from '../../vocabulary.ts'
import { Consequence } from './effect-shapes.ts'
import { decided } from './older-facts.ts'
import { about, DecidedBy, ElectorId, OptionId, question, Tally, toConcerned, voter } from './shapes.ts'
import { decisionTypes } from './decision-types.ts'

const Outcome = z.object({
  type: z.enum(decisionTypes), ...about, tally: Tally, reason: z.string(),
  option: OptionId.nullable(), rounds: z.json(), strengths: z.json(), missing: z.array(ElectorId),
  decidedBy: DecidedBy.nullable(), effect: Consequence.nullable(), origin: question.origin,
})

const upcast = [decided]

/** How a question ends, and what is said about it afterwards. */
export const eventsOfEnding = eventsOf({
  DecisionApproved: { about: 'The electorate approved.', data: Outcome, upcast, recipient: toConcerned },
  DecisionRejected: { about: 'The electorate did not approve.', data: Outcome, upcast, recipient: toConcerned },
  DecisionExpired: { about: 'The deadline came before the quorum was met.', data: Outcome, upcast, recipient: toConcerned },
  DecisionCancelled: {
    about: 'The question was withdrawn.',
    data: z.object({ ...about, reason: z.string().nullable(), missing: z.array(ElectorId), origin: question.origin }),
    upcast: [plus({ missing: [], origin: null })],
    recipient: toConcerned,
  },
  TurnoutTaken: {
    about: 'Who was carried to the end by the vote of another, and whose vote, its own or carried, is the outcome.',
    data: z.object({ carried: z.array(ElectorId), agreed: z.array(ElectorId), concerns: question.concerns }),
    recipient: toConcerned,
  },
  DissentRecorded: {
    about: 'An elector that did not vote for the outcome said why.',
    data: z.object({ elector: ElectorId, text: z.string(), concerns: question.concerns }),
    recipient: toConcerned,
  },
  DecisionResultRecorded: {
    about: 'It turned out which outcome would have been right.',
    data: z.object({
      right: z.string(), note: z.string().nullable(), previous: z.string().nullable(), concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  VotesCompared: {
    about: 'Which of the votes that electors gave themselves were right, by what turned out to be, and how sure they were.',
    data: z.object({
      type: z.enum(decisionTypes),
      votes: z.array(z.object({ ...voter, wasRight: z.boolean(), confidence: z.number() })),
      concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  EffectApplied: {
    about: 'What was approved has been done.',
    data: z.object({
      /** Of the stream that it was done on, after it. */
      revision: Int64.nullable(),
      changed: z.boolean(), concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  EffectFailed: {
    about: 'What was approved could not be done: the approval stays.',
    data: z.object({ code: z.string(), detail: z.record(z.string(), z.json()), concerns: question.concerns }),
    recipient: toConcerned,
  },
  EffectRetried: {
    about: 'Somebody wants tried again what was approved and could not be done.',
    data: z.object({ ...about, effect: Consequence, concerns: question.concerns }),
    recipient: toConcerned,
  },
  DecisionReopened: {
    about: 'The question was put again, as a question of its own: this outcome stays.',
    data: z.object({ by: DecisionId, concerns: question.concerns }),
    recipient: toConcerned,
  },
})
