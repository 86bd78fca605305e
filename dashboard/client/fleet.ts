import type { Deed, Field } from './deeds.ts'

export interface OrchestratorRow {
  readonly orchestrator: string
  readonly name: string
  readonly discipline: string
  readonly role: string
  readonly capabilities: readonly string[]
  readonly status: 'ONLINE' | 'BUSY' | 'AWAY' | 'OFFLINE' | 'ARCHIVED'
  readonly status_reason: string | null
  readonly since: string
  readonly timezone: string
  readonly registered_at: string
  readonly tier: number
  readonly charter_version: number | null
  readonly interventions: readonly unknown[]
}

export interface AgentRow {
  readonly agent: string
  readonly name: string
  readonly description: string | null
  readonly orchestrator: string | null
  readonly status: string
  readonly breaker: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
  readonly breaker_until: string | null
  readonly reliability: number
  readonly good: number
  readonly bad: number
  readonly bad_in_row: number
  readonly current: number
  readonly max_concurrent: number
  readonly load: number
  readonly skills: readonly string[]
  readonly since: string
  readonly last_slot_at: string | null
  readonly version: string | null
}

export interface DaemonRow {
  readonly daemon: string
  readonly orchestrator: string
  readonly name: string
  readonly status: string
  readonly max_sessions: number
  readonly version: string | null
  readonly host: string | null
  readonly last_seen: string | null
  readonly deadline: string | null
}

export interface CapacityRow { readonly max: number; readonly free: number; readonly active: number; readonly reserved: number; readonly band: string; readonly utilisation: number; readonly energy_remaining: number | null; readonly energy_budget: number | null }
export interface ScheduleRow { readonly open: boolean | null; readonly until: string | null; readonly next_open_at: string | null; readonly zone: string | null; readonly cause: string }
export interface BacklogRow { readonly total: number; readonly todo: number; readonly in_progress: number; readonly blocked: number; readonly done: number; readonly cancelled: number; readonly sla_violated: number; readonly completion_rate: number }

const reason: Field = { name: 'reason', label: 'Why', isOptional: true }

type Shown = Deed['shown']

export function orchestratorDeeds({ orchestrator: id, name, status }: Pick<OrchestratorRow, 'orchestrator' | 'name' | 'status'>, shown?: Shown): readonly Deed[] {
  const one = (label: string, command: string, more: Partial<Deed> = {}): Deed =>
    ({ label, path: `/orchestrators/${id}/${command}`, owner: id, about: name, shown, fields: [reason], ...more })
  if (status === 'ARCHIVED') return []
  const key: Deed = { label: 'New key', path: `/orchestrators/${id}/keys`, scope: 'admin', about: name, isSecret: true, fields: [{ name: 'name', label: 'Name', initial: 'key' }] }
  const hours: Deed = {
    label: 'Other hours', path: `/orchestrators/${id}/schedule/overrides`, owner: id, about: `For a while the hours of ${name} are others.`, fields: [
      { name: 'kind', label: 'Hours', kind: 'choice', options: ['UNAVAILABLE', 'AVAILABLE'] }, { name: 'from', label: 'From', kind: 'instant' },
      { name: 'to', label: 'To', kind: 'instant', hint: 'In your zone.' }, { name: 'reason', label: 'Why' },
    ],
  }
  if (status === 'OFFLINE') return [
    one('Activate', 'activate'), key,
    { label: 'Archive', method: 'DELETE', path: `/orchestrators/${id}`, scope: 'admin', about: name, shown, fields: [reason], warning: 'It never comes back, and its keys are good for nothing.' },
  ]
  return [
    status === 'AWAY' ? one('Resume', 'resume', { fields: [] }) : one('Pause', 'pause'),
    one('Stop', 'stop', { warning: 'It takes no more work until it is activated.' }), hours, key,
  ]
}

export function agentDeeds({ agent: id, name, status, orchestrator }: Pick<AgentRow, 'agent' | 'name' | 'status' | 'orchestrator'>, shown?: Shown): readonly Deed[] {
  if (status === 'RETIRED') return []
  const to = (label: string, wanted: string, more: Partial<Deed> = {}): Deed =>
    ({ label, method: 'PUT', path: `/agents/${id}/status`, body: { status: wanted }, about: name, owner: orchestrator, shown, fields: [reason], ...more })
  return [
    ...(status === 'SUSPENDED' ? [to('Let it work', 'IDLE', { scope: 'admin' })] : status === 'OFFLINE' ? [to('Idle', 'IDLE')] : [to('Offline', 'OFFLINE'), to('Suspend', 'SUSPENDED', { scope: 'admin' })]),
    { label: 'New key', path: `/agents/${id}/keys`, scope: 'admin', about: name, isSecret: true, fields: [{ name: 'name', label: 'Name', initial: 'key' }] },
    { label: 'Retire', method: 'DELETE', path: `/agents/${id}`, owner: orchestrator, about: name, shown, fields: [reason], warning: 'It never comes back. What it works on goes on.' },
  ]
}

export function daemonDeeds({ daemon: id, name, status, orchestrator }: DaemonRow): readonly Deed[] {
  if (status !== 'RUNNING' && status !== 'UNHEALTHY') return []
  return [
    { label: 'Drain', path: `/daemons/${id}/drain`, owner: orchestrator, about: name, fields: [{ name: 'within_s', label: 'Within, in seconds', kind: 'number', initial: '600' }, reason] },
    { label: 'Stop', path: `/daemons/${id}/stop`, owner: orchestrator, about: name, fields: [reason], warning: 'It ends now, with whatever runs.' },
  ]
}
