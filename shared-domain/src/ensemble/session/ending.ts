import { z } from 'zod'
import type { Context } from '../../kernel/decider.ts'
import { AgentId, CommandId, json, OrchestratorId, StoredInstant, text } from '../../vocabulary.ts'
import { Ensemble } from './events.ts'
import { led, owned, room, unfit } from './guards.ts'
import { cancelling, completing, failing } from './older-words.ts'
import { performanceAt, type Active, type EnsembleState, type Pending } from './state.ts'

const Term = z.int().min(1).optional().describe('In which whoever leads does it.')

/** What every end tells: what goes back, and how it went. */
export const ended = (state: Pending | Active, { at }: Context) => ({
  owner: OrchestratorId.parse(state.owner), performance: performanceAt(state, at),
  places: state.stage === 'PENDING' ? [] : state.members.map(({ agent, slot }) =>
    ({ agent: AgentId.parse(agent), slot: CommandId.parse(slot) })),
})

const cancelled = (state: Pending | Active, reason: string | null, context: Context) =>
  [Ensemble.EnsembleCancelled({ ...ended(state, context), reason })]

export const ending = room({
  complete: {
    about: 'Say that the session has done what it was for, also as whoever leads it.',
    aliases: completing,
    scope: 'execute',
    data: z.object({ result: json(64 * 1024).optional(), term: Term }),
    decide: (state, { result = null, term }, context) => led(state, term, context, (known) => {
      switch (known.stage) {
        case 'ACTIVE': return [Ensemble.EnsembleCompleted({ ...ended(known, context), result })]
        case 'COMPLETED': return []
        default: return unfit('complete', known)
      }
    }),
  },

  fail: {
    about: 'Say that the session came to nothing, also as whoever leads it.',
    aliases: failing,
    scope: 'execute',
    data: z.object({ reason: text(500), term: Term }),
    decide: (state, { reason, term }, context) => led(state, term, context, (known) => {
      switch (known.stage) {
        case 'ACTIVE': return [Ensemble.EnsembleFailed({ ...ended(known, context), cause: 'work', reason })]
        case 'FAILED': return []
        default: return unfit('fail', known)
      }
    }),
  },

  cancel: {
    about: 'Say that the session is no longer wanted.',
    aliases: cancelling,
    data: z.object({ reason: text(500).optional() }),
    decide: (state, { reason = null }, context) => owned(state, context, (known) => {
      switch (known.stage) {
        case 'PENDING': case 'ACTIVE': return cancelled(known, reason, context)
        case 'CANCELLED': return []
        default: return unfit('cancel', known)
      }
    }),
  },

  expire: {
    about: 'The deadline is here: what works has failed, what never began is cancelled.',
    internal: true,
    data: z.object({ deadline: StoredInstant }),
    decide(state: EnsembleState, { deadline }, context) {
      if (state.stage === 'unknown' || state.deadline !== deadline || context.at < deadline) return []
      switch (state.stage) {
        case 'PENDING': return cancelled(state, 'deadline', context)
        case 'ACTIVE': return [Ensemble.EnsembleFailed({ ...ended(state, context), cause: 'deadline', reason: null })]
        default: return []
      }
    },
  },
})
