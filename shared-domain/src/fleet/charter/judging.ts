import type { Context } from '../../kernel/decider.ts'
import { leftFor } from '../ledger/left.ts'
import type { Envelope } from './envelope.ts'
import { charterState, termsOf } from './state.ts'
import { judged } from './verdict.ts'

/** What the charter that holds for the orchestrator says of an action now: what its budget has left matters to what costs something. */
export function judgedFor(orchestrator: string, envelope: Envelope, context: Pick<Context, 'at' | 'organization' | 'look'>) {
  const charter = context.look(charterState, orchestrator)
  const { active: charterVersion } = charter
  const left = charterVersion !== null && envelope.cost ? leftFor(orchestrator, 'cost', context) : null
  return { ...judged(termsOf(charter, left), envelope), charterVersion }
}
