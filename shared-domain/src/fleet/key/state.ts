import { fold, type Evolve, type Fold, type Scope } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { agentState, type AgentState } from '../agent/state.ts'
import { daemonState, type DaemonState } from '../daemon/state.ts'
import { orchestratorState, type OrchestratorState } from '../orchestrator/state.ts'
import type { Settings } from '../organization/settings.ts'
import { organizationState, type OrganizationState } from '../organization/state.ts'
import { ApiKey, type ApiKeyEvent } from './events.ts'

export interface Key {
  readonly organization: string
  /** Whose it is, or who answers for the agent or the daemon whose it is. Null for a key of the organization. */
  readonly orchestrator: string | null
  readonly agent: string | null
  readonly daemon: string | null
  readonly name: string
  readonly hash: string
  readonly scopes: readonly Scope[]
  readonly expiresAt: string | null
  readonly ratePerMinute: number | null
  /** The key that has taken, or is about to take, the place of this one. */
  readonly successor: string | null
}

export type ApiKeyState = { readonly stage: 'unknown' } | Key & { readonly stage: 'valid' | 'revoked' }

const evolve: Evolve<ApiKeyState, ApiKeyEvent> = {
  ApiKeyGenerated: (_, { prefix: __, replaces: ___, overlap_s: ____, ...said }, { organization }) =>
    ({ stage: 'valid', organization, ...said, successor: null }),
  ApiKeyRotationReserved: (key, { successor }) => ({ ...(key as ApiKeyState & Key), successor }),
  ApiKeyRotationReleased: (key) => ({ ...(key as ApiKeyState & Key), successor: null }),
  ApiKeyRevoked: (key) => ({ ...(key as Key), stage: 'revoked' }),
}

export const apiKeyState = fold('apiKey', ApiKey, { stage: 'unknown' }, evolve)

/** What a key looks like: 32 random bytes behind a mark that scanners for leaked secrets can find. */
export const keyPattern = /^bk_[A-Za-z0-9_-]{43}$/

/** How much of a key is stored and shown. */
export const keyPrefixLength = 12

/** The id of a key is the start of its SHA-256 hash (hex) in the form of a uuid, so that whoever holds the key finds its stream. */
export const keyIdOf = (hash: string): string =>
  `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`

export interface Principal {
  readonly organization: string
  readonly actor: Actor
  /** The orchestrator that whoever comes with the key acts for. */
  readonly actsFor: string | null
  readonly scopes: readonly Scope[]
  /** When the key expires, null for never. */
  readonly expiresAt: string | null
  /** Its organization is suspended: whoever comes with the key may ask and change nothing. */
  readonly isSuspended: boolean
  /** What the organization has set, or what is so without. */
  readonly settings: Settings
  /** How often whoever is counted under a name may come in a minute, with commands and with questions. */
  readonly limits: { readonly commands: readonly Limit[]; readonly queries: readonly Limit[] }
}

export interface Limit {
  readonly name: 'key' | 'organization'
  readonly counted: string
  readonly who: string
  readonly perMinute_max: number
  /** So often at once, and then one by one at the rate of the minute. */
  readonly burst_max?: number
}

/** Somebody whom a key stands for. Once it has left, the authority of the key is gone with it. */
export interface Backer<State = any> {
  readonly fold: Fold<State>
  readonly id: string
  readonly hasLeft: (state: State) => boolean
  /** Whether it has left when the last facts about it are one of this type and others that say nothing of that; undefined of those. */
  readonly saysLeft: (type: string) => boolean | undefined
}

/** The categories of all backers. */
export const backing: readonly Fold[] = [orchestratorState, agentState, daemonState]

/** What an agent has begun is settled after it has left. */
const afterLeaving: ReadonlySet<string> = new Set([
  'AgentSlotConfirmed', 'AgentSlotReleased', 'AgentOutcomeRecorded', 'AgentOverloaded', 'AgentOverloadWarned', 'AgentOverloadCleared',
  'AgentCircuitOpened', 'AgentCircuitHalfOpened', 'AgentCircuitClosed', 'AgentPeerRemoved',
])

const theAgent = (id: string): Backer<AgentState> => ({
  fold: agentState, id,
  hasLeft: ({ stage }) => stage === 'retired',
  saysLeft: (type) => (afterLeaving.has(type) ? undefined : type === 'AgentRetired'),
})

const theOrchestrator = (id: string): Backer<OrchestratorState> => ({
  fold: orchestratorState, id,
  hasLeft: ({ stage }) => stage === 'archived',
  saysLeft: (type) => type === 'OrchestratorArchived',
})

const theDaemon = (id: string): Backer<DaemonState> => ({
  fold: daemonState, id,
  hasLeft: ({ status }) => status === 'RETIRED',
  saysLeft: (type) => type === 'DaemonRetired',
})

/** An agent outlives whoever supervises it; a daemon works for its orchestrator alone. */
export function backersOf(key: ApiKeyState): readonly Backer[] {
  if (key.stage === 'unknown') return []
  if (key.agent !== null) return [theAgent(key.agent)]
  const orchestrators = key.orchestrator === null ? [] : [theOrchestrator(key.orchestrator)]
  return key.daemon === null ? orchestrators : [...orchestrators, theDaemon(key.daemon)]
}

/** The stream of the organization that a key is of. */
export const organizationOf = (key: ApiKeyState) =>
  (key.stage === 'unknown' ? undefined : { fold: organizationState, id: key.organization })

/** The categories of all streams that say what a key is good for. */
export const admitting: readonly Fold[] = [apiKeyState, ...backing, organizationState]

/**
 * Whom a key with this hash speaks for at this instant, or why it is not taken: also when a backer has left. What became of its
 * organization counts as well.
 */
export function admit(
  key: ApiKeyState, id: string, hash: string, at: string, isForsaken: boolean,
  { settings, suspended }: OrganizationState = organizationState.initial,
): Principal | 'INVALID_API_KEY' | 'API_KEY_EXPIRED' {
  if (key.stage !== 'valid' || key.hash !== hash) return 'INVALID_API_KEY'
  if (isForsaken) return 'INVALID_API_KEY'
  if (key.expiresAt !== null && key.expiresAt <= at) return 'API_KEY_EXPIRED'
  const { organization, orchestrator, agent, scopes, expiresAt } = key
  const actsFor = agent === null ? orchestrator : null
  const limits = limitsOf(key, id, settings)
  return { organization, actor: actorOf(key, id), actsFor, scopes, expiresAt, isSuspended: suspended !== null, settings, limits }
}

function limitsOf({ organization, ratePerMinute }: Key, id: string, settings: Settings): Principal['limits'] {
  const { orgRatePerMinute, commandsPerMinute, commandsBurst, queriesPerMinute } = settings
  const ofAll: Limit = {
    name: 'organization', counted: `organization ${organization}`, who: 'All keys of the organization together',
    perMinute_max: orgRatePerMinute,
  }
  const own = (perMinute_max: number | null, more: Pick<Limit, 'burst_max'> = {}): readonly Limit[] =>
    (perMinute_max === null ? [ofAll] : [{ name: 'key', counted: `key ${id}`, who: 'This key', perMinute_max, ...more }, ofAll])
  // A limit of its own takes the place of what the organization has set for all keys.
  if (ratePerMinute !== null) return { commands: own(ratePerMinute), queries: own(ratePerMinute) }
  return { commands: own(commandsPerMinute, { burst_max: commandsBurst }), queries: own(queriesPerMinute) }
}

/** A key of the organization makes an admin only where it allows everything. */
function actorOf({ orchestrator, agent, daemon, scopes }: Key, id: string): Actor {
  if (agent !== null) return { kind: 'agent', id: agent }
  if (daemon !== null) return { kind: 'daemon', id: daemon }
  if (orchestrator !== null) return { kind: 'orchestrator', id: orchestrator }
  return { kind: scopes.includes('admin') ? 'admin' : 'tool', id }
}

export const allows = ({ scopes }: Pick<Principal, 'scopes'>, scope: Scope): boolean => scopes.includes(scope) || scopes.includes('admin')
