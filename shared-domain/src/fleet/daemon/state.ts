import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { Daemon, type Connection, type DaemonEvent, type Status, type Up } from './events.ts'

export interface Known {
  readonly status: Status
  readonly organization: string
  readonly orchestrator: OrchestratorId
  readonly name: string
  readonly maxSessions: number
  /** What the last instance said of itself; null before the first. */
  readonly connection: z.output<typeof Connection> | null
  /** When what runs is ended, once it takes nothing new. */
  readonly deadline: string | null
  /** Of one that is taken for dead: when it was heard last. */
  readonly lastSeen: string | null
}

export type DaemonState = { readonly status: 'UNKNOWN' } | Known

const known = (state: DaemonState) => state as Known

const evolve: Evolve<DaemonState, DaemonEvent> = {
  DaemonRegistered: (_, said, { organization }) =>
    ({ status: 'STOPPED', organization, ...said, connection: null, deadline: null, lastSeen: null }),
  DaemonConnected: (state, { orchestrator: _, maxSessions: __, replaces: ___, ...connection }) =>
    ({ ...known(state), status: 'RUNNING', connection, deadline: null, lastSeen: null }),
  DaemonBecameUnhealthy: (state, { lastSeen }) => ({ ...known(state), status: 'UNHEALTHY', lastSeen }),
  DaemonRecovered: (state, { to }) => ({ ...known(state), status: to, lastSeen: null }),
  DaemonDraining: (state, { deadline }) =>
    ({ ...known(state), status: known(state).status === 'UNHEALTHY' ? 'UNHEALTHY' : 'DRAINING', deadline }),
  DaemonStopped: (state) => ({ ...known(state), status: 'STOPPED', deadline: null, lastSeen: null }),
  DaemonRetired: (state) => ({ ...known(state), status: 'RETIRED' }),
}

export const daemonState = fold('daemon', Daemon, { status: 'UNKNOWN' }, evolve)

/** Where it is, or would be if it were heard. */
export const upOf = ({ deadline }: Known): Up => (deadline === null ? 'RUNNING' : 'DRAINING')

export const isOpen = ({ status }: Known): boolean => status === 'RUNNING' || status === 'DRAINING' || status === 'UNHEALTHY'
