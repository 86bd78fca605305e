import { commandsOf, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import type { DaemonEvent, Instance } from './events.ts'
import type { rejections } from './rejections.ts'
import type { DaemonState, Known } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly DaemonEvent[] | Rejection<Code>

/** Some of the commands of a daemon. */
export const room = commandsOf<DaemonState, DaemonEvent, Code>()

export const unfit = ({ status }: Known, command: string) => reject('INVALID_STATE_TRANSITION', { command, status })

/** Decides of a daemon that there is, if the caller may: the daemon itself, its orchestrator, an admin. */
export function own<T>(state: DaemonState, context: Context, decide: (daemon: Known) => T): T | Rejection<'NOT_FOUND' | 'FORBIDDEN'> {
  if (state.status === 'UNKNOWN') return reject('NOT_FOUND')
  return mayActAs(context, state.orchestrator) ? decide(state) : reject('FORBIDDEN')
}

/** Why an instance may say nothing more: another has taken its place, or none has come yet. */
export function replaced({ connection }: Known, instance: Instance) {
  return connection?.instance === instance ? undefined : reject('DAEMON_REPLACED', { instance: connection?.instance ?? null })
}
