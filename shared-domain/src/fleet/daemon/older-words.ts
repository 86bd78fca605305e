import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import { idNamed } from '../../kernel/name-id.ts'
import { Id, Int64, OrchestratorId, text } from '../../vocabulary.ts'
import { Beat } from './events.ts'
import type { DaemonState } from './state.ts'

const InstanceId = text(200)

/** The start of a daemon by whatever name it had there. */
const instanceOf = (said: string) => Id.safeParse(said).data ?? idNamed('instance', said)

const Port = z.int().min(1).max(65_535)

export const enlisting: OlderWords<DaemonState> = {
  route: 'POST /daemon/register', about: 'Under the name `<host>:<port>`.',
  fields: { vpId: OrchestratorId, instanceId: InstanceId, host: text(200), port: Port, protocol: text(20).optional() },
  without: ['orchestrator', 'name', 'instance', 'programs', 'maxSessions'],
  say: ({ vpId, instanceId, host, port, version, capabilities }) => ({
    orchestrator: vpId, instance: instanceOf(String(instanceId)), name: `${host}:${port}`, host, version, capabilities,
  }),
}

const status = z.preprocess((said) => (typeof said === 'string' ? said.toLowerCase() : said), Beat.shape.status)

const Metrics = z.object({ activeSessions: Beat.shape.sessions.default(0), queueDepth: Beat.shape.queued.default(0) })

export const heartbeat: OlderWords<DaemonState> = {
  route: 'POST /daemon/heartbeat', about: 'Of the daemon whose key it is.',
  caller: { kind: 'daemon', as: 'id' },
  fields: { status, metrics: Metrics.prefault({}) },
  without: ['instance', 'sessions', 'queued', 'acknowledged'],
  say: ({ status, metrics }) => {
    const { activeSessions: sessions, queueDepth: queued } = metrics as z.output<typeof Metrics>
    return { instance: unsaid, status, sessions, queued }
  },
  fill: (state, data) => ({ ...data, instance: state.status === 'UNKNOWN' ? unsaid : state.connection?.instance ?? unsaid }),
}

/** Which instance it is follows from the state. */
const unsaid = '00000000-0000-0000-0000-000000000000'

export const acknowledging: OlderWords<DaemonState> = {
  route: 'POST /daemon/events/ack', about: 'Of the daemon whose key it is.', caller: { kind: 'daemon', as: 'id' },
  fields: { position: Int64 },
}
