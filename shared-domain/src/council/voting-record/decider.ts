import { z } from 'zod'
import { decider } from '../../kernel/decider.ts'
import { DecisionId, OrchestratorId } from '../../vocabulary.ts'
import { decisionTypes } from '../decision/decision-types.ts'
import { VotingRecord } from './events.ts'
import { unjudged, votingRecordState } from './state.ts'
import { brierOf } from './weight.ts'

export const votingRecord = decider(votingRecordState, {
  collection: 'voting-records',
  rejections: {},
  commands: {
    judge: {
      about: 'Note how far a vote was from what turned out to be right; what is judged again counts as it is judged last.',
      internal: true,
      data: z.object({
        decision: DecisionId, type: z.enum(decisionTypes), orchestrator: OrchestratorId.nullable(),
        confidence: z.number().min(0.5).max(1), wasRight: z.boolean(),
      }),
      decide({ byType, briers }, { confidence, wasRight, ...said }) {
        const brier = brierOf(confidence, wasRight)
        const before = briers.get(said.decision)
        if (before === brier) return []
        const { n, sum } = byType.get(said.type) ?? unjudged
        return [VotingRecord.VoteJudged({ ...said, brier, n: n + (before === undefined ? 1 : 0), sum: sum + brier - (before ?? 0) })]
      },
    },
  },
})
