import type { Deed, Field } from './deeds.ts'

/** A row of /tasks, as far as pages show it. */
export interface TaskRow {
  readonly task: string
  readonly owner: string
  readonly assignee: string | null
  readonly agent: string | null
  readonly title: string
  readonly description: string | null
  readonly workspace: string | null
  readonly channel: string | null
  readonly priority: string
  readonly status: 'TODO' | 'IN_PROGRESS' | 'BLOCKED' | 'DONE' | 'CANCELLED'
  readonly since: string
  readonly block_kind: string | null
  readonly block_reason: string | null
  readonly deferred_until: string | null
  readonly due_at: string | null
  readonly deadline: string | null
  readonly sla_state: string
  readonly estimated_hours: number | null
  readonly remaining_hours: number | null
  readonly hours_spent: number | null
  readonly tags: readonly string[]
  readonly required_capabilities: readonly string[]
  readonly depends_on: readonly string[]
  readonly approvals: readonly string[]
  readonly attempt: number
  readonly max_retries: number
  readonly next_retry_at: string | null
  readonly progress: number
  readonly progress_message: string | null
  readonly lease_holder: string | null
  readonly lease_token: string | null
  readonly lease_agent: string | null
  readonly delegated_by: string | null
  readonly escalation_level: number | null
  readonly created_at: string
  readonly started_at: string | null
  readonly completed_at: string | null
  readonly updated_at: string
}

export const statuses = ['TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED'] as const
export const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const

const reason: Field = { name: 'reason', label: 'Why', isOptional: true }
const because: Field = { ...reason, isOptional: false }

type Shown = Deed['shown']

const isOpen = ({ status }: Pick<TaskRow, 'status'>) => status !== 'DONE' && status !== 'CANCELLED'

/** Which of a task's commands make sense as it stands; the API has the last word. */
export function taskDeeds(task: TaskRow, shown?: Shown): Readonly<Record<string, Deed>> {
  const { task: id, title, status, block_kind, owner, assignee, escalation_level } = task
  const path = `/tasks/${id}`
  const one = (label: string, command: string, more: Partial<Deed> = {}): Deed => ({ label, path: `${path}/${command}`, about: title, shown, ...more })
  const isHeld = status === 'IN_PROGRESS'
  const isEscalated = block_kind === 'escalation'
  return {
    edit: { label: 'Edit', method: 'PATCH', path, about: title, shown, fields: [
      { name: 'title', label: 'Title', initial: task.title }, { name: 'description', label: 'Description', kind: 'long', initial: task.description ?? '', isOptional: true },
      { name: 'priority', label: 'Priority', kind: 'choice', options: priorities, initial: task.priority },
      { name: 'dueAt', label: 'Due', kind: 'instant', isOptional: true, hint: 'In your zone. Left empty it stays as it is.' },
      { name: 'tags', label: 'Tags', kind: 'words', initial: task.tags.join(', '), isOptional: true, hint: 'Separated by commas.' },
    ] },
    ...(isOpen(task) && !isHeld ? {
      assign: one('Assign', 'assign', { fields: [{ name: 'agent', label: 'Agent', kind: 'agent', isOptional: true, hint: 'Left empty a policy chooses whom the task fits.' }] }),
      delegate: one('Delegate', 'delegate', { owner, fields: [{ name: 'to', label: 'To', kind: 'orchestrator' }, { name: 'note', label: 'Note', isOptional: true }] }),
    } : {}),
    ...(isOpen(task) && assignee !== null && !isHeld ? { unassign: one('Unassign', 'unassign', { fields: [reason] }) } : {}),
    ...(status === 'BLOCKED' && block_kind === 'failure' ? { retry: one('Retry', 'retry', { owner }) } : {}),
    ...(status === 'BLOCKED' && block_kind === 'manual' ? { unblock: one('Unblock', 'unblock', { owner }) } : {}),
    ...(isEscalated ? {
      acknowledge: one('Acknowledge', 'acknowledge-escalation'),
      resolve: one('Resolve', 'resolve-escalation', { fields: [{ name: 'resolution', label: 'What is decided', kind: 'long' }] }),
    } : {}),
    ...(isOpen(task) && !isEscalated && escalation_level === null ? {
      escalate: one('Escalate', 'escalate', { owner, fields: [because, { name: 'severity', label: 'Severity', kind: 'choice', options: priorities, initial: 'HIGH' }] }),
    } : {}),
    ...(status === 'TODO' ? { block: one('Block', 'block', { owner, fields: [because] }) } : {}),
    ...(isHeld ? { release: one('Take it back', 'release', { scope: 'admin', fields: [because], warning: 'Whoever works on it loses the lease; unfinished work may be lost.' }) } : {}),
    ...(isOpen(task) ? { cancel: one('Cancel task', 'cancel', { owner, fields: [reason], warning: 'Nobody will work on it any more. Only an admin can want it again.' }) } : {}),
    ...(status === 'CANCELLED' ? { reopen: one('Reopen', 'reopen', { scope: 'admin', fields: [reason] }) } : {}),
  }
}

/** What a card that is moved to another column of the board asks for; undefined where only work itself leads there. */
export function moveTo(task: TaskRow, to: TaskRow['status']): Deed | undefined {
  const deeds = taskDeeds(task)
  if (to === 'BLOCKED') return deeds['block']
  if (to === 'CANCELLED') return deeds['cancel']
  if (to === 'TODO') return deeds['retry'] ?? deeds['unblock'] ?? deeds['resolve'] ?? deeds['release'] ?? deeds['reopen']
  return undefined
}

/** What may be done with many at once, by `POST /tasks/bulk`. */
export function bulkDeeds(ids: readonly string[], done: Deed['done']): readonly Deed[] {
  const many = (label: string, action: string, more: Partial<Deed> = {}): Deed =>
    ({ label, path: '/tasks/bulk', body: { ids, action }, about: `${ids.length} ${ids.length === 1 ? 'task' : 'tasks'}`, ...(done ? { done } : {}), ...more })
  return [
    many('Assign', 'assign', { fields: [{ name: 'agent', label: 'Agent', kind: 'agent', isOptional: true, hint: 'Left empty a policy chooses for each.' }] }),
    many('Delegate', 'delegate', { fields: [{ name: 'to', label: 'To', kind: 'orchestrator' }] }),
    many('Priority', 'edit', { fields: [{ name: 'priority', label: 'Priority', kind: 'choice', options: priorities, initial: 'HIGH' }] }),
    many('Retry', 'retry'),
    many('Cancel tasks', 'cancel', { fields: [reason], warning: 'Nobody will work on them any more. Only an admin can want them again.' }),
  ]
}

interface Bulk { readonly summary: { readonly total: number; readonly success: number; readonly failed: number; readonly skipped: number }; readonly results: readonly { readonly code?: string }[] }

/** What became of many, in one line. */
export function bulkOutcome({ summary: { success, failed, skipped }, results }: Bulk): string {
  const codes = [...Map.groupBy(results.flatMap(({ code }) => code ?? []), (code) => code)].map(([code, all]) => `${code} ${all.length}`)
  return [`${success} done`, ...(skipped > 0 ? [`${skipped} were so already`] : []), ...(failed > 0 ? [`${failed} refused (${codes.join(', ')})`] : [])].join(', ')
}
