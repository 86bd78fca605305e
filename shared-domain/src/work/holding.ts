import { process, send } from '../kernel/process.ts'
import type { ConflictEvent } from './conflict/events.ts'
import { task } from './task/decider.ts'

interface Ended { readonly id: string; readonly data: { readonly held: readonly string[] } }

const released = ({ id: conflict, data: { held } }: Ended) => held.map((id) => send(task, id, 'releaseFromConflict', { conflict }))

export const conflictHolding = process<ConflictEvent>({
  name: 'conflictHolding',
  about: 'Holds tasks back that are in conflict, where whoever said so wants that, and lets them go on when it has ended.',
  react: {
    ConflictDetected: ({ id: conflict, data: { hold, tasks } }) =>
      (hold ? tasks.map((id) => send(task, id, 'holdForConflict', { conflict })) : []),
    ConflictResolved: released,
    ConflictDismissed: released,
  },
})
