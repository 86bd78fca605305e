import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { AgentEvent } from './events.ts'

const row = z.object({
  agent: AgentId,
  no: z.int(),
  version: z.string(),
  manifest: z.record(z.string(), z.json()),
  checksum: z.string(),
  current: z.boolean(),
  at: StoredInstant,
  orchestrator: OrchestratorId.nullable(),
})

const project: Project<typeof row, 'agent' | 'no', AgentEvent> = {
  AgentVersionPublished({ id, at, data }) {
    const agent = id as AgentId
    const published = { put: { agent, ...data, current: true, at } }
    return data.no === 1 ? [published] : [published, { patch: { current: false }, at: { agent, no: data.no - 1 } }]
  },
}

export const agentVersions = readModel({
  name: 'agent_version',
  about: 'What was published of each agent, and which of it is current.',
  version: 1,
  path: '/agent-versions',
  row,
  key: ['agent', 'no'],
  filters: ['agent'],
  project,
})
