import { isPrivileged, type Context } from '../../kernel/decider.ts'
import { inWindows, scheduleOf } from './keeping.ts'
import type { Terms } from './terms.ts'

type Windows = 'quietHours' | 'officeHours'

/** Whether windows of the orchestrator are open, and when that changes; nothing where it has none. What is imported was said. */
function windowed(orchestrator: string, name: Windows, context: Context) {
  const schedule = context.imported ? undefined : scheduleOf(orchestrator, context)
  const terms: Terms | null = schedule?.state.terms ?? null
  if (!schedule || !terms || terms[name].length === 0) return undefined
  return { ...inWindows(schedule.calendar.zone, terms[name], Date.parse(context.at)), terms }
}

/** That the orchestrator says nothing now, if it is not to be heard, and until when. Admins speak whenever they want. */
export function quietNow(orchestrator: string, context: Context) {
  const found = isPrivileged(context) ? undefined : windowed(orchestrator, 'quietHours', context)
  return found?.open ? { orchestrator, nextAvailableAt: found.until } : undefined
}

/** What whoever talks to it is told outside its office hours, if anything. */
export function autoReply(orchestrator: string, context: Context): string | null {
  const found = windowed(orchestrator, 'officeHours', context)
  return found && !found.open ? found.terms.autoReply : null
}
