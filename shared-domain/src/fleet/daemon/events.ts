import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Id, Int64, OrchestratorId, StoredInstant, text } from '../../vocabulary.ts'

const concerned = { orchestrator: OrchestratorId }
const recipient = ({ orchestrator }: { readonly orchestrator: string }) => orchestrator

/** Sessions that it may run at once. */
export const MaxSessions = z.int().min(1).max(100)

/** One start of a daemon, by a name that it makes itself. */
export const Instance = Id.brand('Instance')
export type Instance = z.output<typeof Instance>

/** What a daemon says of itself when it connects. */
export const Connection = z.object({
  instance: Instance,
  version: text(100),
  host: text(255),
  capabilities: z.array(text(100)).max(50),
  programs: z.array(text(100)).max(50),
})

/** What it says of itself while it works. */
export const Beat = z.object({
  instance: Instance,
  status: z.enum(['active', 'idle', 'busy']),
  sessions: z.int().min(0).max(100),
  queued: z.int().min(0).max(50),
  /** Up to where in the log it has seen what concerns it. */
  acknowledged: Int64.optional(),
})

/** Where a daemon is that works, and where one is again that was lost for a while. */
export const Up = z.enum(['RUNNING', 'DRAINING'])
export type Up = z.output<typeof Up>
export const Status = z.enum(['STOPPED', 'RUNNING', 'UNHEALTHY', 'DRAINING', 'RETIRED'])
export type Status = z.output<typeof Status>

export const Daemon = events({
  DaemonRegistered: {
    about: 'There is a daemon: a process on one machine that works for one orchestrator.',
    data: z.object({ ...concerned, name: text(100), maxSessions: MaxSessions }),
    recipient,
  },
  DaemonConnected: {
    about: 'An instance of the daemon runs, and takes the place of the one before.',
    data: z.object({ ...concerned, ...Connection.shape, maxSessions: MaxSessions, replaces: Instance.nullable() }),
    recipient,
  },
  DaemonBecameUnhealthy: {
    about: 'Nothing was heard of the daemon for so long that it is taken for dead. What it works on its leases decide.',
    data: z.object({ ...concerned, instance: Instance, lastSeen: StoredInstant, from: Up }),
    recipient,
  },
  DaemonRecovered: {
    about: 'The daemon that was silent for so long is heard again.',
    data: z.object({ ...concerned, instance: Instance, to: Up, silent_ms: z.int().min(0) }),
    recipient,
  },
  DaemonDraining: {
    about: 'The daemon takes nothing new, and ends at the deadline whatever still runs then.',
    data: z.object({ ...concerned, deadline: StoredInstant, reason: text(500).nullable() }),
    recipient,
  },
  DaemonStopped: {
    about: 'The daemon ended, or was to end by now.',
    data: z.object({ ...concerned, instance: Instance, cause: z.enum(['disconnected', 'deadline']) }),
    recipient,
  },
  DaemonRetired: {
    about: 'The daemon never comes again, and its keys are good for nothing.',
    data: z.object({ ...concerned, reason: text(500).nullable() }),
    recipient,
  },
})

export type DaemonEvent = EventOf<typeof Daemon>
