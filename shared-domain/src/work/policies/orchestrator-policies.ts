import { matchOf, skillOf, skillsOf } from '../../fleet/skills.ts'
import type { Priority } from '../../vocabulary.ts'
import { bonusOf, loadOf, rounded } from './measures.ts'
import type { OrchestratorPolicyName } from './names.ts'

/** An orchestrator as far as it matters whether a task is passed to it, with what its capacity says. */
export interface Peer {
  readonly discipline: string
  readonly capabilities: readonly string[]
  readonly tier: number
  readonly status: string
  readonly active: number
  readonly reserved: number
  readonly max: number
}

/** A task as far as it matters to whom it is passed. */
export interface Passed {
  readonly priority: Priority
  readonly tags: readonly string[]
  readonly requiredCapabilities: readonly string[]
}

/** How well a task would be with an orchestrator, in points. */
export function federation({ discipline, capabilities, tier, status, active, reserved, max }: Peer, task: Passed): number {
  const known = skillsOf([discipline, ...capabilities])
  return rounded((task.tags.some((tag) => known.includes(skillOf(tag))) ? 20 : 0)
    + 20 * (matchOf(skillsOf(task.requiredCapabilities), skillsOf(capabilities)) ?? 0)
    + Math.min(10, 2 * capabilities.length)
    + 2 * tier
    + 30 * (1 - loadOf(active + reserved, max))
    + (status === 'ONLINE' ? 10 : 0)
    + bonusOf(task.priority))
}

export const orchestratorPolicies: Readonly<Record<OrchestratorPolicyName, typeof federation>> = { 'federation/1': federation }
