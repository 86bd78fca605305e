import type { z } from 'zod'
import { digestOf } from '../../kernel/digest.ts'
import { fold, type Evolve } from '../../kernel/decider.ts'
import type { CommandId, OrchestratorId } from '../../vocabulary.ts'
import { openStatuses, WorkSession, type Wanted, type WorkSessionEvent } from './events.ts'

interface Known {
  readonly orchestrator: OrchestratorId
  readonly wanted: z.output<typeof Wanted>
  readonly ledger: string | null
  readonly reservation: CommandId | null
}

export type Open = Known & (
  | { readonly status: 'SPAWNED' | 'RUNNING' }
  | { readonly status: 'PAUSED'; readonly since: string }
)

/** Digest of the words that ended it. */
export type Ended = Known & { readonly status: 'COMPLETED' | 'FAILED' | 'TERMINATED'; readonly words: string }
export type WorkSessionState = { readonly status: 'UNKNOWN' } | Open | Ended

export const isOpen = (state: Open | Ended): state is Open => (openStatuses as readonly string[]).includes(state.status)

const known = (state: WorkSessionState): Known => {
  const { orchestrator, wanted, ledger, reservation } = state as Open
  return { orchestrator, wanted, ledger, reservation }
}

/** Tells one end from another. */
export const wordsOf = (said: object): string => digestOf(said)

interface End {
  readonly orchestrator: string
  readonly task: string
  readonly ledger: string | null
  readonly reservation: string | null
}

const end = (status: Ended['status']) => (state: WorkSessionState, { orchestrator, task, ledger, reservation, ...said }: End): Ended =>
  ({ ...known(state), status, words: wordsOf(said) })

const evolve: Evolve<WorkSessionState, WorkSessionEvent> = {
  WorkSessionSpawned: (_, { orchestrator, instance: __, agent: ___, ledger, reservation, ...wanted }) =>
    ({ status: 'SPAWNED', orchestrator, wanted, ledger, reservation }),
  WorkSessionStarted: (state) => ({ ...known(state), status: 'RUNNING' }),
  WorkSessionPaused: (state, _, { at: since }) => ({ ...known(state), status: 'PAUSED', since }),
  WorkSessionResumed: (state) => ({ ...known(state), status: 'RUNNING' }),
  WorkSessionCompleted: end('COMPLETED'),
  WorkSessionFailed: end('FAILED'),
  WorkSessionTerminated: end('TERMINATED'),
}

export const workSessionState = fold('workSession', WorkSession, { status: 'UNKNOWN' }, evolve)
