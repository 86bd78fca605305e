import t from 'tap'
import { asking } from '../../command-service/src/fixture.ts'
import { older as fleet } from '../../shared-domain/src/fleet/agent/fixture.ts'
import { house, until } from './house.ts'

const { baton, admin: api, differences, log } = await house(t)
const asks = (key: string) => asking(baton.urls.gateway, key)
const admin = asks(baton.adminKey.key)

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name })
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  return { id, secret: secret!, ask: asks(secret!) }
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

t.test('F-63 F-73 an agent comes with a key of its own, does what it is assigned to, and is refused once it has left', async (t) => {
  const { id: agent } = await api.post('/agents', { name: 'keyed', orchestrator: ada.id })
  t.match(await bob.ask(`POST /agents/${agent}/keys`, {}), { status: 403 })
  t.match(await admin(`POST /agents/${agent}/keys`, { scopes: ['write'] }), { status: 400, body: { errors: [{ pointer: '/scopes/0' }] } })
  const { body: { id: key, secret }, headers } = await admin(`POST /agents/${agent}/keys`, { name: 'night', ratePerMinute: 1_000 })
  t.equal(headers.get('location'), `/api/v1/keys/${key}`)
  const hand = asks(secret)
  t.match(await hand('GET /keys/validate'), { body: { actor: { kind: 'agent', id: agent }, scopes: ['read', 'execute'] } })
  await rowOf(`/keys?agent=${agent}`, ({ items: [row] }) => row?.rate_per_minute === 1_000 && row.orchestrator === ada.id && row.daemon === null)
  t.match(await hand('POST /tasks', { owner: ada.id, title: 'mine' }), { status: 403 })
  const { id: task } = await api.post('/tasks', { owner: ada.id, title: 'theirs' })
  t.match(await hand(`POST /tasks/${task}/start`, {}), { status: 403 }, 'what it is not assigned to')
  t.match(await admin(`POST /orchestrators/${ada.id}/activate`, {}), { status: 200 })
  t.match(await admin(`POST /tasks/${task}/assign`, { assignee: `agent:${agent}` }), { status: 200 })
  const { body: { revision: token } } = await hand(`POST /tasks/${task}/start`, {})
  t.match(await admin(`DELETE /agents/${agent}`, {}), { status: 200 })
  await until(async () => (await hand('GET /keys/validate')).status === 401)
  await until(async () => (await hand(`POST /tasks/${task}/heartbeat`, { token })).body.code === 'INVALID_API_KEY')
  t.match(await ada.ask(`POST /tasks/${task}/complete`, { token }), { status: 200 }, 'what it had begun is ended by who answers for it')
  await rowOf(`/agents/${agent}`, ({ good }) => good === 1)
  for (const path of ['GET /keys/validate', `POST /tasks/${task}/start`]) t.match(await hand(path), { status: 401 }, 'also after that was settled')
  t.match(await admin(`POST /keys/${key}/rotate`, {}), { status: 404 })
  t.strictSame(await differences(), [])
})

t.test('F-63 a rotated key is taken beside its successor for as long as was asked', async (t) => {
  const { body: { id: key, secret } } = await admin(`POST /orchestrators/${bob.id}/keys`, { ratePerMinute: 500 })
  const { body: next } = await asks(secret)(`POST /keys/${key}/rotate`, { overlap_s: 2 })
  for (const one of [secret, next.secret]) t.match(await asks(one)('GET /keys/validate'), { status: 200 })
  t.match(await admin(`POST /keys/${key}/rotate`, {}), { status: 409, body: { code: 'ALREADY_ROTATED' } })
  await until(async () => (await asks(secret)('GET /keys/validate')).status === 401)
  t.match(await asks(next.secret)('GET /keys/validate'), { status: 200 })
  await rowOf(`/keys/${next.id}`, ({ rate_per_minute: rate }) => rate === 500)
})

t.test('F-40 F-41 F-92 F-96 F-104 a session works under one lease, tells what it prints, and ends with it', async (t) => {
  await admin(`POST /orchestrators/${bob.id}/activate`)
  await admin(`PUT /orchestrators/${bob.id}/budget`, { tokens: { daily: 1_000 } })
  const { body: { id: daemon } } = await bob.ask('POST /daemons', { orchestrator: bob.id, name: 'pier' })
  await bob.ask(`POST /daemons/${daemon}/connect`, { instance: daemon, version: '1', host: 'pier' })
  const taken = async () => {
    const { body: { id } } = await bob.ask('POST /tasks', { title: 'Run' })
    return (await bob.ask(`POST /tasks/${id}/start`, {})).body
  }
  const { id: task, token, slot: id } = await taken()
  const wish = { id, daemon, task, token, program: 'agent', tokens: 600 }
  t.match(await bob.ask('POST /work-sessions', { ...wish, token: '7' }), { status: 409, body: { code: 'STALE_LEASE' } })
  t.match(await bob.ask('POST /work-sessions', wish), { status: 201, body: { id, changed: true } })
  t.match(await bob.ask('POST /work-sessions', wish), { status: 200, body: { changed: false } })
  const second = await taken()
  const other = { ...wish, id: second.slot, task: second.id, token: second.token }
  t.match(await bob.ask('POST /work-sessions', other), { status: 409, body: { code: 'BUDGET_EXHAUSTED', retryable: true } }, 'of 1,000 only 400 are left')
  const session = `/work-sessions/${id}`
  for (const move of ['start', 'pause', 'resume']) t.match(await bob.ask(`POST ${session}/${move}`, {}), { status: 200, body: { changed: true } }, move)
  for (let n = 0; n < 70; n++) await bob.ask(`POST ${session}/output`, { text: `line ${n} ${bob.secret}` })
  await bob.ask(`POST ${session}/metrics`, { metrics: { tokens: 12 } })
  const output = await rowOf(`${session}/output`, ({ chunks, metrics }) => chunks.at(-1)?.no === 70 && metrics.tokens === 12)
  t.match([output.chunks.length, output.dropped, output.chunks[0].text], [64, 6, /^line 6 \[REDACTED/], 'F-105 without secrets')
  t.match(await api.get(`${session}/output?after=68`), { chunks: [{ no: 69 }, { no: 70 }], dropped: 0 })
  await rowOf(`/daemons/${daemon}/health`, ({ sessions }) => sessions === 1)
  t.match(await bob.ask(`POST /tasks/${task}/fail`, { token, error: 'no memory', kind: 'oom' }), { status: 200 })
  await rowOf(session, ({ status, kind, error }) => status === 'FAILED' && kind === 'oom' && error === 'no memory')
  t.match(await bob.ask(`POST ${session}/output`, { text: 'late' }), { status: 409, body: { code: 'INVALID_STATE_TRANSITION' } })
  await until(async () => (await bob.ask('POST /work-sessions', other)).status === 201)
  const metrics = { tokens: 700 }
  const end = { exitCode: 0, outputTail: 'done', outputDigest: '0'.repeat(64), metrics }
  t.match(await bob.ask(`POST /work-sessions/${second.slot}/complete`, end), { status: 200, body: { changed: true } })
  await rowOf(`/budgets/${bob.id}`, ({ counts }) => counts.day.tokens === 700 && counts.reserved.tokens === 0)
  t.match(await bob.ask(`POST /tasks/${second.id}/complete`, { token: second.token }), { status: 200 })
})

t.test('F-31 F-33 F-63 F-90 F-91 F-105 a daemon comes with a key of its own, shows that it lives, drains, and is gone with its key', async (t) => {
  const { body: { id } } = await admin('POST /daemons', { orchestrator: bob.id, name: 'quay', maxSessions: 2 })
  t.match(await bob.ask(`POST /daemons/${id}/keys`, {}), { status: 403 }, 'for which its own key allows too little')
  const { body: { secret } } = await admin(`POST /daemons/${id}/keys`, {})
  const itself = asks(secret)
  const [instance, next] = [main, cleanup]
  const said = { version: '1.0.0', host: 'quay', capabilities: ['css'], programs: ['agent'] }
  t.match(await itself(`POST /daemons/${id}/connect`, { instance, ...said }), { status: 200, body: { changed: true } })
  const beat = (by: string, over: object = {}) => itself(`POST /daemons/${id}/beat`, { instance: by, status: 'idle', sessions: 0, queued: 0, ...over })
  t.match(await beat(instance), { status: 200, body: { changed: false, state: 'RUNNING', deadline: null, maxSessions: 2 } })
  const facts = (await log()).length
  for (let n = 0; n < 20; n++) await beat(instance, { sessions: 1, acknowledged: String(n) })
  t.equal((await log()).length, facts, 'F-106 beats are no facts')
  await rowOf(`/daemons/${id}/health`, ({ status, lastSignal }) => status === 'RUNNING' && lastSignal?.sessions === 1)
  const { body: { position } } = await itself(`POST /daemons/${id}/connect`, { instance: next, ...said })
  t.match(await beat(instance), { status: 409, body: { code: 'DAEMON_REPLACED', context: { instance: next } } })
  const { body: { events } } = await itself(`GET /daemons/${id}/events?minPosition=${position}`)
  t.match(events.slice(-2), [{ type: 'DaemonConnected', revision: 1 }, { type: 'DaemonConnected', revision: 2, recipient: bob.id }])
  await itself(`POST /daemons/${id}/acknowledge`, { position })
  await until(async () => (await itself(`GET /daemons/${id}/events`)).body.events.length === 0)
  t.match(await bob.ask(`POST /daemons/${id}/drain`, { within_s: 1 }), { status: 200 })
  t.match(await beat(next), { status: 200, body: { state: 'DRAINING', deadline: /Z$/ } })
  await rowOf(`/daemons/${id}`, ({ status }) => status === 'STOPPED')
  t.match(await bob.ask(`DELETE /daemons/${id}`), { status: 403 })
  t.match(await admin(`DELETE /daemons/${id}`), { status: 200 })
  await until(async () => (await beat(next)).body.code === 'INVALID_API_KEY')
  await until(async () => (await itself('GET /keys/validate')).status === 401)
  await rowOf(`/keys?daemon=${id}`, ({ items: [row] }) => row?.orchestrator === bob.id && row.agent === null)
  t.notMatch(JSON.stringify((await log()).map(({ fact: { data, by } }) => [data, by])), secret)
})
