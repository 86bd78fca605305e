import { reject, type Context } from '../../kernel/decider.ts'
import { countsOf } from '../../kernel/grounds.ts'
import { backlog } from '../../work/task/backlog.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Capacity, Slot } from './events.ts'
import { room } from './guards.ts'
import { isYoung, slotOf, type CapacityState } from './state.ts'

/** Tasks that were let in a moment ago; the one that asks may be there again, with another command. */
const young = ({ admissions }: CapacityState, at: string) =>
  [...new Set([...admissions.values()].filter((one) => isYoung(one, at)).map(({ task }) => task))]

/** How many wait: the rows that there are, and those that were let in and show nowhere yet. */
function queuedNow(state: CapacityState, { at, grounds }: Context): number {
  const count = (name: string) => (grounds?.rows[name]?.[0]?.count ?? 0) as number
  return count('waiting') + young(state, at).length - count('shown')
}

export const queue = room({
  admit: {
    about: 'Let a task into the queue of the orchestrator, unless as many wait there as may.',
    internal: true,
    data: Slot,
    grounds: (state, _, { id, at }) => {
      const owner = OrchestratorId.parse(id)
      return state.maxQueueSize === null ? {} : {
        waiting: countsOf(backlog, { columns: [], where: { owner, status: ['TODO', 'BLOCKED'] } }),
        shown: countsOf(backlog, { columns: [], where: { owner, task: young(state, at) } }),
      }
    },
    decide(state, slot, context) {
      const { maxQueueSize: max, admissions } = state
      if (max === null || admissions.has(slotOf(slot))) return []
      const queued = queuedNow(state, context)
      if (queued >= max) return reject('CAPACITY_EXCEEDED', { kind: 'queue', queued, max })
      return [Capacity.QueueAdmitted({ ...slot, queued: queued + 1, max })]
    },
  },

  dismiss: {
    about: 'The task did not come: its place in the queue is free.',
    internal: true,
    data: Slot,
    decide: (state, slot) => (state.admissions.has(slotOf(slot)) ? [Capacity.QueueReleased(slot)] : []),
  },
})
