import type { z } from 'zod'
import type { capacities } from '../../fleet/capacity/capacities.ts'
import type { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { isClosedFor, type Closed } from '../../rhythm/schedule/told.ts'
import { compare, loadOf, tallied } from './measures.ts'
import type { OrchestratorPolicyName } from './names.ts'
import { orchestratorPolicies, type Passed, type Peer } from './orchestrator-policies.ts'
import type { Placing } from './placing.ts'

/** What is asked of the row of an orchestrator, and of the row of what it can carry. */
export const peerColumns = [
  'orchestrator', 'discipline', 'capabilities', 'tier', 'status',
] as const satisfies readonly (keyof z.output<typeof orchestrators.row>)[]
export const carryingColumns = [
  'orchestrator', 'active', 'reserved', 'max',
] as const satisfies readonly (keyof z.output<typeof capacities.row>)[]

export type PeerRow = Pick<z.output<typeof orchestrators.row>, (typeof peerColumns)[number]>
export type CarryingRow = Pick<z.output<typeof capacities.row>, (typeof carryingColumns)[number]>

/** What is asked of whoever is to have a task, besides what the task says. */
export interface PassingTerms {
  readonly policy: OrchestratorPolicyName
  /** The owner, and who passed the task on before: to give it to one of them is to give it back. */
  readonly delegators: readonly string[]
  /** Those to whom it was passed in vain. */
  readonly tried: readonly string[]
  /** Those that are outside their hours. */
  readonly closed: Closed
}

interface Fit {
  readonly id: string
  readonly score: number
  readonly load: number
  readonly slots: number
}

const byScore = (a: Fit, b: Fit): number => b.score - a.score || a.load - b.load || a.slots - b.slots || compare(a.id, b.id)

/** Who was registered a moment ago, so that it is not shown yet what it carries, carries nothing. */
const nothing = { active: 0, reserved: 0, max: 1 }

function unfit({ orchestrator, status }: PeerRow, task: Passed, { delegators, tried, closed }: PassingTerms): string | undefined {
  if (delegators.includes(orchestrator)) return 'DELEGATOR'
  if (tried.includes(orchestrator)) return 'TRIED'
  if (status === 'OFFLINE') return 'UNAVAILABLE'
  return isClosedFor(closed, orchestrator, task) ? 'CLOSED' : undefined
}

/** Who of these orchestrators is to have the task, and why not the others. The same rows and terms give the same. */
export function passing(peers: readonly PeerRow[], carrying: readonly CarryingRow[], task: Passed, terms: PassingTerms): Placing {
  const carriedBy = new Map(carrying.map((row) => [row.orchestrator, row]))
  const fit: Fit[] = []
  const rejected: { id: string; code: string }[] = []
  for (const row of peers.toSorted((a, b) => compare(a.orchestrator, b.orchestrator))) {
    const { orchestrator: id } = row
    const why = unfit(row, task, terms)
    if (why) {
      rejected.push({ id, code: why })
      continue
    }
    const peer: Peer = { ...row, ...(carriedBy.get(id) ?? nothing) }
    const slots = peer.active + peer.reserved
    fit.push({ id, score: orchestratorPolicies[terms.policy](peer, task), load: loadOf(slots, peer.max), slots })
  }
  return { ranked: fit.sort(byScore).map(({ id, score }) => ({ id, score })), rejected, counts: tallied(rejected) }
}
