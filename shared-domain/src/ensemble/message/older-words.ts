import type { OlderWords } from '../../kernel/decider.ts'
import { AgentId } from '../../vocabulary.ts'

export const communicating: readonly OlderWords[] = [{
  route: 'POST /orchestration/communicate',
  about: 'To all other members with `toAgentId` null.',
  fields: { sessionId: 'session', fromAgentId: 'from', toAgentId: AgentId.nullable().optional(), messageType: 'type' },
  without: ['to'],
  say: ({ toAgentId: to, ...said }) => (to === null || to === undefined ? said : { ...said, to }),
}]
