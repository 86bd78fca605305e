import { z } from 'zod'
import { decider, isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { cited } from '../../kernel/grounds.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { elapsed_ms, hour_ms } from '../../kernel/time.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import { Id, OrchestratorId } from '../../vocabulary.ts'
import { evenPressure, policy } from './even-pressure.ts'
import { Moves, moves_max, Rebalance } from './events.ts'
import { asked, seen } from './grounds.ts'
import { rebalanceState, type RebalanceState } from './state.ts'

/** Later the rows on which it rests are others. */
const good_ms = hour_ms

const answers = {
  fields: z.object({ policy: z.string(), moves: Moves, run: Id.nullable().describe('The run that passes them on.') }),
  of: (state: RebalanceState) =>
    (state.stage === 'unknown' ? { policy, moves: [], run: null } : { policy: state.policy, moves: [...state.moves], run: state.run }),
}

/** A run of a batch passes them on; where there are none, there is none. */
const applied = (moves: z.output<typeof Moves>, { id }: Context) =>
  Rebalance.RebalanceApplied({ run: moves.length === 0 ? null : uuid5('run', id), moves: [...moves] })

export const rebalance = decider(rebalanceState, {
  collection: 'rebalances',
  rejections: {
    NOT_FOUND: unknown('There is no such proposal.'),
    FORBIDDEN: forbidden('Only an admin may do this.'),
    ALREADY_EXISTS: conflict('There is a proposal with this id.'),
    INVALID_STATE_TRANSITION: conflict('A proposal is good for an hour.'),
  },

  commands: {
    propose: {
      about: 'Find which tasks had better be with others, so that pressure is even; and pass them on at once, unless it is a dry run.',
      route: 'POST /orchestrators/rebalance',
      creates: true,
      scope: 'admin',
      data: z.object({
        orchestrators: z.array(OrchestratorId).min(1).max(50).optional().describe('Among these; among all, when not said.'),
        maxMoves: z.int().min(1).max(moves_max).default(20),
        dryRun: z.boolean().default(true),
      }),
      grounds: (_, { orchestrators }, { at }) => asked(orchestrators, at),
      answers,
      decide(state, { maxMoves, dryRun }, context) {
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        const { places, loose } = seen(context.grounds!, context.at)
        const moves = [...evenPressure(places, loose, maxMoves)]
        const proposed = Rebalance.RebalanceProposed({ policy, moves, grounds: cited(context.grounds!) })
        return dryRun ? [proposed] : [proposed, applied(moves, context)]
      },
    },

    apply: {
      about: 'Pass the tasks on as was proposed within the last hour, each unless it has moved on meanwhile.',
      scope: 'admin',
      data: z.object({}),
      answers,
      decide(state, _, context: Context) {
        if (state.stage === 'unknown' || state.organization !== context.organization) return reject('NOT_FOUND')
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        if (state.stage === 'applied') return []
        if (elapsed_ms(state.at, context.at) > good_ms) return reject('INVALID_STATE_TRANSITION', { proposedAt: state.at })
        return [applied(state.moves, context)]
      },
    },
  },
})
