import { createHmac } from 'node:crypto'

const prefix = 'whsec_'

const signed = (secret: string, text: string) =>
  `v1,${createHmac('sha256', Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64')).update(text).digest('base64')}`

/** The headers of a Standard Webhook, signed by every secret that holds. */
export function signedHeaders(id: string, at_ms: number, body: string, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at_ms / 1_000))
  const text = `${id}.${timestamp}.${body}`
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': secrets.map((secret) => signed(secret, text)).join(' ') }
}
