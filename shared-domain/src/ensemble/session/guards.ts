import { commandsOf, mayActAs, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { speaksFor } from './speaking.ts'
import type { EnsembleEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import type { EnsembleState, Known } from './state.ts'

export type Code = keyof typeof rejections
export type Decision = readonly EnsembleEvent[] | Rejection<Code>

/** Some of the commands of an ensemble. */
export const room = commandsOf<EnsembleState, EnsembleEvent, Code>()

export const unfit = (command: string, { stage }: Known) => reject('INVALID_STATE_TRANSITION', { command, status: stage })

/** An ensemble of the caller's organization. */
const isOurs = (state: EnsembleState, { organization }: Context): state is Known =>
  state.stage !== 'unknown' && state.organization === organization

/** Decides for the owner. */
export function owned(state: EnsembleState, context: Context, decide: (known: Known) => Decision): Decision {
  if (!isOurs(state, context)) return reject('NOT_FOUND')
  return mayActAs(context, state.owner) ? decide(state) : reject('FORBIDDEN')
}

/** Why somebody may not lead now, if so: who leads says in which term. */
function notLeading({ leader, term: current, members }: Known, term: number | undefined, context: Context): Rejection<Code> | undefined {
  const spokenFor = members.filter((member) => speaksFor(member, context))
  if (spokenFor.length > 0 && term !== undefined && term !== current) return reject('STALE_TERM', { term: current })
  if (!spokenFor.some(({ agent }) => agent === leader)) return reject('FORBIDDEN')
  return term === undefined ? reject('STALE_TERM', { term: current }) : undefined
}

/** Decides for the owner, and for whoever leads. */
export function led(state: EnsembleState, term: number | undefined, context: Context, decide: (known: Known) => Decision): Decision {
  if (!isOurs(state, context)) return reject('NOT_FOUND')
  return (mayActAs(context, state.owner) ? undefined : notLeading(state, term, context)) ?? decide(state)
}
