import { older } from '../../fleet/agent/fixture.ts'
import { now, uuid } from '../../kernel/testing.ts'
import type { AgentId, OrchestratorId } from '../../vocabulary.ts'
import type { AgentRow, Wanted } from './agent-policies.ts'
import type { Terms } from './placing.ts'

export const owner = uuid(11)

export const agentRow = (n: number, more: Partial<AgentRow> = {}): AgentRow => ({
  agent: uuid(n) as AgentId, orchestrator: null, skills: [], standing: 'IDLE', breaker: 'CLOSED', breaker_until: null, current: 0,
  max_concurrent: 1, reliability: 0.9, last_slot_at: null, ...more,
})

/** F-74. */
export const olderRows: readonly AgentRow[] = older.map(({ id, skills, max, current, reliability, status }) => agentRow(0, {
  agent: id as AgentId, skills, max_concurrent: max, current, reliability, standing: status as 'IDLE' | 'ACTIVE',
}))
export const nameOf = (id: string | undefined) => older.find((one) => one.id === id)?.name ?? 'nobody'

export const wanted = (requiredCapabilities: readonly string[] = [], more: Partial<Wanted> = {}): Wanted =>
  ({ owner, priority: 'MEDIUM', requiredCapabilities, title: 'Work', description: null, ...more })

export const terms = (more: Partial<Terms> = {}): Terms => ({
  policy: 'capability-reliability/1', at: now, exclude: [], need: 'some', anyone: false, lapsed: [], refused: [], ...more,
})

export const owned = uuid(12) as OrchestratorId
