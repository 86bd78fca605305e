import { z } from 'zod'
import { streamQuestion } from '../../kernel/stream-question.ts'
import { counting, shownTally } from '../decision/counting.ts'
import { ElectorId, Tally, Weighing } from '../decision/shapes.ts'
import { decisionState, type Pending } from '../decision/state.ts'

const Units = z.string().regex(/^\d+$/).nullable()

const Standing = z.object({
  status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']),
  tally: Tally,
  needed: z.object({
    unit: Weighing, quorumBy: Weighing, quorum: Units, approve: Units, reject: Units, vetoers: z.array(ElectorId),
  }).nullable()
    .describe('Units of those who are missing that it still takes: for the quorum, and to be sure; null where none would do.'),
  couldStill: z.object({ approved: z.boolean(), rejected: z.boolean(), expired: z.boolean() })
    .describe('How it may end, the votes that were cast standing.'),
  missing: z.array(ElectorId),
})

const text = (units: bigint | null) => (units === null ? null : String(units))

/** What may be told of a question that is open: under seal nothing that rests on how anybody voted. */
function open(state: Pending) {
  const count = counting(state)
  const { rule, ballot, deadline } = state
  const isSealed = ballot === 'sealed'
  const { quorum, approve, reject } = count.needed()
  const ends = isSealed ? ['approved', 'rejected', ...(count.tally.quorumMet ? [] : ['expired'])] : count.possible()
  const missing = [...count.missing]
  return {
    missing,
    needed: {
      unit: rule.weighing, quorumBy: rule.quorumBy, quorum: text(quorum), approve: isSealed ? null : text(approve),
      reject: isSealed ? null : text(reject), vetoers: rule.vetoers.filter((vetoer) => missing.includes(vetoer)),
    },
    couldStill: {
      approved: ends.includes('approved'), rejected: ends.includes('rejected'), expired: deadline !== null && ends.includes('expired'),
    },
  }
}

export const decisionStanding = streamQuestion({
  name: 'decisionStanding',
  about: 'How a decision stands: what it still takes, how it may still end, whose votes are missing; under seal only how many have voted.',
  path: '/decisions/:decision/standing',
  stands: decisionState,
  answer: Standing,
  shows(state) {
    if (state.stage === 'unknown') return undefined
    const count = counting(state)
    const { stage: status } = state
    const known = { status, tally: shownTally(state, count) }
    if (status === 'pending') return { ...known, ...open(state as Pending) }
    const couldStill = { approved: status === 'approved', rejected: status === 'rejected', expired: status === 'expired' }
    return { ...known, needed: null, couldStill, missing: [...count.missing] }
  },
})
