import t from 'tap'
import { z } from 'zod'
import { callerSays, meantAmong, mixed, olderName, routeParts, translated, wordsOf, type Alias } from './alias.ts'
import { now } from './testing.ts'

const canonical = z.strictObject({ to: z.uuid(), level: z.int().default(1), tags: z.array(z.string()), note: z.string().optional() })
const pass: Alias = {
  route: 'POST /people/:person/pass', id: 'thing', without: ['tags'],
  fields: { target: 'to', urgent: z.boolean().optional() },
  say: ({ urgent, ...said }, at) => ({ ...said, tags: [urgent ? 'now' : at] }),
}
const id = z.uuid()
const to = '00000000-0000-7000-8000-000000000001'

t.test('a route is its method, its path and the names of its parameters', async (t) => {
  t.strictSame(routeParts(pass.route), { method: 'POST', path: '/people/:person/pass', parameters: ['person'] })
})

t.test('older words take their own fields, and those that are called alike', async (t) => {
  const words = wordsOf(pass, canonical, id)
  t.strictSame(Object.keys(words.shape).sort(), ['level', 'note', 'person', 'target', 'thing', 'urgent'])
  t.ok(words.safeParse({ person: to, thing: to, target: to, urgent: true }).success)
  t.notOk(words.safeParse({ person: to, thing: to, to }).success)
})

t.test('what is said in older words becomes the canonical words, and nothing else', async (t) => {
  const said = { person: to, thing: to, target: to, level: 2 }
  t.strictSame(translated(pass, canonical, { ...said, urgent: true }, now), { to, level: 2, tags: ['now'] })
  t.strictSame(translated(pass, canonical, said, now), { to, level: 2, tags: [now] })
  t.strictSame(translated({ route: 'PUT /x' }, canonical, { level: 3, more: 1 }, now), { level: 3 })
})

t.test('a fault is shown where it stands in the older words', async (t) => {
  t.equal(olderName(pass, 'to'), 'target')
  t.equal(olderName(pass, 'level'), 'level')
  t.equal(olderName({ route: 'PUT /x' }, 'to'), 'to')
})

t.test('H-5 one field is said under one name', async (t) => {
  const two: Alias = { route: 'PUT /x', fields: { target: 'to', receiver: 'to' } }
  t.strictSame(mixed(two, { target: 1, note: 2 }), [])
  t.strictSame(mixed(two, { target: 1, receiver: 1, to: 1 }), [{ name: 'receiver', older: 'target' }, { name: 'to', older: 'target' }])
  t.strictSame(mixed(two, { to: 1 }), [{ name: 'to', older: 'target' }])
  t.ok(wordsOf(two, canonical, id).safeParse({ receiver: to, tags: [] }).success, 'either name will do')
  const also: Alias = { route: 'PUT /x', fields: { target: 'to', to: 'to' } }
  t.strictSame(mixed(also, { to: 1 }), [], 'its own may be one of them')
  t.strictSame(mixed(also, { target: 1, to: 1 }), [{ name: 'to', older: 'target' }])
})

t.test('of words that share a route those are meant whose fields are there, or which say so', async (t) => {
  const plain = { canonical }
  const older = { canonical, alias: { route: 'PUT /x', fields: { target: 'to', level: z.string() } } }
  t.equal(meantAmong([plain, older], { target: 1 }), older)
  t.equal(meantAmong([plain, older], { level: 'P1' }), plain, 'a field that both have tells nothing')
  const failed = { canonical, alias: { route: 'PUT /x', meant: ({ status }) => status === 'failed' } as Alias }
  t.equal(meantAmong([plain, failed], { status: 'failed' }), failed)
  t.equal(meantAmong([failed, older], { status: 'done' }), older, 'without canonical words those do that do not choose')
  t.equal(meantAmong([failed], {}), failed)
})

t.test('words that are for one kind of caller say of itself what it is called, and are for nobody else', async (t) => {
  const own: Alias = { route: 'POST /beat', caller: { kind: 'daemon', as: 'to' } }
  const [daemon, person] = [{ kind: 'daemon', id: to }, { kind: 'admin', id: 'ada' }] as const
  t.strictSame([callerSays(own, daemon), callerSays(own, person)], [{ to }, undefined])
  t.strictSame(callerSays({ ...own, caller: { kind: 'daemon' } }, daemon), {})
  t.strictSame(callerSays(pass, person), {})
  t.notOk('to' in wordsOf(own, canonical, id).shape, 'which is then not said otherwise')
})
