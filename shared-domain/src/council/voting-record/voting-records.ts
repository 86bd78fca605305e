import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { decisionTypes } from '../decision/decision-types.ts'
import { ElectorId } from '../decision/shapes.ts'
import type { VotingRecordEvent } from './events.ts'
import { earnedWeight } from './weight.ts'

const row = z.object({
  elector: ElectorId,
  type: z.enum(decisionTypes),
  n: z.int(),
  sum: z.int(),
  /** What an elector of base 1 would weigh by it. */
  weight_factor: z.int(),
})

const project: Project<typeof row, 'elector' | 'type', VotingRecordEvent> = {
  VoteJudged: ({ id: elector, data: { type, n, sum } }) =>
    [{ put: { elector, type, n, sum, weight_factor: Number(earnedWeight(1, { n, sum })) } }],
}

export const votingRecords = readModel({
  name: 'voting_record',
  about: 'How far the votes of electors were from what turned out to be right, by type of decision, and what they weigh by it.',
  version: 1,
  path: '/voting-records',
  row,
  key: ['elector', 'type'],
  filters: ['elector', 'type'],
  project,
})
