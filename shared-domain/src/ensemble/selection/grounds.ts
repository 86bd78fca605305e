import { agentVersions } from '../../fleet/agent/agent-versions.ts'
import { agents } from '../../fleet/agent/agents.ts'
import { rowsOf, type Asked, type Grounds } from '../../kernel/grounds.ts'
import type { Row } from '../../kernel/read-model.ts'
import { resources, type Criteria } from './criteria.ts'
import { columns, type Agent, type Manifests } from './eligibility.ts'

const asksForResources = ({ resourceConstraints = {} }: Criteria) => resources.some((measure) => resourceConstraints[measure] !== undefined)

/** All agents; manifests only where something is asked of them. */
export const asked = (criteria: Criteria): Asked => ({
  agents: rowsOf(agents, { columns }),
  ...(asksForResources(criteria) && { manifests: rowsOf(agentVersions, { columns: ['agent', 'manifest'], where: { current: true } }) }),
})

/** What the rows say. */
export function seen({ rows: { agents, manifests = [] } }: Grounds): { readonly all: readonly Agent[]; readonly manifests: Manifests } {
  return {
    all: agents as readonly unknown[] as readonly Agent[],
    manifests: new Map(manifests.map(({ agent, manifest }) => [agent as string, manifest as Row])),
  }
}
