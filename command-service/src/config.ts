import { operators } from 'shared-domain/kernel/decider.ts'
import { withoutSecrets } from 'shared-domain/kernel/redaction.ts'
import { Address, Host, LogLevel, Networks, Port, settingsFrom, type Environment } from 'shared-service/settings.ts'
import { z } from 'zod'

const Key = z.preprocess((text) => text || undefined, z.string().regex(/^bk_[A-Za-z0-9_-]{43}$/, 'is bk_ and 43 base64url characters').optional())

const Settings = z.object({
  HOST: Host,
  COMMAND_PORT: Port.default(8081),
  EVENTSTORE_URL: Address,
  DATABASE_URL: Address,
  BATON_ORGANIZATION: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is lower-case letters, digits and hyphens').default('default')
    .refine((slug) => slug !== operators && slug !== 'self', 'is a word of its own here: choose another'),
  BATON_ADMIN_KEY: Key,
  BATON_OPERATOR_KEY: Key,
  LOG_LEVEL: LogLevel,
  NOTARY_KEY_FILE: z.string().min(1).optional(),
  BATON_SECRETS_KEY_FILE: z.string().min(1).optional(),
  WEBHOOK_NETWORKS: Networks,
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
  readonly operatorKey: string | undefined
  readonly logLevel: string
  /** Whose public keys are made known at the start. */
  readonly notaryKeyFile: string | undefined
  /** By whose last key sealed fields are sealed; without it nothing that has any is taken. */
  readonly secretsKeyFile: string | undefined
  /** Networks to which something may be sent besides public addresses. */
  readonly networks: readonly string[]
  /** Requests that one key may make in a minute. */
  readonly rateLimit: number
  /** How many stream states are kept in memory. */
  readonly states_max: number
  /** How often it is written which keys were used. */
  readonly keyUses_ms: number
}

/** The only place that reads the environment. Throws one sentence, which names every wrong variable. */
export function configFrom(environment: Environment): Config {
  const data = settingsFrom(Settings, environment)
  return {
    host: data.HOST, port: data.COMMAND_PORT, eventStoreUrl: data.EVENTSTORE_URL, databaseUrl: data.DATABASE_URL,
    organization: data.BATON_ORGANIZATION, adminKey: data.BATON_ADMIN_KEY, operatorKey: data.BATON_OPERATOR_KEY, logLevel: data.LOG_LEVEL,
    notaryKeyFile: data.NOTARY_KEY_FILE, secretsKeyFile: data.BATON_SECRETS_KEY_FILE,
    networks: data.WEBHOOK_NETWORKS,
    rateLimit: data.COMMAND_RATE_LIMIT_PER_MINUTE, states_max: data.COMMAND_STATES_MAX, keyUses_ms: 60_000,
  }
}

/** What may be printed. */
export const shown = (config: Config): Config => ({
  ...config,
  eventStoreUrl: withoutSecrets(config.eventStoreUrl),
  databaseUrl: withoutSecrets(config.databaseUrl),
  adminKey: config.adminKey && `${config.adminKey.slice(0, 12)}...`,
  operatorKey: config.operatorKey && `${config.operatorKey.slice(0, 12)}...`,
})
