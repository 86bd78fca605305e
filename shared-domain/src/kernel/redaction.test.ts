import fc from 'fast-check'
import t from 'tap'
import { isTelling, redact, redactText, withoutSecrets } from './redaction.ts'

const long = (length: number) => 'aB3'.repeat(length).slice(0, length)
/** Put together here, so that no scanner takes this file for a leak. */
const secrets: Readonly<Record<string, string>> = {
  'a key of Baton': `bk_${long(43)}`,
  'a private key': ['-----BEGIN RSA', 'PRIVATE KEY-----\nMIIabc\n-----END RSA', 'PRIVATE KEY-----'].join(' '),
  'a private key cut off': ['-----BEGIN', 'PRIVATE KEY-----\nMIIabc'].join(' '),
  'a cloud key': `AKIA${'A1'.repeat(8)}`,
  'a cloud key for a while': `ASIA${'A1'.repeat(8)}`,
  'another cloud key': `AIza${long(35)}`,
  'a forge token': `ghp_${long(36)}`,
  'a finer forge token': `github_pat_${long(30)}`,
  'another forge token': `glpat-${long(20)}`,
  'a registry token': `npm_${long(36)}`,
  'a chat token': `xoxb-${long(20)}`,
  'a model key': `sk-${long(24)}`,
  'a payment key': `sk_live_${long(24)}`,
  'a web token': `eyJ${long(12)}.${long(12)}.${long(12)}`,
  'a card': '4111111111111111',
  'a card in groups': '5500 0000 0000 0004',
  'a card of fifteen digits': '3782-822463-10005',
}

t.test('O-70 what has the shape of a secret is masked wherever it stands', async (t) => {
  for (const [name, secret] of Object.entries(secrets)) {
    const text = `use ${secret}`
    t.equal(redactText(text), 'use [REDACTED]', name)
    t.strictSame(redact({ deep: [{ text }] }), { value: { deep: [{ text: 'use [REDACTED]' }] }, redacted: ['/deep/0/text'] }, name)
    t.strictSame(redact({ [secret]: 1 }), { value: { '[REDACTED]': 1 }, redacted: ['/[REDACTED]'] }, `${name} as a name`)
  }
  t.equal(redactText(`Authorization: Bearer ${long(20)}==`), 'Authorization: Bearer [REDACTED]')
  t.equal(redactText('postgres://ada:lovelace@db/x'), 'postgres://ada:[REDACTED]@db/x')
})

t.test('O-70 words are no secrets, whatever they speak of', async (t) => {
  const texts = [
    'Fix password: rotation for admins', 'api_key = abcdef is in the vault', 'the secret: patience', 'Bearer of bad news',
    'ask-me-about-the-long-task', 'sk-learn-is-a-library-for-python',    'mail ada@example.org', 'https://example.org:8080/a@b',
    'at 1700000000000', 'order 4111111111111112', '0.4111111111111111',
    '4111111111111111.5', 'ab4111111111111111', '40000000-0000-7000-8000-000000000000', 'bk_short', 'risk-assessment-of-the-quarter',
  ]
  for (const text of texts) t.equal(redactText(text), text)
})

t.test('O-70 what stands under a telling name goes whole, of whatever type', async (t) => {
  const names = [
    'password', 'dbPassword', 'user_passwd', 'pwd', 'clientSecret', 'client_secret', 'clientsecret', 'SECRET', 'authorization',
    'Set-Cookie', 'credential', 'awsCredentials', 'API_KEY', 'apiKey', 'x-api-key', 'apikey', 'APIKey', 'accessKey', 'access_key_id',
    'privateKey',
    'authToken', 'accessToken', 'refresh_token', 'bearerToken', 'my.api.key',
  ]
  for (const name of names) {
    for (const value of ['x', 12345678, true, ['a'], { b: 1 }])
      t.strictSame(redact({ a: { [name]: value } }), { value: { a: { [name]: '[REDACTED]' } }, redacted: [`/a/${name}`] }, name)
  }
  t.strictSame(redact({ password: null }), { value: { password: null }, redacted: [] }, 'nothing is no secret')
  t.strictSame(redact({ 'a/b~': { pwd: 1 } }).redacted, ['/a~1b~0/pwd'])
})

t.test('O-70 no measure is lost', async (t) => {
  const measures = {
    totalTokens: 5, tokensUsed: 4, tokenBudget: 1_000, maxTokens: 4_096, token: '7', tokens: 3, keyCount: 2, key: 'k', keys: ['a'],
    author: 'Ada', passed: true, passRate: 0.5, compass: 'N', secretary: 'Bob', monkey: 1, publicKey: 'p', tokenCount: 1,
    access: 'all', cookies: 2,
  }
  t.strictSame(redact(measures), { value: measures, redacted: [] })
  for (const name of Object.keys(measures)) t.notOk(isTelling(name), name)
  fc.assert(fc.property(fc.oneof(fc.integer(), fc.double({ noNaN: true })), (measure) => {
    if (redact({ measure }).value.measure !== measure) throw new Error(String(measure))
  }), { seed: 2030, numRuns: 300 })
})

t.test('O-70 C-14 under the name of a measure a number of any size is none of a card; anything else there is looked at', async (t) => {
  const weight = '6136489169679303999'
  const said = { electorate: [{ weight }], text: weight }
  t.strictSame(redact(said, ['weight']), { value: { electorate: [{ weight }], text: '[REDACTED]' }, redacted: ['/text'] })
  t.strictSame(redact(said).redacted, ['/electorate/0/weight', '/text'])
  t.strictSame(redact({ weight: `card ${weight}` }, ['weight']).value, { weight: 'card [REDACTED]' })
})

t.test('a connection string is shown without its secrets', async (t) => {
  t.equal(withoutSecrets('postgres://ada:s3c/r@e?t@h/baton?user=a&sslPassword=x&y=1'), 'postgres://***@h/baton?user=a&sslPassword=***&y=1')
  t.equal(withoutSecrets('token@h:4222,nats://h2'), '***@h:4222,nats://h2')
  t.equal(withoutSecrets('esdb://h1:2113,h2:2113?tls=false'), 'esdb://h1:2113,h2:2113?tls=false')
})

t.test('O-70 what is no secret stays as it is, and nothing is masked twice', async () => {
  const plain = fc.jsonValue({ maxDepth: 3 })
    .filter((value) => !/secret|pass|pwd|key|token|bearer|auth|cookie|credential|\d{13}/i.test(JSON.stringify(value)))
  fc.assert(fc.property(plain, (value) => {
    const { value: shown, redacted } = redact(value)
    if (JSON.stringify(shown) !== JSON.stringify(value) || redacted.length > 0) throw new Error(JSON.stringify(value))
  }), { seed: 2030, numRuns: 500 })
})

t.test('O-70 whatever is put around a secret or two, nothing of them is stored, and what is masked is named', async () => {
  const secret = fc.constantFrom(...Object.values(secrets).filter((one) => !one.includes('BEGIN')))
  const around = fc.oneof(fc.constantFrom('', ' ', '"', '\n', ', ', ': ', '(', '='), fc.string({ maxLength: 5 }).map((text) => ` ${text} `))
  fc.assert(fc.property(around, secret, around, secret, around, (a, one, b, other, c) => {
    const text = `${a} ${one} ${b} ${other} ${c}`
    const { value, redacted } = redact({ list: [{ text }] })
    const shown = value.list[0]!.text
    if (shown.includes(one) || shown.includes(other) || redacted[0] !== '/list/0/text') throw new Error(shown)
    if (redact(value).redacted.length > 0) throw new Error(`${shown} is masked again`)
  }), { seed: 2030, numRuns: 500 })
})

t.test('so many places are named, and no more', async (t) => {
  const { value, redacted } = redact(Array.from({ length: 300 }, () => ({ password: 'x' })))
  t.equal(redacted.length, 100)
  t.ok(value.every(({ password }) => password === '[REDACTED]'))
})
