import { z } from 'zod'
import { pairsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { Instant } from '../../vocabulary.ts'
import { decisions } from '../decision/decisions.ts'
import { decisionTypes } from '../decision/decision-types.ts'
import { ElectorId, Vote } from '../decision/shapes.ts'
import { votes } from '../decision/votes.ts'

const [electors_max, decisions_max] = [50, 10_000]
/** Each with each, and with itself. */
const pairs_max = (electors_max * (electors_max + 1)) / 2

const Matrix = z.array(z.array(z.int()))
const ended = ['approved', 'rejected', 'expired'] as const

export const agreement = question({
  name: 'agreement',
  about: 'In how many decisions any two electors both voted themselves for, against or neither, and in how many alike; of the last 10,000.',
  path: '/council/agreement',
  params: z.object({}),
  query: z.object({
    electors: z.array(ElectorId).min(1).max(electors_max),
    from: Instant.optional().describe('Only decisions that were opened then or later.'),
    to: Instant.optional().describe('Only decisions that were opened then or earlier.'),
    type: z.enum(decisionTypes).optional(),
  }),
  answer: z.object({ electors: z.array(ElectorId), both: Matrix, same: Matrix }),
  reads: [decisions, votes],
  *reply({ query: { electors: asked, from, to, type } }) {
    const electors = [...new Set(asked)]
    const meant = rowsOf(decisions, {
      columns: ['decision'], where: { status: ended, ...(type ? { type } : {}) }, ...(from ? { atLeast: { opened_at: from } } : {}),
      ...(to ? { atMost: { opened_at: to } } : {}), order: ['opened_at'], descending: true, limit: decisions_max,
    })
    const { pairs } = yield* asks({
      pairs: pairsOf(votes, {
        by: 'elector', within: 'decision', alike: 'vote', where: { elector: electors, carried_by: null, vote: Vote.options },
        among: { decision: meant }, limit: pairs_max,
      }),
    })
    const found = new Map(pairs.flatMap((pair) => [[`${pair.one} ${pair.other}`, pair], [`${pair.other} ${pair.one}`, pair]] as const))
    const matrix = (what: 'count' | 'alike') => electors.map((a) => electors.map((b) => found.get(`${a} ${b}`)?.[what] ?? 0))
    return { electors, both: matrix('count'), same: matrix('alike') }
  },
})
