import { withoutSecrets } from 'shared-domain/kernel/redaction.ts'
import { z } from 'zod'

const Port = z.coerce.number().int().min(0).max(65_535)

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PROJECTION_PORT: Port.default(8082),
  EVENTSTORE_URL: z.string().min(1),
  DATABASE_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  PROJECTION_BATCH_MAX: z.coerce.number().int().min(1).max(10_000).default(1_000),
  PROJECTION_ROWS_CACHED_MAX: z.coerce.number().int().min(100).default(20_000),
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
  /** Facts written in one transaction at the most. */
  readonly batch_max: number
  /** Rows of all read models together that stay in memory. */
  readonly rowsCached_max: number
  /** How long and how many bytes of announcements NATS keeps. */
  readonly announcements_hours: number
  readonly announcements_bytes: number
}

/** The only place that reads the environment. Throws one sentence per wrong variable. */
export function configFrom(environment: Readonly<Record<string, string | undefined>>): Config {
  const { data, error } = Environment.safeParse(environment)
  if (!data) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '))
  return {
    host: data.HOST, port: data.PROJECTION_PORT, eventStoreUrl: data.EVENTSTORE_URL, databaseUrl: data.DATABASE_URL, natsUrl: data.NATS_URL,
    logLevel: data.LOG_LEVEL, batch_max: data.PROJECTION_BATCH_MAX, rowsCached_max: data.PROJECTION_ROWS_CACHED_MAX,
    announcements_hours: data.NATS_MAX_AGE_HOURS, announcements_bytes: data.NATS_MAX_BYTES,
  }
}

/** What may be printed. */
export const shown = (config: Config): Config => ({
  ...config, eventStoreUrl: withoutSecrets(config.eventStoreUrl), databaseUrl: withoutSecrets(config.databaseUrl), natsUrl: withoutSecrets(config.natsUrl),
})
