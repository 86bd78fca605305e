import type { z } from 'zod'
import type { agents } from '../../fleet/agent/agents.ts'
import { skillsOf } from '../../fleet/skills.ts'
import type { Priority } from '../../vocabulary.ts'
import { bonusOf, compare, loadOf } from './measures.ts'
import type { AgentPolicyName } from './names.ts'

/** What is asked of an agent's row. */
export const columns = [
  'agent', 'orchestrator', 'skills', 'standing', 'breaker', 'breaker_until', 'current', 'max_concurrent', 'reliability', 'last_slot_at',
] as const satisfies readonly (keyof z.output<typeof agents.row>)[]

export type AgentRow = Pick<z.output<typeof agents.row>, (typeof columns)[number]>

/** A task as far as it matters who does it. */
export interface Wanted {
  readonly owner: string
  readonly priority: Priority
  readonly requiredCapabilities: readonly string[]
  readonly title: string
  readonly description: string | null
}

export interface Scored {
  readonly row: AgentRow
  readonly score: number
}

/** One way to say which agent does a task best. */
export interface AgentPolicy {
  readonly about: string
  /** What it weighs besides skills, so that what only another asks for is not looked up. */
  readonly reads?: 'words'
  /** `match` is the share of the required skills that it has, null when none is required. */
  readonly score: (row: AgentRow, task: Wanted, match: number | null) => number
  /** So many slots of an agent it fills, however many there are. */
  readonly slots_max?: number
  /** The better first; the id decides last. */
  readonly order: (a: Scored, b: Scored) => number
}

const shareOf = ({ current, max_concurrent: max }: AgentRow) => loadOf(current, max)

const byScore = (a: Scored, b: Scored): number =>
  b.score - a.score || shareOf(a.row) - shareOf(b.row) || a.row.current - b.row.current

/** After every instant, as text; before each: the text that is empty. */
const never = ''

const capabilityReliability: AgentPolicy = {
  about: 'How many of the required skills it has, times its reliability, less up to a third for its load.',
  score: (row, _, match) => (match ?? 0.5) * row.reliability * (1 - 0.3 * shareOf(row)),
  order: byScore,
}

const loadBalanced: AgentPolicy = {
  about: 'Whoever has the fewest slots taken, and never more than three.',
  score: (row) => 1 - shareOf(row),
  slots_max: 3,
  order: (a, b) => a.row.current - b.row.current || b.row.max_concurrent - a.row.max_concurrent,
}

const scheduler: AgentPolicy = {
  about: 'Skills that the words of the task name, required skills, load and priority, in points.',
  reads: 'words',
  score(row, { title, description, priority }, match) {
    const words = `${title}\n${description ?? ''}`.toLowerCase()
    const named = [...new Set(skillsOf(row.skills))].filter((skill) => words.includes(skill)).length
    const able = row.skills.length === 0 ? 10 : Math.min(40, 10 * named + 20 * (match ?? 0))
    return able + 30 * (1 - shareOf(row)) + 20 + bonusOf(priority)
  },
  order: byScore,
}

const roundRobin: AgentPolicy = {
  about: 'Whoever got nothing new for the longest time.',
  score: () => 1,
  order: (a, b) => compare(a.row.last_slot_at ?? never, b.row.last_slot_at ?? never),
}

export const agentPolicies: Readonly<Record<AgentPolicyName, AgentPolicy>> = {
  'capability-reliability/1': capabilityReliability,
  'scheduler/1': scheduler,
  'load-balanced/1': loadBalanced,
  'round-robin/1': roundRobin,
}
