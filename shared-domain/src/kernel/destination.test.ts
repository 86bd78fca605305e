import t from 'tap'
import { destinationOf, isForbidden, isNetwork, mayReach, type Destination } from './destination.ts'

const none = { networks: [], narrowed: [] }

t.test('L-36 only public addresses are reached, however they are written, and an address of IPv4 within IPv6 is what it is', async (t) => {
  for (const address of ['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:8.8.8.8'])
    t.ok(mayReach(address, 'https:', none), address)
  const forbidden = [
    '127.0.0.1', '10.1.2.3', '192.168.0.1', '172.16.5.5', '169.254.169.254', '100.64.0.1',
    '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1',
    '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1',
    '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1', 'nonsense', '',
  ]
  for (const address of forbidden) t.notOk(mayReach(address, 'https:', none), address)
  t.notOk(mayReach('8.8.8.8', 'http:', none), 'nor anything without TLS')
})

t.test('L-36 networks of the operator are exceptions, also without TLS; a setting only narrows them', async (t) => {
  const networks = ['10.0.0.0/8', 'fd00::/8']
  for (const address of ['10.1.2.3', 'fd00::1', '::ffff:10.1.2.3']) for (const scheme of ['http:', 'https:'] as const)
    t.ok(mayReach(address, scheme, { networks, narrowed: [] }), address)
  t.notOk(mayReach('192.168.0.1', 'https:', { networks, narrowed: [] }))
  t.ok(mayReach('10.1.2.3', 'http:', { networks, narrowed: ['10.1.0.0/16'] }))
  t.notOk(mayReach('10.2.2.3', 'https:', { networks, narrowed: ['10.1.0.0/16'] }))
  t.notOk(mayReach('192.168.0.1', 'https:', { networks, narrowed: ['192.168.0.0/16'] }), 'what the operator does not allow stays forbidden')
  t.ok(mayReach('8.8.8.8', 'https:', { networks, narrowed: ['10.1.0.0/16'] }), 'public addresses are not narrowed')
  for (const text of ['10.0.0.0/8', 'fd00::/8']) t.ok(isNetwork(text), text)
  for (const text of ['10.0.0.0', 'x/8', '10.0.0.0/33', '', '/8']) t.notOk(isNetwork(text), text)
})

t.test('L-36 a URL says neither who logs in nor a fragment, and is of https; loose forms of an address are that address', async (t) => {
  for (const text of ['no url', '/x', 'https://', 'http://[::1']) t.equal(destinationOf(text), 'malformed', text)
  const forbidden = [
    'ftp://example.org', 'file:///etc/passwd', 'https://ada@example.org', 'https://ada:x@example.org/', 'https://example.org/#x',
    'https://example.org/#',
  ]
  for (const text of forbidden) t.equal(destinationOf(text), 'forbidden', text)
  const barred = (text: string, reach = none) => isForbidden(destinationOf(text) as Destination, reach)
  t.notOk(barred('https://example.org/hook?x=1'))
  t.ok(barred('http://example.org/hook'))
  t.notOk(barred('http://example.org/hook', { ...none, networks: ['10.0.0.0/8'] } as never), 'where it leads is seen when it is looked up')
  const hosts = [
    '127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '169.254.169.254',
  ]
  for (const host of hosts) t.ok(barred(`https://${host}/`), host)
  t.match(destinationOf('https://[2606:2800:220:1:248:1893:25c8:1946]/x'), { literal: '2606:2800:220:1:248:1893:25c8:1946' })
})
