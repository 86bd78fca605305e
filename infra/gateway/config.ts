import { Host, LogLevel, Port, settingsFrom, type Environment } from 'shared-service/settings.ts'
import { z } from 'zod'

const Settings = z.object({
  GATEWAY_HOST: Host,
  GATEWAY_PORT: Port.default(8080),
  COMMAND_URL: z.url({ protocol: /^https?$/, error: 'is an http URL' }),
  QUERY_URL: z.url({ protocol: /^https?$/, error: 'is an http URL' }),
  MCP_URL: z.url({ protocol: /^https?$/, error: 'is an http URL' }).optional(),
  LOG_LEVEL: LogLevel,
})

export interface Config {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly commandUrl: string
  readonly queryUrl: string
  /** Where the Model Context Protocol is served, if it is. */
  readonly mcpUrl: string | undefined
  readonly logLevel: string
}

/** The only place that reads the environment. Throws one sentence. */
export function configFrom(environment: Environment): Config {
  const data = settingsFrom(Settings, environment)
  return {
    host: data.GATEWAY_HOST, port: data.GATEWAY_PORT, logLevel: data.LOG_LEVEL,
    commandUrl: new URL(data.COMMAND_URL).origin, queryUrl: new URL(data.QUERY_URL).origin,
    mcpUrl: data.MCP_URL && new URL(data.MCP_URL).origin,
  }
}
