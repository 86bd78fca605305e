import { withoutSecrets } from 'shared-domain/kernel/redaction.ts'
import { Address, Host, LogLevel, Port, settingsFrom, type Environment } from 'shared-service/settings.ts'
import { z } from 'zod'

const count = (count_max: number, otherwise: number) => z.coerce.number().int().min(1).max(count_max).default(otherwise)

const Settings = z.object({
  HOST: Host,
  QUERY_PORT: Port.default(8083),
  EVENTSTORE_URL: Address,
  DATABASE_URL: Address,
  LOG_LEVEL: LogLevel,
  NOTARY_KEY_FILE: z.string().min(1).optional(),
  QUERY_RATE_LIMIT_PER_MINUTE: count(10_000_000, 60_000),
  QUERY_DATABASE_CONNECTIONS_MAX: count(100, 10),
  QUERY_STATEMENT_TIMEOUT_MS: count(600_000, 5_000),
  QUERY_WAITERS_MAX: count(100_000, 1_000),
  LIVE_ORIGINS: z.string().default('').transform((text) => text.split(',').map((one) => one.trim()).filter((one) => one !== '')),
  LIVE_POLLING: z.enum(['true', 'false']).default('true'),
  QUERY_LIVE_CONNECTIONS_MAX: count(10_000, 200),
  QUERY_LIVE_CONNECTIONS_PER_KEY_MAX: count(10_000, 20),
})

/** What the service may be told from outside, and the bounds that are the same everywhere unless a test says otherwise. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly eventStoreUrl: string
  readonly databaseUrl: string
  readonly logLevel: string
  /** With whose last key proofs are signed; without it there are none. */
  readonly notaryKeyFile: string | undefined
  /** Per key. */
  readonly requestsPerMinute_max: number
  /** Requests from one address without a key that is good for anything. */
  readonly strangersPerMinute_max: number
  readonly databaseConnections_max: number
  readonly statementTimeout_ms: number
  readonly waiters_max: number
  readonly liveConnections_max: number
  /** Of pages that may open sockets, besides those of this host. */
  readonly liveOrigins: readonly string[]
  /** Whether sockets may begin by polling: with several replicas a balancer must keep each to one of them. */
  readonly livePolling: boolean
  readonly liveConnectionsPerKey_max: number
  /** How long a question waits for its read model to reach `minPosition`. */
  readonly wait_ms: number
  /** How long an answer about a key, or whom it stands for, may be older than the log when the subscription that forgets it is down. */
  readonly keyAge_ms: number
  readonly keys_max: number
  readonly eventStoreTimeout_ms: number
  /** Between two attempts to follow the log or to listen to Postgres again. */
  readonly retry_ms: number
  readonly heartbeat_ms: number
  /** A live connection that takes nothing for so long is closed; it resumes by its last event id. */
  readonly stalled_ms: number
  /** How often it is written which keys were used. */
  readonly keyUses_ms: number
}

/** The only place that reads the environment. Throws one sentence, which names every wrong variable. */
export function configFrom(environment: Environment): Config {
  const read = settingsFrom(Settings, environment)
  return {
    host: read.HOST,
    port: read.QUERY_PORT,
    eventStoreUrl: read.EVENTSTORE_URL,
    databaseUrl: read.DATABASE_URL,
    logLevel: read.LOG_LEVEL,
    notaryKeyFile: read.NOTARY_KEY_FILE,
    requestsPerMinute_max: read.QUERY_RATE_LIMIT_PER_MINUTE,
    strangersPerMinute_max: 300,
    databaseConnections_max: read.QUERY_DATABASE_CONNECTIONS_MAX,
    statementTimeout_ms: read.QUERY_STATEMENT_TIMEOUT_MS,
    waiters_max: read.QUERY_WAITERS_MAX,
    liveOrigins: read.LIVE_ORIGINS,
    livePolling: read.LIVE_POLLING === 'true',
    liveConnections_max: read.QUERY_LIVE_CONNECTIONS_MAX,
    liveConnectionsPerKey_max: read.QUERY_LIVE_CONNECTIONS_PER_KEY_MAX,
    wait_ms: 2_000,
    keyAge_ms: 1_000,
    keys_max: 10_000,
    eventStoreTimeout_ms: 3_000,
    retry_ms: 1_000,
    heartbeat_ms: 15_000,
    stalled_ms: 30_000,
    keyUses_ms: 60_000,
  }
}

/** What may be printed. */
export const shown = (config: Config): Config =>
  ({ ...config, eventStoreUrl: withoutSecrets(config.eventStoreUrl), databaseUrl: withoutSecrets(config.databaseUrl) })
