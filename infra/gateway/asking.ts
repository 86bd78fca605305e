import type { IncomingMessage } from 'node:http'

const ask_timeout_ms = 2_000
const said_max = 4 * 1024 * 1024

export interface Said {
  readonly isOk: boolean
  readonly text: string
}

/** What a service answers to a question of the gateway's own. Throws when it does not, in time and within a bound. */
export async function said(url: string): Promise<Said> {
  const { get } = await import(url.startsWith('https:') ? 'node:https' : 'node:http') as typeof import('node:http')
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { agent: false, signal: AbortSignal.timeout(ask_timeout_ms) }, resolve).once('error', reject))
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    if (text.length > said_max) throw new Error(`${url} says more than ${said_max} characters`)
  }
  return { isOk: response.statusCode === 200, text }
}
