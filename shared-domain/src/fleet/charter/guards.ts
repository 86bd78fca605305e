import type { z } from 'zod'
import { commandsOf, isPrivileged, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { agentState } from '../agent/state.ts'
import type { Profile } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import type { CharterEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import type { CharterState } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly CharterEvent[] | Rejection<Code>

/** Some of the commands of a charter. */
export const room = commandsOf<CharterState, CharterEvent, Code>()

/** Decides about the charter of an orchestrator that is here, if the caller may. */
export function ruled(
  command: string, context: Context, decide: (profile: z.output<typeof Profile>) => Decision, may = isPrivileged(context),
): Decision {
  const known = context.look(orchestratorState, context.id)
  if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
  if (!may) return reject('FORBIDDEN')
  if (known.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { command, status: 'ARCHIVED' })
  return decide(known.profile)
}

/** True for whoever may act as the orchestrator, and for its agents. */
export function mayAskFor(orchestrator: string, context: Context): boolean {
  const { by, organization, look } = context
  if (by.kind !== 'agent') return mayActAs(context, orchestrator)
  const agent = look(agentState, by.id)
  return agent.stage === 'open' && agent.organization === organization && agent.profile.orchestrator === orchestrator
}
