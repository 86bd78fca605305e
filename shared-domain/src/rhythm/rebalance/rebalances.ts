import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, Int64, StoredInstant } from '../../vocabulary.ts'
import { Moves, type RebalanceEvent } from './events.ts'

const row = z.object({
  rebalance: Id,
  policy: z.string(),
  moves: Moves,
  /** Who gives or takes, and what. */
  orchestrators: z.array(z.string()),
  tasks: z.array(z.string()),
  grounds_position: Int64,
  proposed_by: z.string(),
  proposed_at: StoredInstant,
  run: Id.nullable(),
  applied_at: StoredInstant.nullable(),
})

const project: Project<typeof row, 'rebalance', RebalanceEvent> = {
  RebalanceProposed: ({ id: rebalance, at, by, data: { policy, moves, grounds } }) => [{
    put: {
      rebalance, policy, moves, orchestrators: [...new Set(moves.flatMap(({ from, to }) => [from, to]))],
      tasks: moves.map(({ task }) => task), grounds_position: grounds.position, proposed_by: by.id, proposed_at: at, run: null,
      applied_at: null,
    },
  }],
  RebalanceApplied: ({ id: rebalance, at, data: { run } }) => [{ patch: { run, applied_at: at }, at: { rebalance } }],
}

export const rebalances = readModel({
  name: 'rebalance',
  about: 'Which tasks had better be with others, and whether they were passed on. The newest first.',
  version: 1,
  path: '/rebalances',
  row,
  key: ['rebalance'],
  contains: { orchestrator: 'orchestrators', task: 'tasks' },
  sorts: ['proposed_at'],
  sort: '-proposed_at',
  project,
})
