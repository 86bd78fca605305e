import { commandsOf, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import type { WorkSessionEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import { isOpen, type Ended, type Open, type WorkSessionState } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly WorkSessionEvent[] | Rejection<Code>

/** Some of the commands of a session. */
export const room = commandsOf<WorkSessionState, WorkSessionEvent, Code>()

export const unfit = ({ status }: Open | Ended, command: string) => reject('INVALID_STATE_TRANSITION', { command, status })

/** Decides of a session that goes on, if the caller may; of one that has ended as is said. */
export function open(
  state: WorkSessionState, command: string, context: Context, decide: (session: Open) => Decision,
  over: (session: Ended) => Decision = (session) => unfit(session, command),
): Decision {
  if (state.status === 'UNKNOWN') return reject('NOT_FOUND')
  if (!mayActAs(context, state.orchestrator)) return reject('FORBIDDEN')
  return isOpen(state) ? decide(state) : over(state)
}
