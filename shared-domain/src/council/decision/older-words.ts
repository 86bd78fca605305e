import { z } from 'zod'
import { shareMeant, shareText } from '../tally/share.ts'
import { mayActAs, reject, type OlderWords } from '../../kernel/decider.ts'
import type { DecisionState } from './state.ts'

/** So many percent of the whole electorate had to approve, and everybody to vote. */
export const percentage = (usual: number) =>
  z.number().min(50).max(100).default(usual).transform((percent) => shareText(shareMeant(`${percent}%`)!))

const opening = {
  about: 'A share of the whole electorate decides, each elector weighing the same, once everybody has voted.',
  fields: { requiredVpIds: 'electorate', threshold: percentage(75) },
  without: ['select', 'protocol', 'weights', 'quorum', 'quorumBy', 'weighing', 'over', 'vetoers', 'options', 'early', 'ballot'],
  say: (said) => ({ ...said, protocol: 'weighted', weights: 'equal', quorum: 1 }),
} satisfies Partial<OlderWords<DecisionState>>

/** What older systems call the commands of a decision. */
export const olderWords = {
  open: [
    {
      ...opening, route: 'POST /orchestrators/:orchestrator/consensus',
      guard: (_, { orchestrator }, context) => (mayActAs(context, String(orchestrator)) ? undefined : reject('FORBIDDEN')),
    },
    { ...opening, route: 'POST /orchestrators/consensus' },
  ],
} satisfies Readonly<Record<string, readonly OlderWords<DecisionState>[]>>
