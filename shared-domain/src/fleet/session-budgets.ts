import { process, send } from '../kernel/process.ts'
import { ledger } from './ledger/decider.ts'
import { ledgerOf } from './ledger/state.ts'
import type { Metrics, WorkSessionEvent } from './work-session/events.ts'

interface End {
  readonly orchestrator: string
  readonly ledger: string | null
  readonly reservation: string | null
  readonly metrics: Metrics
}

/** What was set aside in the month in which the session began. */
function settled({ orchestrator, ledger: month, reservation, metrics: { tokens, cost } }: End, isLost = false) {
  if (month === null || reservation === null) return []
  return [send(ledger, ledgerOf(orchestrator, month), 'settle', { reservation, tokens, cost, whole: isLost })]
}

export const sessionBudgets = process<WorkSessionEvent>({
  name: 'sessionBudgets',
  about: 'Books what a session used of what was set aside for it, and gives back the rest. Of one that was lost nobody knows: all counts.',
  react: {
    WorkSessionCompleted: ({ data }) => settled(data),
    WorkSessionFailed: ({ data }) => settled(data, data.kind === 'lost'),
    WorkSessionTerminated: ({ data }) => settled(data),
  },
})
