import t from 'tap'
import { Refused } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const { admin, differences } = await house(t)

/** The code of a refusal, or `done`. */
const outcome = (wish: Promise<unknown>): Promise<string> =>
  wish.then(() => 'done', (error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)))

const tally = (outcomes: readonly string[]) =>
  Object.fromEntries([...Map.groupBy(outcomes, (one) => one)].map(([code, all]) => [code, all.length]).sort())

async function orchestrator(name: string, more: object = {}) {
  const { id } = await admin.post('/orchestrators', { name, ...more })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`, {})
  return { id, path: `/orchestrators/${id}`, own: admin.as(secret!) }
}

/** Freed by a process, a moment after it was given up. */
const onceFree = (wish: () => Promise<unknown>) => until(async () => (await outcome(wish())) === 'done')

t.test('F-60 a profile has an email address, an avatar and a tier, and is found by them', async (t) => {
  const { id, path, own } = await orchestrator('Ada', { email: 'Ada@Example.org', avatarUrl: 'https://example.org/ada.png', tier: 0 })
  const { position } = await admin.send('PUT', path, { role: 'lead', tier: 2 })
  t.match(await admin.get(`${path}?minPosition=${position}`), {
    email: 'ada@example.org', avatar_url: 'https://example.org/ada.png', tier: 2, role: 'lead', charter_version: null, budget_until: null, interventions: [],
  })
  t.match(await admin.get('/orchestrators?search=ADA%40EX&tier=2'), { items: [{ orchestrator: id }] })
  t.match(await admin.get('/orchestrators?tier=3'), { items: [] })
  for (const change of [{ email: null }, { tier: 1 }, { consensusWeight: 9 }]) t.equal(await outcome(own.send('PATCH', path, change)), 'FORBIDDEN')
  t.equal(await outcome(own.send('PATCH', path, { avatarUrl: null })), 'done')
  await t.rejects(admin.send('PATCH', path, { email: 'nobody', tier: 4 }), /VALIDATION_ERROR.*\/email .*\/tier /)
})

t.test('F-60 F-102 of all who register with one address at the same moment, or change to it, one has it', async (t) => {
  const email = 'race@example.org'
  const registered = await Promise.all(Array.from({ length: 20 }, (_, n) => outcome(admin.post('/orchestrators', { name: `Racer ${n}`, email }))))
  t.strictSame(tally(registered), { DUPLICATE_EMAIL: 19, done: 1 })
  const rivals = await Promise.all(Array.from({ length: 8 }, (_, n) => orchestrator(`Rival ${n}`)))
  const changed = await Promise.all(rivals.map(({ path }) => outcome(admin.send('PATCH', path, { email: 'prize@example.org' }))))
  t.strictSame(tally(changed), { DUPLICATE_EMAIL: 7, done: 1 })
  t.equal(await outcome(admin.post('/orchestrators', { name: 'Late', email: 'PRIZE@example.org' })), 'DUPLICATE_EMAIL', 'however it is written')
})

t.test('F-60 an address that was given up, or whose orchestrator has left, is free for another', async (t) => {
  const [first, second] = await Promise.all([orchestrator('First', { email: 'moved@example.org' }), orchestrator('Second')])
  await admin.send('PATCH', first!.path, { email: 'elsewhere@example.org' })
  await onceFree(() => admin.send('PATCH', second!.path, { email: 'moved@example.org' }))
  await admin.send('DELETE', second!.path)
  await onceFree(() => admin.send('PATCH', first!.path, { email: 'moved@example.org' }))
  const twice = await admin.send('PATCH', first!.path, { email: 'moved@example.org' })
  t.equal(twice.changed, false)
})

t.test('F-62 what is posted is listed, the newest first', async (t) => {
  const { id, path, own } = await orchestrator('Poster')
  const said: string[] = []
  let position = '0'
  for (const [n, kind] of ['progress', 'issue', 'completion'].entries()) {
    const posted = await own.post(`${path}/posts`, { kind, message: `Part ${n}.`, channels: ['ops'] }, { key: `post ${n}` })
    t.equal((await own.post(`${path}/posts`, { kind, message: `Part ${n}.`, channels: ['ops'] }, { key: `post ${n}` })).id, posted.id, 'asked twice, posted once')
    said.unshift(posted.id)
    position = posted.position
  }
  const idsOf = ({ items }: { items: readonly { post: string }[] }) => items.map(({ post }) => post)
  t.strictSame(idsOf(await own.get(`/posts?orchestrator=${id}&minPosition=${position}`)), said)
  t.strictSame(idsOf(await own.get(`/posts?orchestrator=${id}&sort=at`)), said.toReversed())
  t.strictSame(idsOf(await own.get(`/posts?orchestrator=${id}&kind=issue`)), said.slice(1, 2))
  const first = await own.get(`/posts?orchestrator=${id}&limit=2`)
  t.strictSame(idsOf(await own.get(`/posts?orchestrator=${id}&limit=2&cursor=${first.next}`)), said.slice(2), 'page by page')
})

t.test('the rows are what a replay of the log makes', async (t) => {
  t.strictSame(await differences(), [])
})
