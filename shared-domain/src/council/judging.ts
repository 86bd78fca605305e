import { process, send } from '../kernel/process.ts'
import type { DecisionEvent } from './decision/events.ts'
import { votingRecord } from './voting-record/decider.ts'

export const judging = process<DecisionEvent>({
  name: 'judging',
  about: 'Has the votes of a question judged by what turned out to be right.',
  react: {
    VotesCompared: ({ id: decision, data: { type, votes } }) => votes.map(({ elector, ...vote }) =>
      send(votingRecord, elector, 'judge', { decision, type, ...vote })),
  },
})
