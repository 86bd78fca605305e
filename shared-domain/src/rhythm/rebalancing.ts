import { process, send } from '../kernel/process.ts'
import { task } from '../work/task/decider.ts'
import { batchRun } from './batch-run/decider.ts'
import type { RebalanceEvent } from './rebalance/events.ts'

export const rebalancing = process<RebalanceEvent>({
  name: 'rebalancing',
  about: 'Passes tasks on as a rebalance has it.',
  react: {
    RebalanceApplied({ id: batch, data: { run, moves } }) {
      if (run === null) return moves.map(({ task: id, from, to, reason }) => send(task, id, 'even', { from, to, reason }))
      return moves.length > 0 ? [send(batchRun, run, 'beginMoves', { batch, moves })] : []
    },
  },
})
