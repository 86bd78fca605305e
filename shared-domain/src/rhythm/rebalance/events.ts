import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { Id, OrchestratorId, TaskId, text } from '../../vocabulary.ts'

export const moves_max = 100

const Move = z.object({ task: TaskId, from: OrchestratorId, to: OrchestratorId, reason: text(200) })
export const Moves = z.array(Move).max(moves_max)

export const Rebalance = events({
  RebalanceProposed: {
    about: 'It was found which tasks had better be with others, by which policy and on which rows.',
    data: z.object({ policy: z.string(), moves: Moves, grounds: Cited }),
  },
  RebalanceApplied: {
    about: 'The tasks are passed on as was proposed, each unless it has moved on meanwhile. `run` is the batch run that does it, if any.',
    data: z.object({ run: Id.nullable(), moves: Moves }),
  },
})

export type RebalanceEvent = EventOf<typeof Rebalance>
