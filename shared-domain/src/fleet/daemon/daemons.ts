import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Connection, Instance, MaxSessions, Status, type DaemonEvent } from './events.ts'

const row = z.object({
  daemon: Id,
  orchestrator: OrchestratorId,
  name: z.string(),
  max_sessions: MaxSessions,
  status: Status,
  since: StoredInstant,
  instance: Instance.nullable(),
  version: z.string().nullable(),
  host: z.string().nullable(),
  capabilities: Connection.shape.capabilities,
  programs: Connection.shape.programs,
  deadline: StoredInstant.nullable(),
  /** When it was heard for sure: at the last turn of its status. */
  last_seen: StoredInstant.nullable(),
})

const project: Project<typeof row, 'daemon', DaemonEvent> = {
  DaemonRegistered: ({ id: daemon, at: since, data: { orchestrator, name, maxSessions: max_sessions } }) => [{
    put: {
      daemon, orchestrator, name, max_sessions, status: 'STOPPED', since, instance: null, version: null, host: null, capabilities: [],
      programs: [], deadline: null, last_seen: null,
    },
  }],
  DaemonConnected({ id: daemon, at, data: { orchestrator: _, maxSessions: max_sessions, replaces: __, ...connection } }) {
    return [{ patch: { ...connection, max_sessions, status: 'RUNNING', since: at, deadline: null, last_seen: at }, at: { daemon } }]
  },
  DaemonBecameUnhealthy: ({ id: daemon, at: since, data: { lastSeen: last_seen } }) =>
    [{ patch: { status: 'UNHEALTHY', since, last_seen }, at: { daemon } }],
  DaemonRecovered: ({ id: daemon, at, data: { to: status } }) => [{ patch: { status, since: at, last_seen: at }, at: { daemon } }],
  DaemonDraining({ id: daemon, at, data: { deadline } }) {
    const turn = { status: 'DRAINING' as const, since: at }
    return [{ alter: (row) => ({ ...row!, deadline, ...(row!.status === 'RUNNING' ? turn : {}) }), at: { daemon } }]
  },
  DaemonStopped: ({ id: daemon, at: since }) => [{ patch: { status: 'STOPPED', since, deadline: null }, at: { daemon } }],
  DaemonRetired: ({ id: daemon, at: since }) => [{ patch: { status: 'RETIRED', since }, at: { daemon } }],
}

export const daemons = readModel({
  name: 'daemon',
  about: 'Which processes work for orchestrators, on which machines, and whether they are well.',
  version: 1,
  path: '/daemons',
  row,
  key: ['daemon'],
  filters: ['orchestrator', 'status'],
  contains: { programs: 'programs' },
  order: ['name'],
  project,
})
