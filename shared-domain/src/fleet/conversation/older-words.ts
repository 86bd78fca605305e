import { z } from 'zod'
import { reject, type OlderWords } from '../../kernel/decider.ts'
import { Id, Who } from '../../vocabulary.ts'
import type { ConversationState } from './state.ts'

const route = 'POST /orchestrators/:orchestrator/conversations/initiate'

const TargetType = z.enum(['user', 'channel', 'USER', 'CHANNEL']).transform((said) => said.toLowerCase())

/** A message by its conversation and its number there. */
const ParentId = z.string().regex(/^[0-9a-f-]{36}\/\d{1,4}$/i, { error: 'is not <conversation>/<no>' })
  .refine((said) => Id.safeParse(said.slice(0, 36)).success, { error: 'is not <conversation>/<no>' })

export const olderOpening: OlderWords<ConversationState> = {
  route,
  fields: { targetType: TargetType, targetId: Who },
  without: ['target'],
  say: ({ targetType: kind, targetId: id, ...said }) => ({ ...said, target: { kind, id } }),
}

const parentOf = (said: Readonly<Record<string, unknown>>) => String(said.parentId).split('/') as [conversation: string, no: string]

export const olderReply: OlderWords<ConversationState> = {
  route,
  about: 'With `parentId`, `<conversation>/<no>`: what that message is answered.',
  fields: { parentId: ParentId, targetType: TargetType.optional(), targetId: Who.optional() },
  without: ['parent', 'from'],
  idOf: (said) => parentOf(said)[0].toLowerCase(),
  say: (said) => ({ content: said.content, parent: parseInt(parentOf(said)[1], 10) }),
  guard: (state, said) => (state.stage !== 'unknown' && state.orchestrator === said.orchestrator ? undefined : reject('NOT_FOUND')),
  meant: (said) => 'parentId' in said,
}
