/** What waits for somebody, of whatever kind, in one order: the most pressing first. */
export interface Concern {
  readonly id: string
  readonly kind: string
  readonly severity: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW'
  readonly title: string
  readonly href: string
  readonly detail: string
  readonly since: string
  readonly owner: string | null
  /** What is concerned, for what may be done about it. */
  readonly about: { readonly task?: string; readonly approval?: string }
  readonly isAcknowledged: boolean
}

export interface Task { readonly task: string; readonly title: string; readonly owner: string; readonly priority: Concern['severity']; readonly deadline: string | null; readonly since: string; readonly block_reason: string | null; readonly block_kind: string | null; readonly status: string; readonly updated_at: string }
export interface Escalation { readonly task: string; readonly revision: number; readonly owner: string; readonly severity: Concern['severity']; readonly reason: string; readonly to: string | null; readonly state: string; readonly at: string; readonly level: number }
export interface Approval { readonly approval: string; readonly orchestrator: string; readonly reason: string; readonly envelope: { readonly action?: string }; readonly asked_at: string; readonly needed: number; readonly approvers: readonly unknown[] }
export interface Conflict { readonly conflict: string; readonly subject: string; readonly kind: string; readonly severity: Concern['severity']; readonly tasks: readonly string[]; readonly detected_at: string; readonly note: string | null }
export interface Agent { readonly agent: string; readonly name: string; readonly orchestrator: string | null; readonly breaker: string; readonly since: string; readonly breaker_until: string | null; readonly bad_in_row: number }

export interface Troubles {
  readonly escalations: readonly Escalation[]
  readonly failed: readonly Task[]
  readonly late: readonly Task[]
  readonly approvals: readonly Approval[]
  readonly conflicts: readonly Conflict[]
  readonly broken: readonly Agent[]
  readonly titleOf: (task: string) => string
}

const rank = { CRITICAL: 0, HIGH: 1, MEDIUM: 2, LOW: 3 } as const

export function concernsOf({ escalations, failed, late, approvals, conflicts, broken, titleOf }: Troubles): readonly Concern[] {
  const escalated = new Set(escalations.map(({ task }) => task))
  const none = { owner: null, about: {}, isAcknowledged: false }
  const concerns: Concern[] = [
    ...escalations.map(({ task, severity, reason, at, owner, state, to, level }): Concern => ({
      ...none, id: `escalation ${task}`, kind: 'escalation', severity, title: titleOf(task), href: `/tasks/${task}`, since: at, owner, about: { task },
      detail: `${reason}${to ? `; asked: ${to}` : ''}${level > 0 ? `; raised ${level === 1 ? 'once' : `${level} times`}` : ''}`, isAcknowledged: state === 'ACKNOWLEDGED',
    })),
    ...failed.filter(({ task }) => !escalated.has(task)).map(({ task, priority, title, block_reason, since, owner }): Concern => ({
      ...none, id: `failed ${task}`, kind: 'failed', severity: priority === 'LOW' ? 'MEDIUM' : priority, title, href: `/tasks/${task}`, since, owner, about: { task },
      detail: block_reason ?? 'no retries are left',
    })),
    ...late.filter(({ task }) => !escalated.has(task)).map(({ task, priority, title, deadline, owner, status }): Concern => ({
      ...none, id: `late ${task}`, kind: 'late', severity: priority, title, href: `/tasks/${task}`, since: deadline ?? '', owner, about: { task },
      detail: `should have been done; ${status.replaceAll('_', ' ').toLowerCase()}`,
    })),
    ...approvals.map(({ approval, orchestrator, envelope, reason, asked_at, needed, approvers }): Concern => ({
      ...none, id: `approval ${approval}`, kind: 'approval', severity: 'HIGH', title: envelope.action ?? 'an action', href: `/orchestrators/${orchestrator}`, since: asked_at,
      owner: orchestrator, about: { approval }, detail: `${reason}; ${approvers.length} of ${needed} have approved`,
    })),
    ...conflicts.map(({ conflict, subject, kind, severity, tasks, detected_at, note }): Concern => ({
      ...none, id: `conflict ${conflict}`, kind: 'conflict', severity, title: tasks[0] ? titleOf(tasks[0]) : subject, href: tasks[0] ? `/tasks/${tasks[0]}` : '/council', since: detected_at,
      detail: `${kind}${note ? `: ${note}` : ''}`,
    })),
    ...broken.map(({ agent, name, orchestrator, bad_in_row, since }): Concern => ({
      ...none, id: `breaker ${agent}`, kind: 'circuit open', severity: 'MEDIUM', title: name, href: `/agents/${agent}`, since, owner: orchestrator,
      detail: `failed ${bad_in_row} times in a row; takes no work for a while`,
    })),
  ]
  return concerns.sort((a, b) => Number(a.isAcknowledged) - Number(b.isAcknowledged) || rank[a.severity] - rank[b.severity]
    || a.since.localeCompare(b.since) || a.id.localeCompare(b.id))
}

/** One sentence that answers: is anything wrong? */
export function verdict(concerns: readonly Concern[], isStale: boolean): { readonly tone: 'good' | 'warn' | 'bad'; readonly text: string } {
  if (isStale) return { tone: 'warn', text: 'What is shown is not of now' }
  const open = concerns.filter(({ isAcknowledged }) => !isAcknowledged)
  if (concerns.length === 0) return { tone: 'good', text: 'Nothing waits for you' }
  if (open.length === 0) return { tone: 'good', text: 'Everything that waits is looked at' }
  const urgent = open.filter(({ severity }) => severity === 'CRITICAL').length
  const text = `${open.length === 1 ? 'One thing waits' : `${open.length} things wait`} for somebody`
  return urgent > 0 ? { tone: 'bad', text: `${text}, ${urgent === 1 ? 'one of them' : urgent} critical` } : { tone: 'warn', text }
}
