import { AgentId, OrchestratorId } from '../../vocabulary.ts'

/** Who does a task: an agent, an orchestrator, or a person by whatever name. */
export type Assignee =
  | { readonly kind: 'agent'; readonly id: AgentId }
  | { readonly kind: 'orchestrator'; readonly id: OrchestratorId }
  | { readonly kind: 'person' }

const named = /^(agent|orchestrator):(.{36})$/

export function assigneeOf(text: string): Assignee {
  const [, kind, id] = named.exec(text) ?? []
  const known = (kind === 'agent' ? AgentId : OrchestratorId).safeParse(id)
  return kind !== undefined && known.success ? { kind, id: known.data } as Assignee : { kind: 'person' }
}

export const agentNamed = (id: string): string => `agent:${id}`

/** Who may claim a task: the assigned orchestrator, without an assignee the owner, nobody while a person or an agent is assigned. */
export function workerOf(owner: OrchestratorId, assignee: string | null): OrchestratorId | null {
  if (assignee === null) return owner
  const known = assigneeOf(assignee)
  return known.kind === 'orchestrator' ? known.id : null
}

/** Whose lease and capacity slot a start takes: the worker, else the owner. */
export const holderOf = ({ owner, assignee }: { readonly owner: OrchestratorId; readonly assignee: string | null }): OrchestratorId =>
  workerOf(owner, assignee) ?? owner
