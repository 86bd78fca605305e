import fc from 'fast-check'
import t from 'tap'
import { redact, redactText, withoutSecrets } from './redaction.ts'

const long = (length: number) => 'aB3'.repeat(length).slice(0, length)
/** Put together here, so that no scanner takes this file for a leak. */
const secrets: Readonly<Record<string, string>> = {
  'a key of Baton': `bk_${long(43)}`,
  'a private key': ['-----BEGIN RSA', 'PRIVATE KEY-----\nMIIabc\n-----END RSA', 'PRIVATE KEY-----'].join(' '),
  'a private key cut off': ['-----BEGIN', 'PRIVATE KEY-----\nMIIabc'].join(' '),
  'a cloud key': `AKIA${'A1'.repeat(8)}`,
  'a forge token': `ghp_${long(36)}`,
  'a chat token': `xoxb-${long(20)}`,
  'a model key': `sk-${long(24)}`,
  'a web token': `eyJ${long(12)}.${long(12)}.${long(12)}`,
}

t.test('what looks like a secret is masked wherever it stands', async (t) => {
  for (const [name, secret] of Object.entries(secrets)) {
    const text = `use ${secret}`
    t.equal(redactText(text), 'use [redacted]', name)
    t.strictSame(redact({ deep: [{ text }] }), { deep: [{ text: 'use [redacted]' }] }, name)
  }
  t.equal(redactText(`Authorization: Bearer ${long(20)}==`), 'Authorization: Bearer [redacted]')
  t.equal(redactText('password: hunter22, api_key = abcdef'), 'password: [redacted], api_key = [redacted]')
  t.equal(redactText('postgres://ada:lovelace@db/x'), 'postgres://ada:[redacted]@db/x')
})

t.test('a connection string is shown without its secrets', async (t) => {
  t.equal(withoutSecrets('postgres://ada:s3c/r@e?t@h/baton?user=a&sslPassword=x&y=1'), 'postgres://***@h/baton?user=a&sslPassword=***&y=1')
  t.equal(withoutSecrets('token@h:4222,nats://h2'), '***@h:4222,nats://h2')
  t.equal(withoutSecrets('esdb://h1:2113,h2:2113?tls=false'), 'esdb://h1:2113,h2:2113?tls=false')
})

t.test('what stands under a telling name goes whole', async (t) => {
  t.strictSame(redact({ password: 'x', clientSecret: 'y', API_KEY: 'z', authorization: 'w', token: 'plain', count: 3 }),
    { password: '[redacted]', clientSecret: '[redacted]', API_KEY: '[redacted]', authorization: '[redacted]', token: 'plain', count: 3 })
})

t.test('what is no secret stays as it is, and nothing is masked twice', async () => {
  const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => !/secret|pass|key|token|bearer|authorization/i.test(JSON.stringify(value)))
  fc.assert(fc.property(plain, (value) => {
    const shown = redact(value)
    if (JSON.stringify(shown) !== JSON.stringify(value)) throw new Error(`${JSON.stringify(value)} became ${JSON.stringify(shown)}`)
  }), { seed: 2030, numRuns: 500 })
  fc.assert(fc.property(fc.string(), fc.constantFrom(...Object.values(secrets)), fc.string(), (before, secret, after) => {
    const shown = redactText(`${before} ${secret} ${after}`)
    if (redactText(shown) !== shown) throw new Error(`${shown} is masked again`)
  }), { seed: 2030, numRuns: 300 })
})
