import { withoutSecrets } from 'shared-domain/kernel/redaction.ts'
import { z } from 'zod'

const Port = z.coerce.number().int().min(0).max(65_535)

const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  COMMAND_PORT: Port.default(8081),
  EVENTSTORE_URL: z.string().min(1),
  DATABASE_URL: z.string().min(1),
  BATON_ORGANIZATION: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is lower-case letters, digits and hyphens').default('default'),
  BATON_ADMIN_KEY: z.preprocess((text) => text || undefined, z.string().regex(/^bk_[A-Za-z0-9_-]{43}$/, 'is bk_ and 43 base64url characters').optional()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  COMMAND_RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(600_000),
  COMMAND_STATES_MAX: z.coerce.number().int().min(100).default(5_000),
})

export interface Config {
  readonly host: string
  readonly port: number
  readonly eventStoreUrl: string
  readonly databaseUrl: string
  readonly organization: string
  readonly adminKey: string | undefined
  readonly logLevel: string
  /** Requests that one key may make in a minute. */
  readonly rateLimit: number
  /** How many stream states are kept in memory. */
  readonly states_max: number
}

/** The only place that reads the environment. Throws one sentence per wrong variable. */
export function configFrom(environment: Readonly<Record<string, string | undefined>>): Config {
  const { data, error } = Environment.safeParse(environment)
  if (!data) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '))
  return {
    host: data.HOST, port: data.COMMAND_PORT, eventStoreUrl: data.EVENTSTORE_URL, databaseUrl: data.DATABASE_URL,
    organization: data.BATON_ORGANIZATION, adminKey: data.BATON_ADMIN_KEY, logLevel: data.LOG_LEVEL,
    rateLimit: data.COMMAND_RATE_LIMIT_PER_MINUTE, states_max: data.COMMAND_STATES_MAX,
  }
}

/** What may be printed. */
export const shown = (config: Config): Config => ({
  ...config,
  eventStoreUrl: withoutSecrets(config.eventStoreUrl),
  databaseUrl: withoutSecrets(config.databaseUrl),
  adminKey: config.adminKey && `${config.adminKey.slice(0, 12)}...`,
})
