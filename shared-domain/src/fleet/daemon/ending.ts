import { z } from 'zod'
import { isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { StoredInstant, text } from '../../vocabulary.ts'
import { Daemon, Instance } from './events.ts'
import { own, room, unfit, type Decision } from './guards.ts'
import { isOpen, upOf, type DaemonState, type Known } from './state.ts'

const Reason = text(500).optional()

/** Again only for an earlier end. */
const drain = (state: DaemonState, command: string, within_s: number, reason: string | null, context: Context) =>
  own<Decision>(state, context, (daemon) => {
    if (!isOpen(daemon)) return unfit(daemon, command)
    const deadline = later(context.at, within_s * second_ms)
    if (daemon.deadline !== null && daemon.deadline <= deadline) return []
    return [Daemon.DaemonDraining({ orchestrator: daemon.orchestrator, deadline, reason })]
  })

/** What is found out about an instance; nothing of one whose place another has taken. */
function about(state: DaemonState, instance: Instance, decide: (daemon: Known) => Decision): Decision {
  if (state.status === 'UNKNOWN') return reject('NOT_FOUND')
  return state.connection?.instance === instance ? decide(state) : []
}

export const ending = room({
  drain: {
    about: 'Let it take nothing new. What runs then goes on, until the deadline at most.',
    data: z.object({ within_s: z.int().min(0).max(3_600).default(600), reason: Reason }),
    decide: (state, { within_s, reason = null }, context) => drain(state, 'drain', within_s, reason, context),
  },

  stop: {
    about: 'Let it end now, with whatever runs.',
    data: z.object({ reason: Reason }),
    decide: (state, { reason = null }, context) => drain(state, 'stop', 0, reason, context),
  },

  retire: {
    about: 'Say that it never comes again. Its keys end with it.',
    route: 'DELETE /daemons/:id',
    data: z.object({ reason: Reason }),
    decide: (state, { reason = null }, context) => own<Decision>(state, context, (daemon) => {
      if (!isPrivileged(context)) return reject('FORBIDDEN')
      if (daemon.status === 'RETIRED') return []
      return daemon.status === 'STOPPED' ? [Daemon.DaemonRetired({ orchestrator: daemon.orchestrator, reason })] : unfit(daemon, 'retire')
    }),
  },

  stopAtDeadline: {
    about: 'It was to have ended by now.',
    internal: true,
    data: z.object({}),
    decide(state, _, { at }) {
      if (state.status === 'UNKNOWN') return reject('NOT_FOUND')
      const { orchestrator, connection, deadline } = state
      return deadline === null || at < deadline ? []
        : [Daemon.DaemonStopped({ orchestrator, instance: connection!.instance, cause: 'deadline' })]
    },
  },

  miss: {
    about: 'It is taken for dead if it is the instance that was heard last at this instant.',
    internal: true,
    data: z.object({ instance: Instance, lastSeen: StoredInstant }),
    decide: (state, { instance, lastSeen }) => about(state, instance, (daemon) =>
      (daemon.status === 'RUNNING' || daemon.status === 'DRAINING'
        ? [Daemon.DaemonBecameUnhealthy({ orchestrator: daemon.orchestrator, instance, lastSeen, from: daemon.status })] : [])),
  },

  recover: {
    about: 'It is heard again.',
    internal: true,
    data: z.object({ instance: Instance, heard: StoredInstant }),
    decide: (state, { instance, heard }) => about(state, instance, (daemon) => {
      if (daemon.status !== 'UNHEALTHY') return []
      const silent_ms = Math.max(0, elapsed_ms(daemon.lastSeen!, heard))
      return [Daemon.DaemonRecovered({ orchestrator: daemon.orchestrator, instance, to: upOf(daemon), silent_ms })]
    }),
  },
})
