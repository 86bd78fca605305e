import { withoutSecrets } from 'shared-domain/kernel/redaction.ts'
import { Address, Host, LogLevel, Networks, Port, settingsFrom, type Environment } from 'shared-service/settings.ts'
import { z } from 'zod'

const Settings = z.object({
  HOST: Host,
  PROJECTION_PORT: Port.default(8082),
  EVENTSTORE_URL: Address,
  DATABASE_URL: Address,
  NATS_URL: Address,
  LOG_LEVEL: LogLevel,
  BATON_SECRETS_KEY_FILE: z.string().min(1).optional(),
  WEBHOOK_NETWORKS: Networks,
  PROJECTION_BATCH_MAX: z.coerce.number().int().min(1).max(10_000).default(500),
  PROJECTION_ROWS_CACHED_MAX: z.coerce.number().int().min(100).default(4_000),
  NATS_MAX_AGE_HOURS: z.coerce.number().min(1).default(168),
  NATS_MAX_BYTES: z.coerce.number().int().min(1_048_576).default(1_073_741_824),
})

export interface Config {
  readonly host: string
  readonly port: number
  readonly eventStoreUrl: string
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly logLevel: string
  /** Opens what is sealed; without it nothing is sent outside. */
  readonly secretsKeyFile: string | undefined
  /** Networks to which something may be sent besides public addresses. */
  readonly networks: readonly string[]
  /** Facts written in one transaction at the most. */
  readonly batch_max: number
  /** Rows of all read models together that stay in memory. */
  readonly rowsCached_max: number
  /** How long and how many bytes of announcements NATS keeps. */
  readonly announcements_hours: number
  readonly announcements_bytes: number
}

/** The only place that reads the environment. Throws one sentence, which names every wrong variable. */
export function configFrom(environment: Environment): Config {
  const data = settingsFrom(Settings, environment)
  return {
    host: data.HOST, port: data.PROJECTION_PORT, eventStoreUrl: data.EVENTSTORE_URL, databaseUrl: data.DATABASE_URL, natsUrl: data.NATS_URL,
    logLevel: data.LOG_LEVEL, secretsKeyFile: data.BATON_SECRETS_KEY_FILE, networks: data.WEBHOOK_NETWORKS, batch_max: data.PROJECTION_BATCH_MAX, rowsCached_max: data.PROJECTION_ROWS_CACHED_MAX,
    announcements_hours: data.NATS_MAX_AGE_HOURS, announcements_bytes: data.NATS_MAX_BYTES,
  }
}

/** What may be printed. */
export const shown = (config: Config): Config => ({
  ...config, eventStoreUrl: withoutSecrets(config.eventStoreUrl), databaseUrl: withoutSecrets(config.databaseUrl), natsUrl: withoutSecrets(config.natsUrl),
})
