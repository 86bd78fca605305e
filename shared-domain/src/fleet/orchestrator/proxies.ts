import { z } from 'zod'
import { decisionTypes } from '../../council/decision/decision-types.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { OrchestratorEvent } from './events.ts'

const row = z.object({
  orchestrator: OrchestratorId,
  to: Id,
  /** In questions of these types; null for any. */
  types: z.array(z.enum(decisionTypes)).nullable(),
  until: StoredInstant.nullable(),
  since: StoredInstant,
})

const key = (id: string) => ({ orchestrator: id as z.output<typeof OrchestratorId> })
const gone = ({ id }: { readonly id: string }) => [{ remove: key(id) }]

const project: Project<typeof row, 'orchestrator', OrchestratorEvent> = {
  ProxyAppointed: ({ id, at: since, data }) => [{ put: { ...key(id), ...data, since } }],
  ProxyWithdrawn: gone,
  OrchestratorArchived: gone,
}

export const proxies = readModel({
  name: 'proxy',
  about: 'Who votes for whom, where it may vote and does not, in questions that are opened.',
  version: 1,
  path: '/proxies',
  row,
  key: ['orchestrator'],
  filters: ['to'],
  project,
})
