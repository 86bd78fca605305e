import { hostname } from 'node:os'
import type { Api } from './api.ts'
import type { Config } from './config.ts'
import type { Records } from './records.ts'

/** For whom the daemon works, and as what. */
export interface Identity {
  readonly organization: string
  readonly orchestrator: string
  readonly daemon: string
  readonly maxSessions: number
  /** Where the log stood when it connected. */
  readonly position: string
}

export const version = '0.1.0'

interface Known {
  readonly organization: string
  readonly actor: { readonly kind: string; readonly id: string }
}

/** Connects as the daemon that the key or the configuration names, else as the one of this name, which is made where there is none. */
export async function connect(api: Api, config: Config, records: Records, instance: string, signal: AbortSignal): Promise<Identity> {
  const { organization, actor } = await api.get<Known>('/keys/validate', signal)
  const named = actor.kind === 'daemon' ? actor.id : config.daemon ?? records.daemon
  if (named === undefined && actor.kind !== 'orchestrator') throw new Error(`The key is of a ${actor.kind}: it must be an orchestrator's or a daemon's.`)
  const said = { instance, version, host: hostname(), capabilities: config.capabilities, programs: Object.keys(config.programs) }
  const wish = { name: config.name, maxSessions: config.maxSessions, ...said }
  const path = named === undefined ? `/orchestrators/${actor.id}/daemons` : `/daemons/${named}/connect`
  const { id: daemon, position } = await api.post(path, named === undefined ? wish : said, signal)
  records.keepDaemon(daemon)
  const row = await api.get(`/daemons/${daemon}?minPosition=${position}`, signal)
  return { organization, daemon, position, orchestrator: row.orchestrator, maxSessions: Math.min(config.maxSessions, row.max_sessions) }
}
