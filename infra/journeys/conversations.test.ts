import t from 'tap'
import { Refused } from '../../scripts/api.ts'
import { house } from './house.ts'

const { admin, differences } = await house(t)

const outcome = (wish: Promise<unknown>): Promise<string> =>
  wish.then(() => 'done', (error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)))

async function orchestrator(name: string) {
  const { id } = await admin.post('/orchestrators', { name })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`, {})
  return { id, path: `/orchestrators/${id}`, own: admin.as(secret!) }
}

const ada = await orchestrator('Ada')
const bob = await orchestrator('Bob')

t.test('F-50 F-51 an orchestrator talks to a person: what both say is listed in its order, until one ends it', async (t) => {
  const opened = await ada.own.post(`${ada.path}/conversations`, { target: { kind: 'user', id: 'grace' }, content: 'May I open the harbour?' }, { key: 'talk' })
  const path = `/conversations/${opened.id}`
  t.equal((await ada.own.post(`${ada.path}/conversations`, { target: { kind: 'user', id: 'grace' }, content: 'May I open the harbour?' }, { key: 'talk' })).id, opened.id)
  t.match(await admin.post(`${path}/messages`, { content: 'You may.', parent: 1, from: 'grace' }), { changed: true, no: 2 })
  t.equal(await outcome(bob.own.post(`${path}/messages`, { content: 'No!' })), 'FORBIDDEN')
  await t.rejects(ada.own.post(`${path}/messages`, { content: 'x', parent: 3 }), { status: 400, code: 'PARENT_UNKNOWN' })
  t.equal(await outcome(bob.own.post(`${ada.path}/conversations`, { target: { kind: 'user', id: 'grace' }, content: 'Hello' })), 'FORBIDDEN')
  const { position } = await ada.own.post(`${path}/close`, { reason: 'All is said.' })
  t.equal(await outcome(ada.own.post(`${path}/messages`, { content: 'One more.' })), 'INVALID_STATE_TRANSITION')
  const { items } = await admin.get(`/conversation-messages?conversation=${opened.id}&minPosition=${position}`)
  t.match(items, [
    { no: 1, content: 'May I open the harbour?', from: ada.id, parent: null }, { no: 2, content: 'You may.', from: 'grace', parent: 1 },
  ])
  const { items: [row] } = await admin.get(`/conversations?orchestrator=${ada.id}&status=CLOSED&target=grace&minPosition=${position}`)
  t.match(row, { conversation: opened.id, target_kind: 'user', messages: 2 })
})

t.test('the rows are what a replay of the log makes', async (t) => {
  t.strictSame(await differences(), [])
})
