import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { Orchestrator, type Guarded, type OrchestratorEvent, type Profile, type ShownStatus, type Status } from './events.ts'

export type OrchestratorState =
  | { readonly stage: 'unknown' }
  | Known & { readonly stage: 'registered'; readonly status: z.output<typeof Status> }
  | Known & { readonly stage: 'archived' }

interface Known {
  /** Its last move: the command that it was, and where it began. */
  readonly moved: { readonly command: string; readonly from: z.output<typeof Status> } | null
  readonly organization: string
  readonly profile: z.output<typeof Profile>
  /** How many tasks it was registered to work on at once; a limit may have been said since then. */
  readonly registeredMax: number
  readonly guarded: z.output<typeof Guarded>
  /** It has a schedule: who has none is never asked for one. */
  readonly keepsHours: boolean
  /** How many tasks may wait for it, as it was noted; null for any number. */
  readonly maxQueueSize: number | null
  /** Who votes for it where it does not, in questions that are opened. */
  readonly proxy: StandingProxy | null
}

export type StandingProxy = Extract<OrchestratorEvent, { type: 'ProxyAppointed' }>['data']

const unguarded = { charterVersion: null, budget: null }

const registered = (state: OrchestratorState) => state as Extract<OrchestratorState, { stage: 'registered' }>

const evolve: Evolve<OrchestratorState, OrchestratorEvent> = {
  OrchestratorRegistered: (_, { maxConcurrentTasks: registeredMax, ...profile }, { organization }) =>
    ({
      stage: 'registered', status: 'OFFLINE', organization, profile, registeredMax, moved: null, guarded: unguarded, keepsHours: false,
      maxQueueSize: null, proxy: null,
    }),
  OrchestratorUpdated: (state, { previousEmail: _, ...profile }) => ({ ...registered(state), profile }),
  OrchestratorStatusChanged: (state, { from, to }, { commandId: command }) => {
    const known = registered(state)
    // A command may go through several statuses.
    return { ...known, status: to, moved: known.moved?.command === command ? known.moved : { command, from } }
  },
  OrchestratorGuarded: (state, guarded) => ({ ...registered(state), guarded }),
  OrchestratorHoursKept: (state) => ({ ...registered(state), keepsHours: true }),
  OrchestratorQueueLimited: (state, { maxQueueSize }) => ({ ...registered(state), maxQueueSize }),
  ProxyAppointed: (state, proxy) => ({ ...registered(state), proxy }),
  ProxyWithdrawn: (state) => ({ ...registered(state), proxy: null }),
  OrchestratorArchived: (state, { from }, { commandId: command }) => {
    const { status: _, profile, ...known } = registered(state)
    return { ...known, stage: 'archived', profile: { ...profile, email: null }, moved: { command, from } }
  },
}

export const orchestratorState = fold('orchestrator', Orchestrator, { stage: 'unknown' }, evolve)

/** The status as it is shown: `ARCHIVED` for who has left. */
export const shownStatus = (state: OrchestratorState): z.output<typeof ShownStatus> =>
  (state.stage === 'registered' ? state.status : 'ARCHIVED')

/** Takes work over: neither archived nor offline. */
export const isReachable = (state: OrchestratorState): boolean => state.stage === 'registered' && state.status !== 'OFFLINE'

/** Starts work: online or busy. */
export const isWorking = (state: OrchestratorState): boolean =>
  state.stage === 'registered' && (state.status === 'ONLINE' || state.status === 'BUSY')
