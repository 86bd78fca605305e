import type { ConnectionOptions } from 'nats'

/** Where NATS is, and as whom to go there: `nats://user:password@host:4222,nats://other`. The client takes no user from an address. */
export function addressOf(url: string): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token'> {
  const addresses = url.split(',').map((part) => new URL(part.includes('://') ? part.trim() : `nats://${part.trim()}`))
  const servers = addresses.map(({ host }) => host)
  const { username, password } = addresses[0]!
  const [name, word] = [decodeURIComponent(username), decodeURIComponent(password)]
  if (word) return { servers, user: name, pass: word }
  return name ? { servers, token: name } : { servers }
}
