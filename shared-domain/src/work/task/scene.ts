import type { Test } from 'tap'
import { capacity } from '../../fleet/capacity/decider.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { Rejection, type Fold } from '../../kernel/decider.ts'
import type { AnyEvent } from '../../kernel/fact.ts'
import { behaviour, now, on, subject, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { World, type Wish } from '../../kernel/world.ts'
import { AgentId, CommandId } from '../../vocabulary.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import type { Lease, Work } from './shapes.ts'
import { taskState } from './state.ts'

export const [owner, other, third, stranger] = [11, 12, 13, 14].map(uuid) as [string, string, string, string]
export const [first, second, last] = [2, 3, 4].map(uuid) as [string, string, string]
export const slot = uuid(900)
export const seed = 2030

export const wanted = {
  owner, title: 'Work', description: null, priority: 'MEDIUM' as const, dueAt: null, estimatedHours: null,
  tags: [], requiredCapabilities: [], dependsOn: [], maxRetries: 3, metadata: {},
}
type Data<Type extends TaskEvent['type']> = Partial<Parameters<(typeof Task)[Type]>[0]>

/** What figures are kept by, of a task that nobody worked on yet. */
export const work = (over: Partial<Work> = {}): Work =>
  ({ priority: 'MEDIUM', createdAt: now, dueAt: null, skill: 'none', wait_ms: 0, failures: 0, moves: 0, ...over })
const ending = { agentSlot: null, work: work() }
const chosenByHand = { policy: null, candidates: [], rejected: [], grounds: null, outsideHours: null }
const passing = {
  agentSlot: null, slaDeadline: null, dependsOn: [], retries: 0, answerBy: null, finishBy: null, attempt: 1, retryOf: null, depth: null,
  back: 0, ...chosenByHand,
}

export const lease = (token: string, over: Partial<Lease> = {}): Lease =>
  ({ holder: owner, token, slot, since: now, agent: null, run: null, ...over } as Lease)

export const created = (over: Data<'TaskCreated'> = {}) => Task.TaskCreated({
  ...wanted, workspace: null, channel: null, storyPoints: null, slaDeadline: null, slaGiven: false, origin: null, ...over,
})
/** The deadline of a task of middle priority that is wanted now. */
export const week = later(now, 168 * hour_ms)

export const started = (over: Data<'TaskStarted'> = {}) => Task.TaskStarted({
  owner, from: 'TODO', slot, attempt: 0, waited_ms: 0, selection: null, holder: over.owner ?? owner, agent: null, outsideHours: null,
  run: null, origin: null, work: work(), ...over,
})
export const progressed = (percentage: number, over: Data<'TaskProgressed'> = {}) =>
  Task.TaskProgressed({ owner, token, percentage, message: null, metadata: {}, hoursSpent: null, previous: 0, ...over })
export const blocked = (
  kind: 'dependencies' | 'failure' | 'manual', reason: string = kind, waitsFor: string[] = [], over: Data<'TaskBlocked'> = {},
) => Task.TaskBlocked({ owner, from: 'TODO', kind, reason, waitsFor, lease: null, origin: null, ...ending, ...over })
export const escalated = (to: string | null = null, over: Data<'TaskEscalated'> = {}) => Task.TaskEscalated({
  owner, from: 'TODO', to, reason: 'escalation', severity: 'MEDIUM', context: {}, lease: null, people: [], steps: null, cause: 'hand',
  agentSlot: null, ...over,
})
export const resolved = (over: Data<'TaskEscalationResolved'> = {}) => Task.TaskEscalationResolved({
  owner, from: 'BLOCKED', resolution: 'so be it', escalation: '1', person: null, paused_ms: 0, slaDeadline: null, warnAt: null, ...over,
})
export const completed = (token: string, over: Data<'TaskCompleted'> = {}) => Task.TaskCompleted({
  owner, from: 'IN_PROGRESS', lease: lease(token), priority: 'MEDIUM', createdAt: now, startedAt: now, durationMs: 0, onTime: true,
  output: null, artifacts: [], metrics: {}, slaMet: null, actualHours: 0.01, dependsOn: [], origin: null, ...ending, ...over,
})
export const released = (over: Data<'TaskReleased'> = {}) =>
  Task.TaskReleased({ owner, from: 'IN_PROGRESS', lease: lease(token), reason: null, ...ending, ...over })
export const expired = (over: Data<'LeaseExpired'> = {}) =>
  Task.LeaseExpired({ owner, from: 'IN_PROGRESS', lease: lease(token), lastSeen: now, ...ending, ...over })
export const cancelled = (over: Data<'TaskCancelled'> = {}) => Task.TaskCancelled({
  owner, from: 'TODO', reason: null, lease: null, priority: 'MEDIUM', escalation: null, dependsOn: [], origin: null, ...ending, ...over,
})
export const reopened = (over: Data<'TaskReopened'> = {}) =>
  Task.TaskReopened({ owner, from: 'CANCELLED', reason: null, slaDeadline: null, dependsOn: [], ...over })
export const delegated = (to: string, from = owner, over: Data<'TaskDelegated'> = {}) => Task.TaskDelegated({
  owner: from, from: 'TODO', to, note: null, forced: false, priority: 'MEDIUM', dueAt: null, ...passing, ...over,
})
export const handedOff = (over: Data<'TaskHandedOff'> = {}) => Task.TaskHandedOff({
  owner, from: 'IN_PROGRESS', to: other, note: null, forced: false, context: {}, lease: lease(token), ...passing,
  snapshot: { status: 'IN_PROGRESS', percentage: 0, attempt: 0, priority: 'MEDIUM', dueAt: null, assignee: null }, ...over,
})
export const assigned = (assignee: string, over: Data<'TaskAssigned'> = {}) => Task.TaskAssigned({
  owner, assignee, previous: null, reason: null, agentSlot: null, previousAgentSlot: null, startBy: null, counts: {}, ...chosenByHand,
  ...over,
})
export const needsApproval = (decision: string, decisions: string[] = [decision], over: Data<'ApprovalRequired'> = {}) =>
  Task.ApprovalRequired({ owner, decision, decisions, lasting: false, question: null, ...over })

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

export const failed = (attempt: number, retryable = true, over: Data<'TaskFailed'> = {}) => Task.TaskFailed({
  owner, from: 'IN_PROGRESS', lease: lease(token), attempt, error: 'no', kind: 'error', retryable, origin: null, agentSlot: null,
  work: work({ failures: 1 }), ...over,
})

/** An agent that a task is assigned to, and its place. */
export const hand = { kind: 'agent', id: uuid(700) } as const
export const place = (agent: string = hand.id) => ({ agent: AgentId.parse(agent), slot: CommandId.parse(uuid(900)), kept: false })
export const toHand = (over: Data<'TaskAssigned'> = {}) =>
  assigned(`agent:${hand.id}`, { agentSlot: place(), startBy: later(now, 900 * second_ms), ...over })
