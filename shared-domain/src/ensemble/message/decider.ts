import { z } from 'zod'
import { decider, reject } from '../../kernel/decider.ts'
import { later } from '../../kernel/time.ts'
import { AgentId, Id, TaskId } from '../../vocabulary.ts'
import { speaksFor } from '../session/speaking.ts'
import { ensembleState } from '../session/state.ts'
import { MessageType, Payload, SessionMessage } from './events.ts'
import { communicating } from './older-words.ts'
import { receipts } from './receipts.ts'
import { rejections } from './rejections.ts'
import { messageState } from './state.ts'

export const sessionMessage = decider(messageState, {
  collection: 'orchestration/messages',
  rejections,

  commands: {
    send: {
      about: 'Write to another member of a session, or to all others.',
      route: 'POST /orchestration/sessions/:session/messages',
      aliases: communicating,
      creates: true,
      scope: 'execute',
      fresh: true,
      data: z.object({
        session: Id, from: AgentId, to: AgentId.optional().describe('All other members, when not said.'), type: MessageType,
          payload: Payload,
        requireAcknowledgment: z.boolean().default(false), ackTimeout_ms: z.int().min(1_000).max(86_400_000).default(60_000),
        inReplyTo: Id.optional(), task: TaskId.optional(),
      }),
      decide(state, { session, from, to, type, payload, requireAcknowledgment, ackTimeout_ms, inReplyTo = null, task = null }, context) {
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        const known = context.look(ensembleState, session)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        const member = known.members.find(({ agent }) => agent === from)
        if (!member || to === from || (to !== undefined && !known.members.some(({ agent }) => agent === to))) return reject('NOT_A_MEMBER')
        if (!speaksFor(member, context)) return reject('FORBIDDEN')
        if (known.stage !== 'ACTIVE') return reject('COMMUNICATION_FAILED', { status: known.stage })
        const addressees = to === undefined ? known.members.map(({ agent }) => agent).filter((agent) => agent !== from) : [to]
        const isAwaited = requireAcknowledgment && addressees.length > 0
        return [
          SessionMessage.MessageSent({
            session, from, to: to ?? null, addressees, type, payload, ackDueAt: isAwaited ? later(context.at, ackTimeout_ms) : null,
            inReplyTo, task,
          }),
          ...(to === undefined ? addressees.map((agent) => SessionMessage.MessageAddressed({ session, from, agent, type })) : []),
        ]
      },
    },
    ...receipts,
  },
})
