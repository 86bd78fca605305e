import { z } from 'zod'
import { decider, mayActAs, reject, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { busy, conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { autoReply, quietNow } from '../../rhythm/schedule/quiet.ts'
import { CommandId, Id, Int64, OrchestratorId, text } from '../../vocabulary.ts'
import { capacity } from '../capacity/decider.ts'
import { reservation_ms } from '../capacity/slots.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Conversation, Message, messages_max, No, Target } from './events.ts'
import { olderOpening, olderReply } from './older-words.ts'
import { conversationState, type ConversationState, type Known } from './state.ts'

/** Of a conversation that there is, for whoever may speak in it. */
function inside(state: ConversationState, context: Context) {
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  return mayActAs(context, state.orchestrator) ? state : reject('FORBIDDEN')
}

const isOver = (action: string) => reject('INVALID_STATE_TRANSITION', { action, status: 'CLOSED' })

/** In whose name the caller speaks: a daemon in that of its orchestrator. */
const speakerOf = ({ actsFor, by }: Pick<Context, 'actsFor' | 'by'>) => actsFor ?? by.id

/** A conversation takes a place from the beginning to the end. */
function takePlace(orchestrator: string, { id, commandId }: Context): Hold {
  const place = { conversation: Id.parse(id), command: CommandId.parse(commandId) }
  return {
    take: send(capacity, orchestrator, 'reserveConversation', place),
    giveBack: () => send(capacity, orchestrator, 'releaseConversation', { ...place, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
}

/** Why this is not said now: to a user, by anybody but that user, in hours in which the orchestrator is not to be heard. */
function unheard({ orchestrator, target }: Pick<Known, 'orchestrator' | 'target'>, from: string | null, context: Context) {
  const quiet = target.kind === 'user' && from !== target.id ? quietNow(orchestrator, context) : undefined
  return quiet && reject('QUIET_HOURS', quiet)
}

const replied = z.object({ autoReply: z.string().nullable().describe('What the orchestrator answers by itself outside its office hours.') })

const repliedBy = (state: ConversationState, context: Context) =>
  ({ autoReply: state.stage === 'unknown' ? null : autoReply(state.orchestrator, context) })

export const conversation = decider(conversationState, {
  collection: 'conversations',
  rejections: {
    NOT_FOUND: unknown('There is no such conversation, or no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself, a tool or an admin may do this.'),
    INVALID_STATE_TRANSITION: conflict('The conversation is over, or the orchestrator has left.'),
    ALREADY_EXISTS: conflict('A conversation with this id has begun with other words.'),
    LIMIT_REACHED: conflict(`A conversation has ${messages_max} messages at the most.`),
    CAPACITY_EXCEEDED: busy('The orchestrator has as many conversations as it may have at once.'),
    ORCHESTRATOR_UNAVAILABLE: busy('The orchestrator does not take work at the moment.'),
    QUIET_HOURS: busy('The orchestrator is not to be heard at this hour.'),
    PARENT_UNKNOWN: invalid('No earlier message has this number.'),
  },

  commands: {
    open: {
      about: 'Begin to talk to somebody.',
      route: 'POST /orchestrators/:orchestrator/conversations',
      aliases: [olderOpening],
      creates: true,
      data: z.object({ orchestrator: OrchestratorId, target: Target, content: Message.shape.content }),
      holds: (_, { orchestrator }, context) => takePlace(orchestrator, context),
      answers: { fields: replied, of: (state, context) => repliedBy(state, context) },
      decide(state, { orchestrator, target, content }, context) {
        const known = context.look(orchestratorState, orchestrator)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayActAs(context, orchestrator)) return reject('FORBIDDEN')
        if (state.stage !== 'unknown') {
          const isSame = state.orchestrator === orchestrator && state.opening === content
            && state.target.kind === target.kind && state.target.id === target.id
          return isSame ? [] : reject('ALREADY_EXISTS')
        }
        if (known.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { action: 'open', status: 'ARCHIVED' })
        return unheard({ orchestrator, target }, null, context) ?? [
          Conversation.ConversationInitiated({ orchestrator, target, slot: CommandId.parse(context.commandId) }),
          Conversation.MessagePosted({ orchestrator, no: 1, content, parent: null, from: speakerOf(context) }),
        ]
      },
    },

    post: {
      about: 'Say something in it, in the name of whoever asks unless it says from whom it is.',
      route: 'POST /conversations/:id/messages',
      aliases: [olderReply],
      data: Message.extend({ parent: Message.shape.parent.default(null), from: Message.shape.from.optional() }),
      answers: {
        fields: replied.extend({ no: No }),
        of: (state, context) => ({ no: state.stage === 'unknown' ? 1 : state.messages, ...repliedBy(state, context) }),
      },
      decide(found, { content, parent, from }, context) {
        const state = inside(found, context)
        if (!('stage' in state)) return state
        if (state.stage === 'closed') return isOver('post')
        const no = state.messages + 1
        if (no > messages_max) return reject('LIMIT_REACHED', { max: messages_max })
        if (parent !== null && parent >= no) return reject('PARENT_UNKNOWN', { parent })
        return unheard(state, from ?? null, context)
          ?? [Conversation.MessagePosted({ orchestrator: state.orchestrator, no, content, parent, from: from ?? speakerOf(context) })]
      },
    },

    close: {
      about: 'End it.',
      data: z.object({ reason: text(500).optional() }),
      decide: (state, { reason = null }, context) => closed(inside(state, context), 'asked', reason),
    },

    lapse: {
      about: 'End it when nothing was said since this message.',
      internal: true,
      data: z.object({ message: Int64 }),
      decide: (state, { message }, context) =>
        (state.stage === 'open' && String(state.messages) === message ? closed(inside(state, context), 'idle', null) : []),
    },
  },
})

function closed(state: ReturnType<typeof inside>, cause: 'asked' | 'idle', reason: string | null) {
  if (!('stage' in state)) return state
  if (state.stage === 'closed') return []
  const { orchestrator, messages, slot } = state
  return [Conversation.ConversationClosed({ orchestrator, cause, reason, messages, slot })]
}
