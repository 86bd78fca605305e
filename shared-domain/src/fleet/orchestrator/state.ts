import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { Orchestrator, type OrchestratorEvent, type Profile, type Status } from './events.ts'

export type OrchestratorState =
  | { readonly stage: 'unknown' }
  | Known & { readonly stage: 'registered'; readonly status: z.output<typeof Status> }
  | Known & { readonly stage: 'archived' }

interface Known {
  readonly organization: string
  readonly profile: z.output<typeof Profile>
  /** How many tasks it was registered to work on at once; a limit may have been said since then. */
  readonly registeredMax: number
}

const registered = (state: OrchestratorState) => state as Extract<OrchestratorState, { stage: 'registered' }>

const evolve: Evolve<OrchestratorState, OrchestratorEvent> = {
  OrchestratorRegistered: (_, { maxConcurrentTasks: registeredMax, ...profile }, { organization }) =>
    ({ stage: 'registered', status: 'OFFLINE', organization, profile, registeredMax }),
  OrchestratorUpdated: (state, profile) => ({ ...registered(state), profile }),
  OrchestratorStatusChanged: (state, { to }) => ({ ...registered(state), status: to }),
  OrchestratorArchived: (state) => {
    const { organization, profile, registeredMax } = registered(state)
    return { stage: 'archived', organization, profile, registeredMax }
  },
}

export const orchestratorState = fold('orchestrator', Orchestrator, { stage: 'unknown' }, evolve)

/** Takes work over: neither archived nor offline. */
export const isReachable = (state: OrchestratorState): boolean => state.stage === 'registered' && state.status !== 'OFFLINE'

/** Starts work: online or busy. */
export const isWorking = (state: OrchestratorState): boolean =>
  state.stage === 'registered' && (state.status === 'ONLINE' || state.status === 'BUSY')
