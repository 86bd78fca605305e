import { z } from 'zod'
import { OrchestratorId, priorities, StoredInstant, type Priority } from '../../vocabulary.ts'
import { workerOf } from './assignees.ts'
import type { TaskStatus } from './shapes.ts'

export const SlaState = z.enum(['none', 'running', 'warned', 'paused', 'violated', 'met', 'missed'])

/** The columns of the backlog that follow from others. */
export const Derived = z.object({
  worker: OrchestratorId.nullable(),
  assigned: z.boolean(),
  rank: z.int(),
  deadline: StoredInstant.nullable(),
  remaining_hours: z.number().nullable(),
  sla_state: SlaState,
})

interface Row {
  readonly owner: OrchestratorId
  readonly assignee: string | null
  readonly priority: Priority
  readonly status: TaskStatus
  readonly block_kind: string | null
  readonly due_at: string | null
  readonly sla_deadline: string | null
  readonly sla_warned: boolean
  readonly sla_violated: boolean
  readonly sla_met: boolean | null
  readonly estimated_hours: number | null
  readonly hours_spent: number | null
}

/** From 0, the most pressing. */
export const rankOf = (priority: Priority): number => priorities.indexOf(priority)

export const earlier = (a: string | null, b: string | null): string | null => (a === null || (b !== null && b < a) ? b : a)

/** How a task stands by its deadline: the first that fits. */
function slaStateOf(
  { status, block_kind, sla_deadline, sla_warned, sla_violated, sla_met }: Row,
): z.output<typeof SlaState> {
  if (sla_deadline === null) return 'none'
  if (status === 'DONE') return sla_met ? 'met' : 'missed'
  if (sla_violated) return 'violated'
  if (status === 'CANCELLED') return 'none'
  if (block_kind === 'escalation') return 'paused'
  return sla_warned ? 'warned' : 'running'
}

export function derived(row: Row): z.output<typeof Derived> {
  const { owner, assignee, priority, due_at, sla_deadline, estimated_hours, hours_spent } = row
  return {
    worker: workerOf(owner, assignee),
    assigned: assignee !== null,
    rank: rankOf(priority),
    deadline: earlier(due_at, sla_deadline),
    remaining_hours: estimated_hours === null ? null : Math.max(0, estimated_hours - (hours_spent ?? 0)),
    sla_state: slaStateOf(row),
  }
}
