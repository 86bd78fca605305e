import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'

const types = ['supervisor', 'subordinate', 'peer'] as const

/** What the second agent is to the first: one route of older systems for all of them. */
const typed = (type: (typeof types)[number], words: Pick<OlderWords, 'id' | 'fields'>): OlderWords => ({
  route: 'POST /orchestration/relationships', about: `With \`type\` ${type}: that is what \`relatedAgentId\` is to \`agentId\`.`, ...words,
  fields: { ...words.fields, type: z.enum(types) }, meant: (said) => said.type === type,
})

export const relation = {
  supervisor: [
    typed('supervisor', { id: 'agentId', fields: { relatedAgentId: 'agent' } }),
    typed('subordinate', { id: 'relatedAgentId', fields: { agentId: 'agent' } }),
  ],
  peer: [typed('peer', { fields: { agentId: 'agent', relatedAgentId: 'peer' } })],
}
