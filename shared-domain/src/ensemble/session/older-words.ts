import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import { text } from '../../vocabulary.ts'
import { criteriaSaid, OlderCriteria } from '../selection/older-words.ts'

const patch = 'PATCH /orchestration/sessions/:id'
const toBe = <const Status extends string>(status: Status) =>
  ({ fields: { status: z.literal(status) }, meant: (said: { readonly status?: unknown }) => said.status === status })

export const forming: readonly OlderWords[] = [{
  route: 'POST /orchestration/sessions',
  about: 'Criteria with `skillId`, `maxLatencyMs` and `estimatedTimeMs`.',
  fields: { orchestrationType: 'pattern', agentSelectionCriteria: OlderCriteria.prefault({}), sessionMetadata: 'metadata' },
  without: ['criteria'],
  say: ({ agentSelectionCriteria, ...said }) => ({ ...said, criteria: criteriaSaid(agentSelectionCriteria as OlderCriteria) }),
}]

export const starting: readonly OlderWords[] = [{ route: patch, ...toBe('active') }]
export const completing: readonly OlderWords[] = [{ route: patch, ...toBe('completed') }]
export const failing: readonly OlderWords[] = [{
  route: patch, meant: toBe('failed').meant,
  fields: { status: z.literal('failed'), reason: text(500).default('It was said to have failed.') },
}]
export const cancelling: readonly OlderWords[] = [
  { route: patch, ...toBe('cancelled') },
  { route: 'DELETE /orchestration/sessions/:id' },
]
