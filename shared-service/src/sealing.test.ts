import { randomBytes } from 'node:crypto'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Sealed } from 'shared-domain/kernel/sealed.ts'
import { sealingOf, secretsKeyIn } from './sealing.ts'

const place = { organization: 'acme', stream: 'webhook-1', field: 'secret' }

t.test('L-1 what is sealed opens in its place alone, with its key, unchanged', async (t) => {
  const file = secretsKeyIn(join(t.testdir(), 'secrets.key'))
  t.equal(statSync(file).mode & 0o777, 0o600)
  const made = readFileSync(file, 'utf8')
  t.equal(readFileSync(secretsKeyIn(file), 'utf8'), made, 'made once')
  const first = sealingOf(file)
  const text = 'ada@example.org ✓'
  const sealed = first.seal(text, place)
  t.ok(Sealed.safeParse(sealed).success)
  t.notMatch(sealed, 'ada')
  t.not(first.seal(text, place), sealed, 'never twice the same')
  t.equal(first.open(sealed, place), text)
  for (const other of [{ organization: 'umbrella' }, { stream: 'webhook-2' }, { field: 'address' }])
    t.throws(() => first.open(sealed, { ...place, ...other }), 'elsewhere')
  t.throws(() => first.open(`${sealed.slice(0, -2)}AA`, place), 'changed')

  appendFileSync(file, `${randomBytes(32).toString('base64url')}\n`)
  const both = sealingOf(file)
  t.equal(both.open(sealed, place), text, 'an older key still opens')
  t.not(both.seal(text, place).split(':')[1], sealed.split(':')[1], 'the last one seals')
  t.throws(() => first.open(both.seal(text, place), place), 'no key')
  t.equal(both.markOf(text), first.markOf(text))
  t.not(both.markOf('other'), first.markOf(text))
})

t.test('L-1 a file that holds no keys is refused with a sentence', async (t) => {
  const file = join(t.testdir(), 'secrets.key')
  for (const text of ['', 'secret\n', `${'A'.repeat(43)}\nno key\n`]) {
    writeFileSync(file, text)
    t.throws(() => sealingOf(file), { message: /does not hold keys/ })
  }
})
