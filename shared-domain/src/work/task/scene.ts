import type { Test } from 'tap'
import { capacity } from '../../fleet/capacity/decider.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { Rejection, type Fold } from '../../kernel/decider.ts'
import type { AnyEvent } from '../../kernel/fact.ts'
import { behaviour, now, on, subject, uuid } from '../../kernel/testing.ts'
import { World, type Wish } from '../../kernel/world.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import { taskState } from './state.ts'

export const [owner, other, third, stranger] = [11, 12, 13, 14].map(uuid) as [string, string, string, string]
export const [first, second, last] = [2, 3, 4].map(uuid) as [string, string, string]
export const slot = uuid(900)
export const seed = 2030

export const wanted = {
  owner, title: 'Work', description: null, priority: 'MEDIUM' as const, dueAt: null, estimatedHours: null,
  tags: [], requiredCapabilities: [], dependsOn: [], maxRetries: 3, metadata: {},
}
export const created = (over: Partial<Parameters<typeof Task.TaskCreated>[0]> = {}) => Task.TaskCreated({ ...wanted, ...over })
export const started = (over: Partial<Parameters<typeof Task.TaskStarted>[0]> = {}) =>
  Task.TaskStarted({ owner, from: 'TODO', slot, attempt: 0, waited_ms: 0, selection: null, ...over })
export const lease = (token: string, over = {}) => ({ holder: owner, token, slot, since: now, ...over })
export const blocked = (kind: 'dependencies' | 'failure' | 'manual', reason: string = kind, waitsFor: string[] = []) =>
  Task.TaskBlocked({ owner, from: 'TODO', kind, reason, waitsFor, lease: null })
export const escalated = (to: string | null = null) =>
  Task.TaskEscalated({ owner, from: 'TODO', to, reason: 'escalation', severity: 'MEDIUM', context: {}, lease: null })
export const completed = (token: string, over = {}) => Task.TaskCompleted({
  owner, from: 'IN_PROGRESS', lease: lease(token), priority: 'MEDIUM', createdAt: now, startedAt: now, durationMs: 0, onTime: true,
  output: null, artifacts: [], metrics: {}, ...over,
})
export const cancelled = (over = {}) => Task.TaskCancelled({ owner, from: 'TODO', reason: null, lease: null, ...over })
export const delegated = (to: string, from = owner) =>
  Task.TaskDelegated({ owner: from, from: 'TODO', to, note: null, forced: false, priority: 'MEDIUM', dueAt: null })

export const registered = Orchestrator.OrchestratorRegistered({
  name: 'Ada', discipline: 'general', role: 'lead', capabilities: [], timezone: 'UTC', daemonEndpoint: null, consensusWeight: 1,
  email: null, avatarUrl: null, tier: 1, maxConcurrentTasks: 5,
})
export const became = (to: 'ONLINE' | 'BUSY' | 'AWAY' | 'OFFLINE') =>
  Orchestrator.OrchestratorStatusChanged({ from: 'OFFLINE', to, action: 'start', reason: null })
export const elsewhere = on(registered, { organization: 'umbrella' })

/** The task in an organization where its owner, and two more, are at work. */
export const scene = (test: Test) => (...history: readonly TaskEvent[]) => behaviour(test, task).given(...history)
  .seeing(orchestratorState, owner, registered, became('ONLINE'))
  .seeing(orchestratorState, other, registered, became('BUSY'))
  .seeing(orchestratorState, third, registered, became('AWAY'))

/** The same with streams and slots that other commands change as well. */
export const inWorld = (...facts: readonly TaskEvent[]) => {
  const world = new World([task, capacity])
  const tell = (fold: Fold, id: string, ...told: readonly AnyEvent[]) => world.append(fold, id, told, world.contextOf({ id }))
  for (const id of [owner, other, third]) tell(orchestratorState, id, registered, became('ONLINE'))
  tell(taskState, subject, ...facts)
  const wish = (command: string, data: unknown = {}, more: Partial<Wish> = {}) =>
    world.do({ category: 'task', id: subject, command, data, ...more })
  return { world, tell, wish }
}

export const codeOf = (decision: unknown) => (decision instanceof Rejection ? decision.code : undefined)

export const waitingFor = (...ids: string[]) => blocked('dependencies', 'waits for other tasks', ids)

/** A lease granted by the second fact of the stream. */
export const token = '1'
export const running = [created(), started()]

export const failed = (attempt: number, retryable = true) =>
  Task.TaskFailed({ owner, from: 'IN_PROGRESS', lease: lease(token), attempt, error: 'no', kind: 'error', retryable })

