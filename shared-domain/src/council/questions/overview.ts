import { z } from 'zod'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { decisions } from '../decision/decisions.ts'
import { decisionTypes, type DecisionType } from '../decision/decision-types.ts'
import { ElectorId } from '../decision/shapes.ts'
import { waitingVotes } from '../decision/waiting-votes.ts'

const [nearest_max, electors_max, days] = [10, 200, 30]
/** Decisions are of one kind here that ended alike and of whose electorate as many voted. */
const kinds_max = 5_000

const Nearest = decisions.row.pick({ decision: true, title: true, type: true, deadline: true, cast: true, electorate: true })
const Count = z.int()
const isEnd = ['approved', 'rejected', 'expired'] as const

export const councilOverview = question({
  name: 'councilOverview',
  about: `What is open by type, whose deadlines are nearest, whose votes are waited for, and how decisions of the last ${days} days ended.`,
  path: '/council/overview',
  params: z.object({}),
  answer: z.object({
    open: z.record(z.enum(decisionTypes), Count),
    nearest: z.array(Nearest).max(nearest_max),
    waiting: z.array(z.object({ elector: ElectorId, votes: Count })).max(electors_max),
    ended: z.object({
      decisions: Count, expired: Count, asked: Count, cast: Count,
      turnout: z.number().nullable().describe('cast of asked, 0 to 1; null where nothing ended.'),
    }),
  }),
  reads: [decisions, waitingVotes],
  *reply({ at }) {
    const { open, nearest, waiting, ends } = yield* asks({
      open: countsOf(decisions, { columns: ['type'], where: { status: 'pending' }, limit: decisionTypes.length }),
      nearest: rowsOf(decisions, {
        columns: columnsIn(Nearest), where: { status: 'pending' }, atLeast: { deadline: at }, order: ['deadline'], limit: nearest_max,
      }),
      waiting: countsOf(waitingVotes, { columns: ['elector'], mostFirst: true, limit: electors_max }),
      ends: countsOf(decisions, {
        columns: ['status', 'electorate', 'cast'], where: { status: isEnd }, atLeast: { closed_at: later(at, -days * day_ms) },
        limit: kinds_max,
      }),
    })
    const sum = (of: (kind: (typeof ends)[number]) => number) => ends.reduce((sum, kind) => sum + of(kind) * kind.count, 0)
    const [asked, cast] = [sum(({ electorate }) => electorate), sum(({ cast }) => cast)]
    const byType = new Map(open.map(({ type, count }) => [type, count]))
    return {
      open: Object.fromEntries(decisionTypes.map((type) => [type, byType.get(type) ?? 0])) as Record<DecisionType, number>,
      nearest, waiting: waiting.map(({ elector, count: votes }) => ({ elector, votes })),
      ended: {
        decisions: sum(() => 1), expired: sum(({ status }) => Number(status === 'expired')),
        asked, cast, turnout: asked === 0 ? null : cast / asked,
      },
    }
  },
})
