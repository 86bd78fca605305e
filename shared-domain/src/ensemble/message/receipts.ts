import { z } from 'zod'
import { agentState } from '../../fleet/agent/state.ts'
import { commandsOf, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { AgentId } from '../../vocabulary.ts'
import { speaksFor } from '../session/speaking.ts'
import { Result, SessionMessage, type MessageEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import { missingOf, type Known, type MessageState } from './state.ts'

type Code = keyof typeof rejections
type Decision = readonly MessageEvent[] | Rejection<Code>

/** Some of the commands of a message. */
export const room = commandsOf<MessageState, MessageEvent, Code>()

const Who = AgentId.optional().describe('Who was addressed; whom the caller stands for, when not said.')

/** Those who were addressed for whom the caller may speak. */
const spokenFor = ({ addressees }: Known, context: Context) => addressees.filter((agent) => {
  const known = context.look(agentState, agent)
  return speaksFor({ agent, orchestrator: known.stage === 'unknown' ? null : known.profile.orchestrator }, context)
})

/** Decides for one who was addressed. */
function addressed(
  state: MessageState, said: string | undefined, context: Context, decide: (known: Known, agent: AgentId) => readonly MessageEvent[],
): Decision {
  if (state.stage === 'unknown' || state.organization !== context.organization) return reject('NOT_FOUND')
  const agents = spokenFor(state, context).filter((agent) => said === undefined || agent === said)
  if (agents.length === 0) return reject('NOT_ADDRESSED')
  if (agents.length > 1) return reject('VALIDATION_ERROR',
    { errors: [{ pointer: '/agent', message: 'is one of several whom the caller stands for' }] })
  return decide(state, AgentId.parse(agents[0]))
}

const acknowledged = (known: Known, agent: AgentId, { at }: Context): readonly MessageEvent[] => {
  if (known.acknowledged.has(agent)) return []
  const { session, ackDueAt } = known
  const late = ackDueAt !== null && at > ackDueAt
  return [SessionMessage.MessageAcknowledged({ session, agent, late, missing: missingOf(known).length - 1 })]
}

export const receipts = room({
  acknowledge: {
    about: 'Take note of a message that one was sent.',
    route: 'POST /orchestration/messages/:id/acknowledge',
    scope: 'execute',
    data: z.object({ agent: Who }),
    decide: (state, { agent: said }, context) => addressed(state, said, context, (known, agent) => acknowledged(known, agent, context)),
  },

  process: {
    about: 'Say what became of a message that one was sent, of which one has taken note, too.',
    route: 'POST /orchestration/messages/:id/process',
    scope: 'execute',
    data: z.object({ agent: Who, result: Result.optional() }),
    decide: (state, { agent: said, result = null }, context) =>
      addressed(state, said, context, (known, agent) => (known.processed.has(agent) ? [] : [
      ...acknowledged(known, agent, context), SessionMessage.MessageProcessed({ session: known.session, agent, result }),
    ])),
  },

  expire: {
    about: 'The time to take note is up: it is told who has not.',
    internal: true,
    data: z.object({}),
    decide(state, _, context) {
      if (state.stage === 'unknown' || state.isTimedOut || state.ackDueAt === null || context.at < state.ackDueAt) return []
      const missing = missingOf(state)
      const { session, from } = state
      return missing.length === 0 ? [] : [SessionMessage.MessageAcknowledgementTimedOut({
        session, from: AgentId.parse(from), missing: missing.map((agent) => AgentId.parse(agent)), reason: 'COORDINATION_TIMEOUT',
      })]
    },
  },
})
