import t from 'tap'
import { asking } from '../../command-service/src/fixture.ts'
import { older as fleet } from '../../shared-domain/src/fleet/agent/fixture.ts'
import { house, until } from './house.ts'

const { baton, admin: api, differences } = await house(t)
const asks = (key: string) => asking(baton.urls.gateway, key)
const admin = asks(baton.adminKey.key)

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name })
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  return { id, ask: asks(secret!) }
}

const [ada, bob] = [await orchestrator('Ada'), await orchestrator('Bob')]

const ids: string[] = []
for (const { name, skills, max, reliability, status } of fleet) {
  const { body } = await ada.ask('POST /agents', {
    name, orchestrator: ada.id, capabilities: skills.map((skill) => ({ skill })), maxConcurrent: max, reliability, tags: ['pool', status],
  })
  ids.push(body.id)
  if (status === 'ACTIVE') await ada.ask(`PUT /agents/${body.id}/status`, { status })
}
const [main, cleanup, deploy, qr] = ids as [string, string, string, string]

/** Names of the agents that are asked for, with one's own writes. */
async function named(query: string): Promise<readonly string[]> {
  const { position } = await api.get<{ position: string }>('/position')
  const { body } = await admin(`GET /agents?${query}&minPosition=${position}`)
  return body.items.map(({ name }: { name: string }) => name)
}
const rowOf = (path: string, isSo: (row: any) => boolean) => until(async () => {
  const row = await api.get<any>(path).catch(() => undefined)
  return row && isSo(row) ? row : undefined
})

t.test('F-74 F-10 F-70 the older agents are registered, and found by what they are called, can and carry', async (t) => {
  await rowOf(`/agents/${ids[5]}`, ({ status }) => status === 'ACTIVE')
  t.strictSame(await named('sort=-reliability'), ['antigravity-main', 'agent-security-cleanup', 'copilot-agent', 'agent-qr-feature', 'agent-vps-deploy', 'agent-n8n-integration'])
  t.strictSame(await named('sort=name&search=AGENT-'), ['agent-n8n-integration', 'agent-qr-feature', 'agent-security-cleanup', 'agent-vps-deploy'])
  t.strictSame(await named('skill=security&sort=name'), ['agent-security-cleanup', 'antigravity-main'])
  t.strictSame(await named('tag=ACTIVE&sort=name'), ['antigravity-main', 'copilot-agent'])
  t.strictSame(await named(`status=ACTIVE&orchestrator=${ada.id}&sort=-name`), ['copilot-agent', 'antigravity-main'])
  t.strictSame(await named('name=agent-vps-deploy&breaker=CLOSED&sort=load'), ['agent-vps-deploy'])
  t.match(await api.get(`/agents/${main}`), {
    name: 'antigravity-main', capabilities: [{ skill: 'infrastructure', proficiency: 5 }, {}, {}, {}], skills: fleet[0]!.skills, reliability: 0.98, load: 0, current: 0,
    breaker: 'CLOSED', version: null, supervisor: null,
  })
})

t.test('F-10 F-11 who may do what with an agent', async (t) => {
  const wish = { name: 'hand', orchestrator: ada.id }
  t.match(await bob.ask('POST /agents', wish), { status: 403, body: { code: 'FORBIDDEN' } })
  t.match(await bob.ask('POST /agents', { name: 'hand' }), { status: 403 })
  t.match(await admin('POST /agents', { name: 'hand', orchestrator: main }), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match(await admin('POST /agents', { ...wish, capabilities: [{ skill: 'a' }, { skill: 'a' }] }), { status: 400, body: { errors: [{ pointer: '/capabilities' }] } })
  const { body: { id } } = await ada.ask('POST /agents', wish)
  t.match(await ada.ask(`PATCH /agents/${id}`, { orchestrator: bob.id }), { status: 403 })
  t.match(await admin(`PATCH /agents/${id}`, { orchestrator: bob.id }), { status: 200, body: { changed: true } })
  t.match(await ada.ask(`PATCH /agents/${id}`, { name: 'mine' }), { status: 403 })
  t.match(await bob.ask(`PUT /agents/${id}/status`, { status: 'OVERLOADED' }), { status: 400, body: { errors: [{ pointer: '/status' }] } })
  t.match(await bob.ask(`PUT /agents/${id}/status`, { status: 'SUSPENDED' }), { status: 403 })
  t.match(await admin(`PUT /agents/${id}/status`, { status: 'SUSPENDED', reason: 'checks' }), { status: 200 })
  t.match(await bob.ask(`PUT /agents/${id}/status`, { status: 'IDLE' }), { status: 403 })
  t.match(await bob.ask(`DELETE /agents/${id}`, { reason: 'old' }), { status: 200, body: { changed: true } })
  t.match(await bob.ask(`DELETE /agents/${id}`), { status: 200, body: { changed: false } })
  t.match(await bob.ask(`PATCH /agents/${id}`, { name: 'mine' }), { status: 409, body: { code: 'INVALID_STATE_TRANSITION', context: { status: 'RETIRED' } } })
  await rowOf(`/agents/${id}`, ({ status, orchestrator }) => status === 'RETIRED' && orchestrator === bob.id)
})

t.test('F-12 versions are listed with the one that is current', async (t) => {
  const publish = (body: object) => ada.ask(`POST /agents/${main}/versions`, body)
  t.match(await publish({ version: '1.0', manifest: { model: 'large' } }), { status: 200, body: { changed: true } })
  t.match(await publish({ version: '1.0', manifest: { model: 'small' } }), { status: 409, body: { code: 'ALREADY_EXISTS' } })
  t.match(await publish({ version: '1.1', manifest: { model: 'small' }, checksum: '0'.repeat(64) }), { status: 400, body: { errors: [{ pointer: '/checksum' }] } })
  await publish({ version: '1.1', manifest: { model: 'small' } })
  await rowOf(`/agents/${main}`, ({ version }) => version === '1.1')
  await rowOf(`/agent-versions/${main}/2`, ({ current, manifest }) => current && manifest.model === 'small')
  t.match((await admin(`GET /agent-versions?agent=${main}`)).body.items, [{ no: 1, version: '1.0', current: false }, { no: 2, version: '1.1', current: true }])
})

t.test('F-13 supervisors make no circle, and peers are a pair from both sides', async (t) => {
  t.match(await ada.ask(`PUT /agents/${cleanup}/supervisor`, { agent: main }), { status: 200 })
  t.match(await ada.ask(`PUT /agents/${main}/supervisor`, { agent: cleanup }), { status: 409, body: { code: 'RELATIONSHIP_CYCLE', context: { cycle: [main, cleanup, main] } } })
  t.match(await ada.ask(`POST /agents/${qr}/peers`, { peer: deploy }), { status: 201, body: { changed: true } })
  t.match(await ada.ask(`POST /agents/${deploy}/peers`, { peer: qr }), { status: 200, body: { changed: false } })
  const peersOf = async (id: string) => (await admin(`GET /agent-peers?agent=${id}`)).body.items.map(({ peer }: { peer: string }) => peer)
  await rowOf(`/agent-peers/${qr}/${deploy}`, () => true)
  t.strictSame([await peersOf(deploy), await peersOf(qr)], [[qr], [deploy]])
  const { status, body: { position } } = await ada.ask(`DELETE /agents/${qr}/peers/${deploy}`)
  t.equal(status, 200, 'what is taken away is not created')
  t.match((await admin(`GET /agent-peers?agent=${deploy}&minPosition=${position}`)).body.items, [])
})

t.test('what is shown of agents is what their facts say', async (t) => {
  t.strictSame(await differences(), [])
})
