import { z } from 'zod'
import { Rejection } from '../../kernel/decider.ts'
import { cited, rowsOf } from '../../kernel/grounds.ts'
import { elapsed_ms, minute_ms } from '../../kernel/time.ts'
import { CommandId, OrchestratorId, TaskId } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { after, banded } from './band.ts'
import { drifted_max, Capacity, type CapacityEvent, type Slot } from './events.ts'
import { room } from './guards.ts'
import { confirmedLate, isRunning, releasedAs } from './slots.ts'
import { slotOf } from './state.ts'

/** What is younger may be on its way. */
const settled_ms = minute_ms

/** So many leases are compared; a holder has as many slots at the most. */
const leases_max = 1_000

interface LeaseRow { readonly task: string; readonly lease_slot: string | null; readonly started_at: string | null }

const isOld = (since: string | null, at: string) => since !== null && elapsed_ms(since, at) > settled_ms

const slotIn = ({ task, lease_slot }: LeaseRow): Slot => ({ task: TaskId.parse(task), command: CommandId.parse(lease_slot) })

export const reconciling = room({
  reconcile: {
    about: 'Compare the slots with the leases that there are: a slot whose lease does not live is free, a lease without one has one.',
    internal: true,
    data: z.object({}),
    grounds: (_, __, { id }) => ({
      leases: rowsOf(backlog, {
        columns: ['task', 'lease_slot', 'started_at'], where: { lease_holder: OrchestratorId.parse(id), status: 'IN_PROGRESS' },
        order: ['created_at'], limit: leases_max,
      }),
    }),
    decide(state, _, context) {
      const { at, grounds } = context
      const leases = (grounds?.rows.leases ?? []) as never as readonly LeaseRow[]
      const shown = new Set(leases.map((row) => slotOf(slotIn(row))))
      // What the rows show may be over meanwhile, and is found out the next time; what they do not show is looked at.
      const leaked = [...state.slots.values()]
        .filter((slot) => isOld(slot.since, at) && !shown.has(slotOf(slot)) && !isRunning(slot, context)).slice(0, drifted_max)
      const free = leaked.reduce<readonly CapacityEvent[]>((facts, slot) =>
        [...facts, releasedAs(after(state, context, ...facts), slot, 'reconciled')], [])
      const bare = leases.filter((row) => isOld(row.started_at, at)).map(slotIn).filter((slot) => !state.slots.has(slotOf(slot)))
      const missing: Slot[] = []
      const facts = bare.slice(0, drifted_max).reduce<readonly CapacityEvent[]>((facts, slot) => {
        const confirmed = confirmedLate(after(state, context, ...facts), slot, context)
        if (confirmed instanceof Rejection || confirmed.length === 0) return facts
        missing.push(slot)
        return [...facts, ...confirmed]
      }, free)
      if (facts.length === 0) return []
      const tasks = (slots: readonly Slot[]) => slots.map(({ task }) => task)
      return banded(state, context, [
        ...facts, Capacity.CapacityDrifted({ leaked: tasks(leaked), missing: tasks(missing), grounds: cited(grounds!) }),
      ])
    },
  },
})
