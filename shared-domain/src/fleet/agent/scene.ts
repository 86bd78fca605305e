import { organization, system, uuid } from '../../kernel/testing.ts'
import { send } from '../../kernel/process.ts'
import { World } from '../../kernel/world.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { agent } from './decider.ts'
import { Agent, type Capability, type Profile } from './events.ts'

export const supervisor = uuid(50) as OrchestratorId

export const skill = (name: string, more: Partial<Capability> = {}): Capability =>
  ({ skill: name, proficiency: 5, successRate: null, latency_ms: null, cost: null, ...more })

export const profile: Profile = {
  name: 'copilot', description: null, orchestrator: supervisor, capabilities: [], maxConcurrent: 1, reliability: 0.9, tags: [],
}
export const registered = (more: Partial<Profile> = {}) => Agent.AgentRegistered({ ...profile, ...more })

/** The agents of a small house, with the numbers that are asked of them; each number is an id. */
export function staffed(numbers: readonly number[], more: object = {}) {
  const world = new World([agent, orchestrator])
  for (const n of numbers) world.carryOut(send(agent, uuid(n), 'register', { name: `Agent ${n}`, ...more }))
  const tell = (n: number, command: string, data: unknown) => world.do({ category: 'agent', id: uuid(n), command, data, by: system })
  return { world, tell }
}

export const elsewhere = { organization: `not ${organization}` }
