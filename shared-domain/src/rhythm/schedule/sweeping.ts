import { send } from '../../kernel/process.ts'
import type { Sweep } from '../../kernel/sweep.ts'
import { schedule } from './decider.ts'
import { schedules } from './schedules.ts'

/** Holidays that were set meanwhile may be those of any schedule that has hours. */
export const scheduleSweep: Sweep = {
  name: 'scheduleSweep',
  about: 'Has schedules tell what is otherwise than was told last, since holidays that they keep are others.',
  every_s: 3_600,
  over: { from: schedules, meets: [{ column: 'always_open', among: [false] }] },
  sends: ({ orchestrator }: { orchestrator: string }) => send(schedule, orchestrator, 'turn', {}),
}
