import { deciders, processes } from '../../catalogue.ts'
import { older } from '../../fleet/agent/fixture.ts'
import { agentState, type Known as AgentKnown } from '../../fleet/agent/state.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { organization } from '../../fleet/organization/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { send } from '../../kernel/process.ts'
import { admin, now, system, uuid } from '../../kernel/testing.ts'
import { Courier, World } from '../../kernel/world.ts'
import type { AgentId, OrchestratorId } from '../../vocabulary.ts'
import { taskState, type Known } from '../task/state.ts'
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
  policy: 'capability-reliability/1', at: now, exclude: [], need: 'some', anyone: false, refused: [], closed: new Map(), ...more,
})

export const owned = uuid(12) as OrchestratorId

/** The owner and another orchestrator at work, the older agents, and whatever becomes of them. */
export function house() {
  const world = new World(deciders)
  world.carryOut(send(organization, 'acme', 'create', { slug: 'acme', name: 'Acme' }))
  for (const id of [owner, owned]) {
    world.carryOut(send(orchestrator, id, 'register', { name: `Orchestrator ${id.at(-1)}`, maxConcurrentTasks: 50 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const wish = (category: string, id: string, command: string, data: unknown = {}, by: Actor = admin) =>
    world.do({ category, id, command, data, by })
  for (const { id, name, skills, max, current, reliability, status } of older) {
    const capabilities = skills.map((skill) => ({ skill }))
    wish('agent', id, 'register', { name, capabilities, maxConcurrent: max, reliability })
    if (status === 'ACTIVE') wish('agent', id, 'setStatus', { status })
    for (let n = 0; n < current; n++) wish('agent', id, 'reserve', { task: uuid(980), slot: uuid(990 + n) }, system)
  }
  const courier = new Courier(world, processes)
  const create = (id: string, data: object = {}) => wish('task', id, 'create', { owner, title: 'Work', ...data })
  const task = (id: string, command: string, data: unknown = {}, by: Actor = admin) => wish('task', id, command, data, by)
  const taskOf = (id: string) => world.look(taskState, id) as Known
  const agentOf = (id: string) => world.look(agentState, id) as AgentKnown
  return { world, courier, create, task, taskOf, agentOf, wish }
}

export const seed = 2030
