import { send } from '../../kernel/process.ts'
import type { Sweep } from '../../kernel/sweep.ts'
import { capacities } from './capacities.ts'
import { capacity } from './decider.ts'
import { bands } from './events.ts'

/** Whoever has a slot is in one of the bands; the row of whoever has none is idle. */
export const slotSweep: Sweep = {
  name: 'slotSweep',
  about: 'Compares the slots of every orchestrator that has some with the leases that there are.',
  every_s: 60,
  over: { from: capacities, meets: [{ column: 'band', among: bands }] },
  sends: ({ orchestrator }: { orchestrator: string }) => send(capacity, orchestrator, 'reconcile', {}),
}
