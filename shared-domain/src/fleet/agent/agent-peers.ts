import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, StoredInstant } from '../../vocabulary.ts'
import type { AgentEvent } from './events.ts'

const row = z.object({ agent: AgentId, peer: AgentId, since: StoredInstant })

/** The pair as either of the two sees it. */
const bothWays = (id: string, peer: AgentId) => [{ agent: id as AgentId, peer }, { agent: peer, peer: id as AgentId }]

const project: Project<typeof row, 'agent' | 'peer', AgentEvent> = {
  AgentPeerAdded: ({ id, at: since, data: { peer } }) => bothWays(id, peer).map((pair) => ({ put: { ...pair, since } })),
  AgentPeerRemoved: ({ id, data: { peer } }) => bothWays(id, peer).map((pair) => ({ remove: pair })),
}

export const agentPeers = readModel({
  name: 'agent_peer',
  about: 'Which agents are peers of one another; each pair both ways.',
  version: 1,
  path: '/agent-peers',
  row,
  key: ['agent', 'peer'],
  filters: ['agent'],
  project,
})
