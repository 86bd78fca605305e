import type { Context } from '../../kernel/decider.ts'
import { budgetState } from '../budget/state.ts'
import { monthOf, type Unit } from '../budget/windows.ts'
import { countsAt } from './counts.ts'
import { isLimited, roomsIn } from './room.ts'
import { ledgerOf, ledgerState } from './state.ts'

/**
 * How much more the orchestrator may reserve now, by its limits and the organization's, whichever leave least; null where nothing is
 * limited. A ledger is looked at only where there is a limit.
 */
export function leftFor(orchestrator: string, unit: Unit, { at, organization, look }: Pick<Context, 'at' | 'organization' | 'look'>) {
  const rooms = [orchestrator, organization].flatMap((holder) => {
    const allowed = look(budgetState, holder)
    if (!isLimited(allowed, unit)) return []
    const { counts } = look(ledgerState, ledgerOf(holder, monthOf(at)))
    return roomsIn(allowed, countsAt(counts, at), unit, at)
  })
  return rooms.length === 0 ? null : Math.max(0, Math.min(...rooms))
}
