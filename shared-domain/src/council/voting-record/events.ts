import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { DecisionId, OrchestratorId } from '../../vocabulary.ts'
import { decisionTypes } from '../decision/decision-types.ts'

export const VotingRecord = events({
  VoteJudged: {
    about: 'It turned out how far a vote was from what was right: the Brier score of how sure the voter was, in ten thousandths.',
    data: z.object({
      decision: DecisionId,
      type: z.enum(decisionTypes),
      /** Whom it concerns: the elector, of an agent its orchestrator. */
      orchestrator: OrchestratorId.nullable(),
      brier: z.int(),
      /** Of all its votes in decisions of this type that were judged, with this one. */
      n: z.int(),
      sum: z.int(),
    }),
    recipient: ({ orchestrator }) => orchestrator,
  },
})

export type VotingRecordEvent = EventOf<typeof VotingRecord>
