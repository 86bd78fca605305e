import { z } from 'zod'

const Environment = z.object({
  GATEWAY_HOST: z.string().min(1).default('127.0.0.1'),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  COMMAND_URL: z.url({ protocol: /^https?$/, error: 'is an http URL' }),
  QUERY_URL: z.url({ protocol: /^https?$/, error: 'is an http URL' }),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

export interface Config {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly commandUrl: string
  readonly queryUrl: string
  readonly logLevel: string
}

/** The only place that reads the environment. Throws one sentence. */
export function configFrom(environment: Readonly<Record<string, string | undefined>>): Config {
  const { data, error } = Environment.safeParse(environment)
  if (!data) throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  return {
    host: data.GATEWAY_HOST, port: data.GATEWAY_PORT, logLevel: data.LOG_LEVEL,
    commandUrl: new URL(data.COMMAND_URL).origin, queryUrl: new URL(data.QUERY_URL).origin,
  }
}
