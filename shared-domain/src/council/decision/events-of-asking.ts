import { z } from 'zod'
import { eventsOf } from '../../kernel/events.ts'
import { StoredInstant } from '../../vocabulary.ts'
import { opened, requested } from './older-facts.ts'
import { asked, ElectorId, question, rule, toConcerned, toElector, voter, Weight } from './shapes.ts'

/** A question is put, and its term. */
export const eventsOfAsking = eventsOf({
  DecisionOpened: {
    about: 'A question was put to a fixed electorate, to be decided by a fixed rule.',
    data: z.object({ ...question, ...rule }),
    upcast: [opened],
    recipient: toConcerned,
  },
  VoteRequested: {
    about: 'An elector is asked to vote. `proxy` votes for it as long as it does not.',
    data: z.object({ ...voter, weight: Weight, ...asked, proxy: ElectorId.nullable() }),
    upcast: [requested],
    recipient: toElector,
  },
  DecisionExtended: {
    about: 'The question stays open longer; `missing` are those who may still vote.',
    data: z.object({
      from: StoredInstant, to: StoredInstant, missing: z.array(ElectorId), reason: z.string(), reminders_s: question.reminders_s,
      concerns: question.concerns,
    }),
    recipient: toConcerned,
  },
  VoteReminded: {
    about: 'An elector that has not voted was reminded, so many seconds before the deadline.',
    data: z.object({ ...voter, deadline: StoredInstant, left_s: z.int() }),
    recipient: toElector,
  },
})
