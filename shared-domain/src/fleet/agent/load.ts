import { Agent, statuses, type AgentEvent, type Profile } from './events.ts'

interface Load {
  readonly current: number
  readonly max: number
}

const warned_at = 0.8
const full_at = 1

export const shareOf = ({ current, max }: Load): number => current / max

/** What there is to tell when the load went from one to the other: that it reached its end, or nearly, or came back from it. */
export function crossing({ orchestrator }: Pick<Profile, 'orchestrator'>, before: Load, after: Load): readonly AgentEvent[] {
  const [was, load] = [shareOf(before), shareOf(after)]
  const told = { orchestrator, current: after.current, max: after.max, load }
  if (was < full_at && load >= full_at) return [Agent.AgentOverloaded(told)]
  if (was >= full_at && load < full_at) return [Agent.AgentOverloadCleared(told)]
  return was < warned_at && load >= warned_at ? [Agent.AgentOverloadWarned(told)] : []
}

export const standings = [...statuses, 'RETIRED'] as const
export type Standing = (typeof standings)[number]

export const shownStatuses = [...standings, 'OVERLOADED'] as const
type ShownStatus = (typeof shownStatuses)[number]

export const takesWork = (standing: Standing): boolean => standing === 'IDLE' || standing === 'ACTIVE'

/** What is shown of an agent: that it is overloaded while it would take more if it had room. */
export const shownAs = (standing: Standing, load: number): ShownStatus =>
  (takesWork(standing) && load >= full_at ? 'OVERLOADED' : standing)
