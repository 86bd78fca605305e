import ipaddr from 'ipaddr.js'

/** A network as `10.0.0.0/8` or `fd00::/8`. */
export const isNetwork = (text: string): boolean => text.includes('/') && (ipaddr.IPv4.isValidCIDR(text) || ipaddr.IPv6.isValidCIDR(text))

/** Within IPv6 an address of IPv4 is what it is there. */
const addressOf = (text: string) => ipaddr.process(text)

const isWithin = (address: ReturnType<typeof addressOf>, network: string): boolean => {
  const [range, bits] = ipaddr.parseCIDR(network)
  if (range.kind() !== address.kind()) return false
  return (address as ipaddr.IPv4).match(range as ipaddr.IPv4, bits)
}

/** What may be reached besides the addresses of everybody: networks of the operator, of which an organization may want fewer. */
export interface Reach {
  readonly networks: readonly string[]
  /** Empty: all of those. */
  readonly narrowed: readonly string[]
}

const isException = (text: string, { networks, narrowed }: Reach): boolean => {
  const address = addressOf(text)
  const isIn = (some: readonly string[]) => some.some((network) => isWithin(address, network))
  return isIn(networks) && (narrowed.length === 0 || isIn(narrowed))
}

export type Scheme = 'http:' | 'https:'

/** Whether something may be sent to this address: of the internet, or of an exception, where it may be sent without TLS. */
export function mayReach(address: string, scheme: Scheme, reach: Reach): boolean {
  if (!ipaddr.isValid(address)) return false
  if (isException(address, reach)) return true
  return scheme === 'https:' && addressOf(address).range() === 'unicast'
}

/** What is told of something that was not sent for that. */
export const forbidden = 'DESTINATION_FORBIDDEN'

export interface Destination {
  readonly url: string
  readonly scheme: Scheme
  readonly host: string
  /** The address that the host is, where it is no name. */
  readonly literal: string | undefined
}

/** What an address of the web says, or why nothing may be sent there, whatever its host is. */
export function destinationOf(text: string): Destination | 'malformed' | 'forbidden' {
  if (!URL.canParse(text)) return 'malformed'
  const { protocol, hostname, username, password, hash, href } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'forbidden'
  // A fragment that is empty is one, too.
  if (username !== '' || password !== '' || hash !== '' || text.includes('#')) return 'forbidden'
  if (hostname === '') return 'malformed'
  const host = hostname.replace(/^\[|\]$/g, '')
  return { url: href, scheme: protocol, host, literal: ipaddr.isValid(host) ? host : undefined }
}

/** Whether nothing may be sent there, as far as that is known before names are looked up. */
export function isForbidden({ scheme, literal }: Destination, reach: Reach): boolean {
  if (literal !== undefined) return !mayReach(literal, scheme, reach)
  return scheme === 'http:' && reach.networks.length === 0
}
