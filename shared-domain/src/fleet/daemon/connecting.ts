import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { idNamed } from '../../kernel/name-id.ts'
import { OrchestratorId, text } from '../../vocabulary.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Connection, Daemon, Instance, MaxSessions } from './events.ts'
import { own, replaced, room, unfit, type Decision } from './guards.ts'
import { enlisting } from './older-words.ts'
import { isOpen, type DaemonState, type Known } from './state.ts'

const Wanted = z.object({ orchestrator: OrchestratorId, name: text(100), maxSessions: MaxSessions.default(10) })
type Wanted = z.output<typeof Wanted>
type Connection = z.output<typeof Connection>

function register(state: DaemonState, wanted: Wanted, context: Context): Decision {
  const known = context.look(orchestratorState, wanted.orchestrator)
  const isMember = known.stage === 'registered' && known.organization === context.organization
  if (!isMember) return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: wanted.orchestrator })
  if (!mayActAs(context, wanted.orchestrator)) return reject('FORBIDDEN')
  if (state.status === 'UNKNOWN') return [Daemon.DaemonRegistered(wanted)]
  const isSame = state.orchestrator === wanted.orchestrator && state.name === wanted.name && state.maxSessions === wanted.maxSessions
  return isSame ? [] : reject('ALREADY_EXISTS')
}

type Registered = Pick<Known, 'status' | 'orchestrator' | 'maxSessions' | 'connection'>

function connect({ status, orchestrator, maxSessions, connection }: Registered, said: Connection) {
  if (status === 'RUNNING' && canonicalJson(connection) === canonicalJson(said)) return []
  const before = connection?.instance ?? null
  return [Daemon.DaemonConnected({ orchestrator, ...said, maxSessions, replaces: before === said.instance ? null : before })]
}

const Connecting = Connection.extend({
  capabilities: Connection.shape.capabilities.default([]), programs: Connection.shape.programs.default([]),
})

export const connecting = room({
  register: {
    about: 'Make a daemon known that works for an orchestrator.',
    creates: true,
    data: Wanted,
    decide: register,
  },

  enlist: {
    about: 'Make a daemon known under this name of the orchestrator, if there is none, and let this instance of it work.',
    route: 'POST /orchestrators/:orchestrator/daemons',
    aliases: [enlisting],
    scope: 'execute',
    place: ({ orchestrator, name }, { organization }) => idNamed('daemon', organization, orchestrator, name),
    data: Wanted.extend(Connecting.shape),
    decide(state, { orchestrator, name, maxSessions, ...said }, context) {
      if (state.status === 'RETIRED') return unfit(state, 'enlist')
      if (state.status !== 'UNKNOWN') return own(state, context, (daemon) => connect(daemon, said))
      const wanted = { orchestrator, name, maxSessions }
      const registered = register(state, wanted, context)
      return Array.isArray(registered) ? [...registered, ...connect({ ...wanted, status: 'STOPPED', connection: null }, said)] : registered
    },
  },

  connect: {
    about: 'Let this instance work. The newest wins: whichever was there before is refused from now on.',
    scope: 'execute',
    data: Connecting,
    decide: (state, said, context) =>
      own(state, context, (daemon) => (daemon.status === 'RETIRED' ? unfit(daemon, 'connect') : connect(daemon, said))),
  },

  disconnect: {
    about: 'Say that the instance ends.',
    scope: 'execute',
    data: z.object({ instance: Instance }),
    decide: (state, { instance }, context) => own<Decision>(state, context, (daemon) => {
      const refusal = replaced(daemon, instance)
      if (refusal) return refusal
      const { orchestrator } = daemon
      return isOpen(daemon) ? [Daemon.DaemonStopped({ orchestrator, instance, cause: 'disconnected' })] : []
    }),
  },
})
