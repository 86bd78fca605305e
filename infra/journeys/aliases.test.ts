import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { renamesOf, routeParts } from 'shared-domain/kernel/alias.ts'
import { olderRoutes } from '../../scripts/older-routes.ts'
import { house, until } from './house.ts'

const { baton, admin: api } = await house(t)
const declared = olderRoutes(catalogue)

interface Reply {
  readonly status: number
  readonly body: any
  readonly link: string | null
}

/** Asks with older words; routes are written as declared, with `/vps` for the orchestrators. */
async function ask(key: string, route: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> {
  const [method, path] = route.split(' ') as [string, string]
  const response = await fetch(`${baton.urls.gateway}/api${path.replace('/orchestrators', '/vps')}`, {
    method, headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: response.status, body: await response.json(), link: response.headers.get('link') }
}

const { adminKey: { key: adminKey } } = baton

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name })
  await api.post(`/orchestrators/${id}/activate`)
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  return { id, key: secret! }
}

const [ada, bob] = [await orchestrator('Ada'), await orchestrator('Bob')]
/** A daemon that runs, and its key. */
const harbour = await orchestrator('Harbour')
await api.send('PATCH', `/orchestrators/${harbour.id}/capacity`, { maxConcurrentTasks: 50 })
const quay = await api.post('/daemons', { orchestrator: harbour.id, name: 'quay' })
const { secret: quayKey } = await api.post(`/daemons/${quay.id}/keys`, {})
await api.post(`/daemons/${quay.id}/connect`, { instance: ada.id, version: '1', host: 'quay' })
const as = { ada: ada.key, bob: bob.key, admin: adminKey, quay: quayKey! }

const task = async (more: object = {}) => (await api.post('/tasks', { owner: ada.id, title: 'Sort the post', ...more })).id
const running = async (more: object = {}) => {
  const id = await task(more)
  await api.post(`/tasks/${id}/start`)
  return id
}
const agent = async (more: object = {}) => (await api.post('/agents', { name: 'Hand', orchestrator: ada.id, ...more })).id
const escalated = async () => {
  const id = await task()
  await api.post(`/tasks/${id}/escalate`, { reason: 'stuck' })
  return id
}
const helped = async () => {
  const id = await task()
  await api.post(`/tasks/${id}/collaborators`, { collaborators: [{ orchestrator: bob.id, role: 'help' }] })
  return id
}
const question = async () => (await api.post('/decisions', { title: 'Move?', electorate: [ada.id, bob.id] })).id

/** Facts of a task, oldest first, once they are shown. */
const rowOf = (path: string, isSo: (row: any) => boolean) => until(async () => {
  const row = await api.get(path).catch(() => undefined)
  return row && isSo(row) ? row : undefined
})

interface Case {
  readonly says: string
  readonly by?: keyof typeof as
  readonly params?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: object
  readonly answers: { readonly status: number; readonly body?: object }
  /** Path of the successor, of answers that reach it. */
  readonly link?: string
  readonly then?: (reply: Reply) => Promise<unknown>
}

/** An instant so many days ahead that there is a year about it. */
const inDays = (days: number) => new Date(Date.UTC(new Date().getUTCFullYear() + (new Date().getUTCMonth() === 11 ? 1 : 0), new Date().getUTCMonth() === 11 ? 0 : new Date().getUTCMonth() + 1, 1 + days, 12)).toISOString()

const ok = { status: 200, body: { changed: true } }
const created = { status: 201, body: { changed: true } }
const refused = (status: number, code: string) => ({ status, body: { code } })
const stranger = '00000000-0000-7000-8000-00000000dead'

/** What a daemon says when it begins to work on a task that it has taken up. */
async function served() {
  const made = await task({ owner: harbour.id })
  const { token, slot: id } = await api.post(`/tasks/${made}/start`) as unknown as { token: string; slot: string }
  return { id, task: made, token, program: 'agent' }
}
async function inSession(status: 'SPAWNED' | 'RUNNING') {
  const { id, ...said } = await served()
  await api.post('/work-sessions', { id, ...said, daemon: quay.id })
  if (status === 'RUNNING') await api.post(`/work-sessions/${id}/start`)
  await rowOf(`/work-sessions/${id}`, (row) => row.status === status)
  return { id }
}
const turning = (command: string, { id }: { readonly id: string }, body: object, status: string): readonly Case[] => [
  { says: 'by another key', by: 'ada', params: { id }, body, answers: refused(403, 'FORBIDDEN') },
  { says: 'so', by: 'quay', params: { id }, body, answers: ok, link: `/work-sessions/${id}/${command}`, then: () => rowOf(`/work-sessions/${id}`, (row) => row.status === status) },
  { says: 'another status', by: 'quay', params: { id }, body: { status: 'asleep' }, answers: refused(400, 'VALIDATION_ERROR') },
]

/** What both older names of a post take. */
const posts = async (): Promise<readonly Case[]> => [
  {
    says: 'a message on a channel', by: 'ada', params: { orchestrator: ada.id }, body: { content: 'half done', channelId: 'ops', statusType: 'MILESTONE' }, answers: created, link: `/orchestrators/${ada.id}/posts`,
    then: ({ body: { id } }) => rowOf(`/posts/${id}`, ({ message, kind, channels }) => message === 'half done' && kind === 'milestone' && channels[0] === 'ops'),
  },
  { says: 'by its other name', by: 'ada', params: { orchestrator: ada.id }, body: { message: 'all well' }, answers: created, then: ({ body: { id } }) => rowOf(`/posts/${id}`, ({ kind }) => kind === 'progress') },
  { says: 'twice', by: 'ada', params: { orchestrator: ada.id }, body: { content: 'a', message: 'b' }, answers: refused(400, 'VALIDATION_ERROR') },
  { says: 'nothing', by: 'ada', params: { orchestrator: ada.id }, body: {}, answers: refused(400, 'VALIDATION_ERROR') },
  { says: 'for another', by: 'bob', params: { orchestrator: ada.id }, body: { content: 'a' }, answers: refused(403, 'FORBIDDEN') },
  { says: 'for nobody', params: { orchestrator: stranger }, body: { content: 'a' }, answers: refused(404, 'NOT_FOUND') },
]

/** Agents that can what nobody else can, once they are shown. */
async function crew(count: number) {
  const skill = `rig ${crews++}`
  const hands: string[] = []
  for (let n = 0; n < count; n++) hands.push(await agent({ capabilities: [{ skill, proficiency: 9 - n }] }))
  await rowOf(`/agents/${hands.at(-1)}`, () => true)
  return { skill, hands }
}
let crews = 0
/** One agent at work by itself, or about to be. */
async function together(autoStart = true) {
  const { hands } = await crew(1)
  return { ...await api.post('/orchestration/sessions', { title: 'Sail', pattern: 'solo', members: [{ agent: hands[0] }], owner: ada.id, autoStart }), hands }
}
const ending = (status: string, command: string, autoStart = true): Readonly<Record<string, () => Promise<readonly Case[]>>> => ({
  [`PATCH /orchestration/sessions/:id → POST /orchestration/sessions/:id/${command}`]: async () => {
    const { id } = await together(autoStart)
    return [
      { says: `${status}, by another`, by: 'bob', params: { id }, body: { status }, answers: refused(403, 'FORBIDDEN') },
      { says: status, by: 'ada', params: { id }, body: { status }, answers: ok, link: `/orchestration/sessions/${id}/${command}`, then: () => rowOf(`/orchestration/sessions/${id}`, (row) => row.status === status.toUpperCase()) },
      { says: `${status}, again`, by: 'ada', params: { id }, body: { status }, answers: { status: 200, body: { changed: false } } },
      { says: 'something else', by: 'ada', params: { id }, body: { status: 'asleep' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
})

/** By route and successor: what is said, and what follows. */
const cases: Readonly<Record<string, () => Promise<readonly Case[]>>> = {
  'POST /tasks → POST /tasks': async () => [
    {
      says: 'older names', body: { vpId: ada.id, title: 'a', dueDate: '2031-01-01T00:00:00Z', priority: 'P0' }, answers: created, link: '/tasks',
      then: ({ body: { id } }) => rowOf(`/tasks/${id}`, ({ owner, priority, due_at }) => owner === ada.id && priority === 'CRITICAL' && due_at === '2031-01-01T00:00:00.000Z'),
    },
    { says: 'a level alone', by: 'ada', body: { title: 'a', priority: 'P3' }, answers: created, link: '/tasks' },
    ...['assignedToId', 'assigneeId', 'targetUserId'].map((name): Case => ({
      says: 'who is to do it', by: 'ada', body: { title: 'a', [name]: 'grace' }, answers: created, link: '/tasks',
      then: ({ body: { id } }) => rowOf(`/tasks/${id}`, ({ assignee }) => assignee === 'grace'),
    })),
    { says: 'an agent that there is not', by: 'ada', body: { title: 'a', assigneeId: `agent:${stranger}` }, answers: refused(409, 'ASSIGNEE_UNKNOWN') },
    { says: 'a status, which is nobody\'s to say', body: { vpId: ada.id, title: 'a', status: 'DONE' }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:owner/backlog → POST /tasks': async () => [
    { says: 'for itself', by: 'ada', params: { owner: ada.id }, body: { title: 'b', dueDate: '2031-01-01T00:00:00Z', assigneeId: 'grace' }, answers: created, link: '/tasks' },
    { says: 'for another', by: 'bob', params: { owner: ada.id }, body: { title: 'b' }, answers: refused(403, 'INVALID_OWNERSHIP'), link: '/tasks' },
    { says: 'twice whose it is', params: { owner: ada.id }, body: { title: 'b', owner: bob.id }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/coordination → POST /tasks': async () => [
    {
      says: 'who is required', body: { primaryVpId: ada.id, requiredVpIds: [bob.id], title: 'c', priority: 'P1', consensusThreshold: 75 }, answers: created, link: '/tasks',
      then: ({ body: { id } }) => rowOf(`/decisions?task=${id}`, ({ items: [row] }) => row?.protocol === 'weighted' && row.threshold === '3/4' && row.electorate === 2),
    },
    { says: 'nobody', body: { primaryVpId: ada.id, requiredVpIds: [], title: 'c' }, answers: refused(400, 'VALIDATION_ERROR') },
    { says: 'itself alone', body: { primaryVpId: ada.id, requiredVpIds: [ada.id], title: 'c' }, answers: refused(409, 'SELF_COLLABORATION') },
  ],
  'POST /orchestrators/:orchestrator/status → POST /orchestrators/:orchestrator/posts': posts,
  'POST /orchestrators/:orchestrator/status-update → POST /orchestrators/:orchestrator/posts': posts,
  'POST /daemon/register → POST /orchestrators/:orchestrator/daemons': async () => {
    const said = { vpId: ada.id, instanceId: 'start 1', version: '2', host: 'pier', port: 8787, protocol: 'ws', capabilities: ['css'] }
    return [
      {
        says: 'a new one', by: 'ada', body: said, answers: created, link: `/orchestrators/${ada.id}/daemons`,
        then: ({ body: { id } }) => rowOf(`/daemons/${id}`, ({ status, name, host, capabilities }) => status === 'RUNNING' && name === 'pier:8787' && host === 'pier' && capabilities[0] === 'css'),
      },
      { says: 'the same', body: said, answers: { status: 200, body: { changed: false } } },
      { says: 'another start', body: { ...said, instanceId: 'start 2' }, answers: created },
      { says: 'for another', by: 'bob', body: said, answers: refused(403, 'FORBIDDEN') },
      { says: 'nowhere', body: { ...said, port: undefined }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /daemon/heartbeat → POST /daemons/:id/beat': async () => [
    {
      says: 'that it lives', by: 'quay', body: { status: 'BUSY', metrics: { activeSessions: 2, queueDepth: 1 } }, link: `/daemons/${quay.id}/beat`,
      answers: { status: 200, body: { id: quay.id, changed: false, state: 'RUNNING', deadline: null, maxSessions: 10 } },
      then: () => rowOf(`/daemons/${quay.id}/health`, ({ lastSignal }) => lastSignal?.status === 'busy' && lastSignal.sessions === 2 && lastSignal.queued === 1),
    },
    { says: 'with nothing to tell', by: 'quay', body: { status: 'idle' }, answers: { status: 200 } },
    { says: 'by nobody\'s key', by: 'ada', body: { status: 'idle' }, answers: refused(403, 'FORBIDDEN') },
    { says: 'nothing', by: 'quay', body: {}, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /daemon/events/ack → POST /daemons/:id/acknowledge': async () => [
    { says: 'what it has seen', by: 'quay', body: { position: '1' }, answers: { status: 200, body: { id: quay.id, changed: false } }, link: `/daemons/${quay.id}/acknowledge` },
    { says: 'by another key', body: { position: '1' }, answers: refused(403, 'FORBIDDEN') },
  ],
  'GET /daemon/events → GET /daemons/:daemon/events': async () => {
    const { position } = await api.post('/tasks', { owner: harbour.id, title: 'e' })
    const since = String(BigInt(position) - 1n)
    return [
      { says: 'what concerns it', by: 'quay', query: `?since=${since}&minPosition=${position}`, answers: { status: 200, body: { events: [{ type: 'TaskCreated', recipient: harbour.id }] } }, link: `/daemons/${quay.id}/events?after=${since}&minPosition=${position}` },
      { says: 'by another key', by: 'bob', answers: refused(403, 'FORBIDDEN') },
    ]
  },
  'POST /daemon/sessions → POST /work-sessions': async () => {
    const made = await served()
    const { id, ...said } = made
    return [
      { says: 'under a lease', by: 'quay', body: made, answers: { ...created, body: { id } }, link: '/work-sessions' },
      { says: 'by another key', by: 'ada', body: made, answers: refused(403, 'FORBIDDEN') },
      { says: 'under none', by: 'quay', body: { ...said, id: stranger }, answers: refused(409, 'STALE_LEASE') },
    ]
  },
  'PATCH /daemon/sessions/:id → POST /work-sessions/:id/start': async () => turning('start', await inSession('SPAWNED'), { status: 'running' }, 'RUNNING'),
  'PATCH /daemon/sessions/:id → POST /work-sessions/:id/pause': async () => turning('pause', await inSession('RUNNING'), { status: 'PAUSED' }, 'PAUSED'),
  'PATCH /daemon/sessions/:id → POST /work-sessions/:id/complete': async () => turning('complete', await inSession('RUNNING'), { status: 'completed', metrics: { tokens: 4 } }, 'COMPLETED'),
  'PATCH /daemon/sessions/:id → POST /work-sessions/:id/fail': async () => turning('fail', await inSession('RUNNING'), { status: 'failed', kind: 'oom' }, 'FAILED'),
  'PATCH /daemon/sessions/:id → POST /work-sessions/:id/terminate': async () => turning('terminate', await inSession('RUNNING'), { status: 'terminated' }, 'TERMINATED'),
  'GET /daemon/sessions → GET /work-sessions': async () => {
    const { id } = await inSession('RUNNING')
    return [
      { says: 'its own', by: 'quay', query: '?task=' + (await api.get<any>(`/work-sessions/${id}`)).task, answers: { status: 200, body: { items: [{ session: id, daemon: quay.id }] } } },
      { says: 'by another key', by: 'ada', answers: refused(403, 'FORBIDDEN') },
    ]
  },
  'PATCH /orchestrators/:id/status → POST /orchestrators/:id/activate': async () => {
    const { id, key } = await orchestrator('Moved')
    await api.post(`/orchestrators/${id}/pause`)
    return [
      { says: 'back from a pause', params: { id }, body: { status: 'ONLINE' }, answers: { status: 200, body: { changed: true, from: 'AWAY', to: 'ONLINE' } }, link: `/orchestrators/${id}/activate` },
      { says: 'as it is', params: { id }, body: { status: 'ONLINE' }, answers: { status: 200, body: { changed: false } } },
      {
        says: 'from nowhere', params: { id }, body: { status: 'ONLINE', reason: 'morning' }, answers: { status: 200, body: { from: 'ONLINE' } },
        then: async () => {
          await api.post(`/orchestrators/${id}/stop`)
          t.match(await ask(key, `PATCH /orchestrators/${id}/status`, { status: 'ONLINE' }), { status: 200, body: { from: 'OFFLINE', to: 'ONLINE' } })
        },
      },
      { says: 'what is nobody\'s to say', params: { id }, body: { status: 'BUSY' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'of another', by: 'bob', params: { id }, body: { status: 'ONLINE' }, answers: { status: 403 } },
    ]
  },
  'PATCH /orchestrators/:id/status → POST /orchestrators/:id/pause': async () => {
    const { id } = await orchestrator('Away')
    return [{ says: 'away', params: { id }, body: { status: 'AWAY', reason: 'lunch' }, answers: { status: 200, body: { from: 'ONLINE', to: 'AWAY' } }, link: `/orchestrators/${id}/pause` }]
  },
  'PATCH /orchestrators/:id/status → POST /orchestrators/:id/deactivate': async () => {
    const { id } = await orchestrator('Off')
    return [
      { says: 'offline', params: { id }, body: { status: 'OFFLINE' }, answers: { status: 200, body: { from: 'ONLINE', to: 'OFFLINE' } }, link: `/orchestrators/${id}/deactivate` },
      { says: 'away from there', params: { id }, body: { status: 'AWAY' }, answers: refused(409, 'INVALID_STATE_TRANSITION') },
    ]
  },
  'PUT /tasks/:id → PATCH /tasks/:id': async () => {
    const id = await task()
    const link = `/tasks/${id}`
    return [
      { says: 'older names', by: 'ada', params: { id }, body: { title: 'Sort it', dueDate: '2031-01-01T00:00:00Z', channelId: 'post' }, answers: ok, link },
      { says: 'as PATCH', by: 'ada', params: { id }, body: { description: 'All of it.' }, answers: ok, link },
      { says: 'of another', by: 'bob', params: { id }, body: { title: 'Mine' }, answers: refused(403, 'INVALID_OWNERSHIP'), link },
      { says: 'two words for one', params: { id }, body: { dueDate: null, dueAt: null }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:orchestrator/time-estimates → POST /tasks/:id/record-time': async () => {
    const taskId = await task()
    const link = `/tasks/${taskId}/record-time`
    return [
      { says: 'what it took', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, estimatedHours: 4, actualHours: 5, notes: 'rain' }, answers: ok, link },
      { says: 'of another', by: 'bob', params: { orchestrator: bob.id }, body: { taskId, estimatedHours: 4, actualHours: 5 }, answers: { status: 403 }, link },
      { says: 'without an estimate', params: { orchestrator: ada.id }, body: { taskId, actualHours: 5 }, answers: { status: 400 } },
    ]
  },
  'POST /orchestrators/:orchestrator/analytics/quality → POST /tasks/:id/rate': async () => {
    const taskId = await running()
    await api.post(`/tasks/${taskId}/complete`, {})
    const link = `/tasks/${taskId}/rate`
    return [
      { says: 'by an admin', params: { orchestrator: ada.id }, body: { taskId, rating: 4, category: 'timeliness', comments: 'quick' }, answers: ok, link },
      { says: 'by its owner', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, rating: 5 }, answers: refused(403, 'FORBIDDEN'), link },
      { says: 'out of range', params: { orchestrator: ada.id }, body: { taskId, rating: 6 }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'DELETE /tasks/:id → POST /tasks/:id/cancel': async () => {
    const id = await task()
    return [
      { says: 'without a body', params: { id }, answers: ok, link: `/tasks/${id}/cancel` },
      { says: 'again', params: { id }, body: { reason: 'why' }, answers: { status: 200, body: { changed: false } }, link: `/tasks/${id}/cancel` },
    ]
  },
  'PUT /tasks/:id/progress → POST /tasks/:id/progress': async () => {
    const [id, waiting] = [await running(), await task()]
    return [
      { says: 'a share', by: 'ada', params: { id }, body: { progress: 40.4, message: 'on it' }, answers: ok, link: `/tasks/${id}/progress`, then: () => rowOf(`/tasks/${id}`, ({ progress }) => progress === 40) },
      { says: 'less than nothing', by: 'ada', params: { id }, body: { progress: -5, status: 'IN_PROGRESS' }, answers: ok, then: () => rowOf(`/tasks/${id}`, ({ progress }) => progress === 0) },
      { says: 'another token', by: 'ada', params: { id }, body: { progress: 50, token: '99' }, answers: refused(409, 'STALE_LEASE') },
      { says: 'by another', by: 'bob', params: { id }, body: { progress: 50 }, answers: refused(409, 'STALE_LEASE') },
      { says: 'without a lease', by: 'ada', params: { id: waiting }, body: { progress: 50 }, answers: refused(409, 'STALE_LEASE') },
      { says: 'ours', by: 'ada', params: { id }, body: { percentage: 50 }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'PUT /tasks/:id/progress → POST /tasks/:id/complete': async () => {
    const [full, said] = [await running(), await running()]
    return [
      { says: 'all of it', by: 'ada', params: { id: full }, body: { progress: 120, message: 'done' }, answers: ok, link: `/tasks/${full}/complete`, then: () => rowOf(`/tasks/${full}`, ({ status }) => status === 'DONE') },
      { says: 'again', by: 'ada', params: { id: full }, body: { progress: 120, message: 'done' }, answers: { status: 200, body: { changed: false } } },
      { says: 'a word', by: 'ada', params: { id: said }, body: { status: 'COMPLETED' }, answers: ok, link: `/tasks/${said}/complete` },
    ]
  },
  'POST /tasks/:id/complete → POST /tasks/:id/complete': async () => {
    const [id, tokened] = [await running(), await running()]
    return [{
      says: 'completed', by: 'ada', params: { id }, answers: ok, link: `/tasks/${id}/complete`,
      body: { status: 'completed', output: 'x', artifacts: [{ type: 'report', content: 'https://example.org/r' }], metrics: { tokens: 5, model: 'm' } },
    }, { says: 'completed by a token', by: 'ada', params: { id: tokened }, body: { status: 'completed', token: '1' }, answers: ok }]
  },
  'POST /tasks/:id/complete → POST /tasks/:id/fail': async () => {
    const id = await running()
    return [{ says: 'failed', by: 'ada', params: { id }, body: { status: 'failed', error: 'no' }, answers: ok, link: `/tasks/${id}/fail`, then: () => rowOf(`/tasks/${id}`, ({ attempt }) => attempt === 1) }]
  },
  'POST /tasks/:id/complete → POST /tasks/:id/block': async () => {
    const id = await running()
    return [{ says: 'blocked', by: 'ada', params: { id }, body: { status: 'blocked', error: 'no key' }, answers: ok, link: `/tasks/${id}/block`, then: () => rowOf(`/tasks/${id}`, ({ block_reason }) => block_reason === 'no key') }]
  },
  'POST /tasks/:id/fail → POST /tasks/:id/fail': async () => {
    const id = await running()
    return [{ says: 'a reason', by: 'ada', params: { id }, body: { reason: 'no' }, answers: ok, link: `/tasks/${id}/fail` }]
  },
  'POST /orchestrators/:orchestrator/escalate → POST /tasks/:id/escalate': async () => {
    const taskId = await task()
    return [
      { says: 'of another\'s task', params: { orchestrator: bob.id }, body: { taskId, reason: 'r' }, answers: refused(403, 'INVALID_OWNERSHIP'), link: `/tasks/${taskId}/escalate` },
      {
        says: 'with a priority, a channel and more', by: 'ada', params: { orchestrator: ada.id }, link: `/tasks/${taskId}/escalate`, answers: ok,
        body: { taskId, reason: 'r', priority: 'P1', assignTo: 'grace', targetUserIds: ['alan'], channelId: 'ops', metadata: { tried: 2 }, context: { since: 'noon' } },
        then: () => rowOf(`/escalations?task=${taskId}`, ({ items: [row] }) => row?.severity === 'HIGH' && JSON.stringify(row.steps[0].people) === '["grace","alan"]'),
      },
      { says: 'again', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, reason: 'other' }, answers: refused(409, 'ALREADY_ESCALATED') },
    ]
  },
  'POST /escalations/:id/acknowledge → POST /tasks/:id/acknowledge-escalation': async () => {
    const id = await escalated()
    return [
      { says: 'by whom it does not concern', by: 'bob', params: { id }, body: {}, answers: refused(403, 'FORBIDDEN') },
      { says: 'by an admin', params: { id }, body: { note: 'soon' }, answers: ok, link: `/tasks/${id}/acknowledge-escalation` },
      { says: 'where nothing is escalated', params: { id: await task() }, body: {}, answers: refused(409, 'INVALID_STATE_TRANSITION') },
    ]
  },
  'POST /escalations/:id/resolve → POST /tasks/:id/resolve-escalation': async () => {
    const id = await escalated()
    return [
      { says: 'by whom it does not concern', by: 'bob', params: { id }, body: { resolution: 'go on' }, answers: refused(403, 'FORBIDDEN') },
      { says: 'by an admin', params: { id }, body: { resolution: 'go on' }, answers: ok, link: `/tasks/${id}/resolve-escalation` },
    ]
  },
  'POST /orchestrators/:orchestrator/delegate → POST /tasks/:id/delegate': async () => {
    const taskId = await task()
    const body = { taskId, toVpId: bob.id, note: 'yours', priority: 'P1', dueDate: '2031-01-01T00:00:00Z' }
    return [
      { says: 'as another', params: { orchestrator: bob.id }, body: { taskId, toVpId: bob.id }, answers: refused(403, 'INVALID_OWNERSHIP'), link: `/tasks/${taskId}/delegate` },
      { says: 'as its owner', by: 'ada', params: { orchestrator: ada.id }, body, answers: ok, link: `/tasks/${taskId}/delegate`, then: () => rowOf(`/tasks/${taskId}`, ({ owner, priority }) => owner === bob.id && priority === 'HIGH') },
      { says: 'again', by: 'ada', params: { orchestrator: ada.id }, body, answers: { status: 200, body: { changed: false } } },
      { says: 'of nothing', params: { orchestrator: ada.id }, body: { ...body, taskId: stranger }, answers: refused(404, 'NOT_FOUND') },
      { says: 'without a task', params: { orchestrator: ada.id }, body: { toVpId: bob.id }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:orchestrator/handoff → POST /tasks/:id/handoff': async () => {
    const taskId = await running()
    const body = { taskId, toVpId: bob.id, context: { at: 3 }, notes: 'half done', completionPercentage: 50 }
    return [
      { says: 'as another', params: { orchestrator: stranger }, body, answers: refused(403, 'INVALID_OWNERSHIP'), link: `/tasks/${taskId}/handoff` },
      { says: 'as its owner', by: 'ada', params: { orchestrator: ada.id }, body, answers: ok, link: `/tasks/${taskId}/handoff` },
    ]
  },
  'POST /tasks/:id/assign → POST /tasks/:id/assign': async () => {
    const id = await task()
    return [
      ...['assigneeId', 'assignedToId', 'targetUserId'].map((name) => ({ says: name, params: { id }, body: { [name]: name }, answers: ok, link: `/tasks/${id}/assign` })),
      { says: 'two names', params: { id }, body: { assigneeId: 'a', targetUserId: 'a' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:orchestrator/delegate → POST /tasks/:id/assign': async () => {
    const taskId = await task()
    return [
      { says: 'to a person', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, targetUserId: 'grace', note: 'please' }, answers: ok, link: `/tasks/${taskId}/assign` },
      { says: 'as another', params: { orchestrator: bob.id }, body: { taskId, targetUserId: 'hopper' }, answers: refused(403, 'INVALID_OWNERSHIP') },
    ]
  },
  'POST /orchestrators/:orchestrator/collaborate → POST /tasks/:id/collaborators': async () => {
    const taskId = await task()
    const body = { taskId, requiredVpIds: [bob.id], roles: { [bob.id]: 'reviewer' }, note: 'look' }
    return [
      { says: 'as another', params: { orchestrator: bob.id }, body: { ...body, roles: {} }, answers: refused(403, 'INVALID_OWNERSHIP') },
      { says: 'as its owner', by: 'ada', params: { orchestrator: ada.id }, body, answers: ok, link: `/tasks/${taskId}/collaborators` },
      { says: 'without a role', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, requiredVpIds: [bob.id] }, answers: ok },
      { says: 'of oneself', by: 'ada', params: { orchestrator: ada.id }, body: { taskId, requiredVpIds: [ada.id] }, answers: refused(409, 'SELF_COLLABORATION') },
    ]
  },
  'POST /orchestrators/:orchestrator/collaborations/:task/accept → POST /tasks/:id/collaborators/accept': async () => {
    const id = await helped()
    return [
      { says: 'for another', by: 'bob', params: { orchestrator: ada.id, task: id }, body: {}, answers: refused(403, 'NOT_ASKED'), link: `/tasks/${id}/collaborators/accept` },
      { says: 'for itself', by: 'bob', params: { orchestrator: bob.id, task: id }, body: {}, answers: ok, link: `/tasks/${id}/collaborators/accept` },
    ]
  },
  'POST /orchestrators/:orchestrator/collaborations/:task/decline → POST /tasks/:id/collaborators/decline': async () => {
    const id = await helped()
    return [
      { says: 'without being asked', by: 'ada', params: { orchestrator: ada.id, task: id }, body: {}, answers: refused(403, 'NOT_ASKED') },
      { says: 'with a reason', by: 'bob', params: { orchestrator: bob.id, task: id }, body: { reason: 'busy' }, answers: ok, link: `/tasks/${id}/collaborators/decline` },
    ]
  },
  'PUT /orchestrators/:id → PATCH /orchestrators/:id': async () =>
    [{ says: 'a role', params: { id: ada.id }, body: { role: 'lead' }, answers: ok, link: `/orchestrators/${ada.id}` }],
  ...Object.fromEntries(['activate', 'start', 'pause', 'resume', 'deactivate', 'stop', 'restart'].map((action) =>
    [`POST /orchestrators/:id/actions → POST /orchestrators/:id/${action}`, async () => {
      const { id } = await orchestrator(`To ${action}`)
      if (action === 'resume') await api.post(`/orchestrators/${id}/pause`)
      if (action === 'activate' || action === 'start') await api.post(`/orchestrators/${id}/stop`)
      return [
        { says: action, params: { id }, body: { action, reason: 'told' }, answers: ok, link: `/orchestrators/${id}/${action}` },
        { says: 'nothing that it knows', params: { id }, body: { action: 'dance' }, answers: refused(400, 'VALIDATION_ERROR') },
      ]
    }])),
  'POST /orchestrators/:id/schedule → PUT /orchestrators/:id/schedule': async () => {
    const older = { workHours: { startHour: 9, endHour: 17 }, activeDays: [0, 1], timezone: 'Europe/Berlin', breakTimes: [{ start: '12:00', end: '12:30' }] }
    const link = `/orchestrators/${ada.id}/schedule`
    return [
      {
        says: 'older names', by: 'ada', params: { id: ada.id }, body: older, answers: ok, link,
        then: () => rowOf(`/schedules/${ada.id}`, ({ zone, weekly, breaks }) => zone === 'Europe/Berlin' && weekly.SUNDAY[0].start === '09:00' && weekly.TUESDAY === undefined && breaks[0].end === '12:30'),
      },
      { says: 'the other names', by: 'ada', params: { id: ada.id }, body: { workingHours: { startHour: 9, endHour: 24 }, workDays: [6] }, answers: ok, then: () => rowOf(`/schedules/${ada.id}`, ({ weekly }) => weekly.SATURDAY?.[0].end === '24:00') },
      { says: 'canonical words', by: 'ada', params: { id: ada.id }, body: {}, answers: ok, then: () => rowOf(`/schedules/${ada.id}`, ({ always_open }) => always_open) },
      { says: 'both', by: 'ada', params: { id: ada.id }, body: { ...older, zone: 'UTC' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'an offset', by: 'ada', params: { id: ada.id }, body: { ...older, timezone: '+01:00' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'for another', by: 'bob', params: { id: ada.id }, body: older, answers: refused(403, 'FORBIDDEN') },
      { says: 'for nobody', params: { id: stranger }, body: older, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'PATCH /orchestrators/:id/schedule → PATCH /orchestrators/:id/schedule': async () => [
    { says: 'a zone alone', by: 'bob', params: { id: bob.id }, body: { timezone: 'Asia/Tokyo' }, answers: ok, link: `/orchestrators/${bob.id}/schedule`, then: () => rowOf(`/schedules/${bob.id}`, ({ zone, always_open }) => zone === 'Asia/Tokyo' && always_open) },
    { says: 'no zone', by: 'bob', params: { id: bob.id }, body: { timezone: 'Mars' }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:id/capacity → PATCH /orchestrators/:id/capacity': async () => [
    { says: 'a limit', params: { id: ada.id }, body: { maxConcurrentTasks: 21 }, answers: ok, link: `/orchestrators/${ada.id}/capacity` },
    { says: 'by another', by: 'bob', params: { id: ada.id }, body: { maxConcurrentTasks: 3 }, answers: refused(403, 'FORBIDDEN') },
    { says: 'what follows from others', params: { id: ada.id }, body: { currentEnergy: 3 }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:orchestrator/api-key → POST /orchestrators/:orchestrator/keys': async () => [
    {
      says: 'for some days', params: { orchestrator: bob.id }, body: { name: 'week', expiresInDays: 7, scopes: ['read'] },
      answers: { status: 201, body: { secret: /^bk_/ } }, link: `/orchestrators/${bob.id}/keys`,
    },
    { says: 'for ever', params: { orchestrator: bob.id }, body: {}, answers: created },
    { says: 'by one who may not', by: 'ada', params: { orchestrator: bob.id }, body: {}, answers: refused(403, 'FORBIDDEN') },
    { says: 'for no days', params: { orchestrator: bob.id }, body: { expiresInDays: 0 }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:orchestrator/api-key/rotate → POST /keys/:replaces/rotate': async () => {
    const { id } = await api.post('/orchestrators', { name: 'Keyed' })
    const [first, last] = [await api.post(`/orchestrators/${id}/keys`, {}), await api.post(`/orchestrators/${id}/keys`, { name: 'last' })]
    const expiring = { expiresAt: new Date(Date.now() + 300).toISOString() }
    await api.post(`/orchestrators/${id}/keys`, expiring)
    const { id: hand } = await api.post('/agents', { name: 'hand', orchestrator: id })
    await api.post(`/agents/${hand}/keys`, {})
    await until(async () => new Date().toISOString() > expiring.expiresAt)
    const orchestrator = id
    return [
      {
        says: 'the newest of its own that is valid', params: { orchestrator }, body: { overlap_s: 60 }, answers: { status: 201, body: { secret: /^bk_/ } },
        link: `/keys/${last.id}/rotate`, then: () => rowOf(`/keys/${first.id}`, ({ revoked_at: end }) => end === null),
      },
      { says: 'by another', by: 'bob', params: { orchestrator }, body: {}, answers: refused(403, 'FORBIDDEN') },
      { says: 'which it names', params: { orchestrator }, body: { replaces: first.id }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'of nobody', params: { orchestrator: stranger }, body: {}, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'DELETE /orchestrators/:orchestrator/api-key → POST /keys/:id/revoke': async () => {
    const { id: orchestrator } = await api.post('/orchestrators', { name: 'Keyless' })
    const [first, last] = [await api.post(`/orchestrators/${orchestrator}/keys`, {}), await api.post(`/orchestrators/${orchestrator}/keys`, {})]
    return [
      { says: 'by another', by: 'bob', params: { orchestrator }, body: {}, answers: refused(403, 'FORBIDDEN') },
      {
        says: 'the newest', params: { orchestrator }, body: { reason: 'lost' }, answers: { status: 200, body: { id: last.id, changed: true } },
        link: `/keys/${last.id}/revoke`,
      },
      { says: 'the next', params: { orchestrator }, body: {}, answers: { status: 200, body: { id: first.id, changed: true } } },
      { says: 'where none is left', params: { orchestrator }, body: {}, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'POST /agents/:id/capabilities → PATCH /agents/:id': async () => {
    const id = await agent({ capabilities: [{ skill: 'sql', successRate: 0.5 }] })
    const shown = (...skills: readonly object[]) => () => rowOf(`/agents/${id}`, ({ capabilities }) =>
      capabilities.length === skills.length && skills.every((skill, n) => Object.entries(skill).every(([name, value]) => capabilities[n][name] === value)))
    return [
      { says: 'one more', by: 'ada', params: { id }, body: { skill: 'review', proficiency: 7 }, answers: ok, link: `/agents/${id}`, then: shown({ skill: 'sql' }, { skill: 'review', proficiency: 7 }) },
      { says: 'one anew', by: 'ada', params: { id }, body: { skill: 'sql', proficiency: 9 }, answers: ok, then: shown({ skill: 'sql', proficiency: 9, successRate: 0.5 }, { skill: 'review' }) },
      { says: 'again', by: 'ada', params: { id }, body: { skill: 'sql', proficiency: 9 }, answers: { status: 200, body: { changed: false } } },
      { says: 'by another', by: 'bob', params: { id }, body: { skill: 'sql' }, answers: refused(403, 'FORBIDDEN') },
      { says: 'without a name', by: 'ada', params: { id }, body: { proficiency: 9 }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'of nobody', params: { id: stranger }, body: { skill: 'sql' }, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'POST /orchestration/agents/select → POST /orchestration/agents/select': async () => {
    const measured = (latency_ms: number) => [{ skill: 'knots', proficiency: 8, latency_ms, cost: 5 }]
    const [first, second] = [await agent({ capabilities: measured(200) }), await agent({ capabilities: measured(900) })]
    await rowOf(`/agents/${second}`, () => true)
    const criteria = { requiredCapabilities: [{ skillId: 'knots', maxLatencyMs: 800 }], resourceConstraints: { estimatedTimeMs: 60_000 } }
    const wanting = (skillId: string, more: object = {}) => ({ criteria: { requiredCapabilities: [{ skillId }], ...more } })
    return [
      {
        says: 'a skill', by: 'ada', body: { criteria }, answers: { status: 201, body: { changed: true, policy: 'routing/1', chosen: [{ agent: first, role: 'solo', cost: 5 }], exact: true } },
        link: '/orchestration/agents/select', then: ({ body: { id } }) => rowOf(`/selections/${id}`, ({ chosen: [one], counts }) => one.agent === first && counts.latency === 1),
      },
      { says: 'a team', body: { ...wanting('knots'), pattern: 'pair' }, answers: { status: 201, body: { chosen: [{ agent: first, role: 'primary' }, { agent: second, role: 'secondary' }], cost: 10 } } },
      { says: 'what nobody can', body: wanting('seamanship'), answers: { status: 422, body: { code: 'CAPABILITY_NOT_FOUND', context: { skills: ['seamanship'] } } } },
      { says: 'for less than it costs', body: wanting('knots', { costBudget: 4 }), answers: { status: 409, body: { code: 'RESOURCE_EXCEEDED', context: { cost: 5 } } } },
      { says: 'without those who can', body: wanting('knots', { excludedAgents: [first, second] }), answers: refused(409, 'AGENT_NOT_AVAILABLE') },
      { says: 'in both words', body: { criteria: { requiredCapabilities: [{ skillId: 'a', skill: 'a' }] } }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestration/patterns/select → GET /orchestration/patterns/select': async () => {
    const said = { complexity: 9, skillCount: 1, parallelisable: true, requiresReview: false }
    const link = '/orchestration/patterns/select?complexity=9&skillCount=1&parallelisable=true&requiresReview=false&costSensitivity='
    return [
      { says: 'where cost matters', by: 'ada', body: { ...said, costSensitivity: 'high' }, answers: { status: 200, body: { pattern: 'hierarchical', rule: 'R3' } }, link: `${link}high` },
      { says: 'where it does not', by: 'bob', body: { ...said, costSensitivity: 'low' }, answers: { status: 200, body: { pattern: 'swarm', rule: 'R2' } }, link: `${link}low` },
      { says: 'nothing', body: {}, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestration/sessions → POST /orchestration/sessions': async () => {
    const { skill, hands } = await crew(2)
    const agentSelectionCriteria = { requiredCapabilities: [{ skillId: skill, minProficiency: 3 }], resourceConstraints: { estimatedTimeMs: 1_000 } }
    const body = { title: 'Rig it', orchestrationType: 'pair', agentSelectionCriteria, sessionMetadata: { ship: 'Argo' } }
    return [
      {
        says: 'a pair', by: 'ada', body, answers: created, link: '/orchestration/sessions',
        then: async ({ body: { id } }) => {
          await rowOf(`/orchestration/sessions/${id}`, (row) => row.status === 'ACTIVE' && row.owner === ada.id && row.estimated_ms === 700 && row.members.length === 2)
          await rowOf(`/session-members?session=${id}`, ({ items }) => items.length === 2)
          await rowOf(`/agents/${hands[0]}`, ({ current }) => current === 1)
        },
      },
      { says: 'for another', by: 'bob', body: { ...body, owner: ada.id }, answers: refused(403, 'FORBIDDEN') },
      { says: 'for nobody', body, answers: refused(400, 'OWNER_REQUIRED') },
      { says: 'in both words', by: 'ada', body: { ...body, pattern: 'pair' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'a pattern that there is not', by: 'ada', body: { ...body, orchestrationType: 'choir' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'what nobody can', by: 'ada', body: { title: 'Sing', orchestrationType: 'solo', agentSelectionCriteria: { requiredCapabilities: [{ skillId: 'song' }] } }, answers: refused(422, 'CAPABILITY_NOT_FOUND') },
    ]
  },
  ...ending('active', 'start', false),
  ...ending('completed', 'complete'),
  ...ending('failed', 'fail'),
  ...ending('cancelled', 'cancel'),
  'DELETE /orchestration/sessions/:id → POST /orchestration/sessions/:id/cancel': async () => {
    const { id } = await together()
    return [
      { says: 'another\'s', by: 'bob', params: { id }, answers: refused(403, 'FORBIDDEN') },
      { says: 'one that there is not', params: { id: stranger }, answers: refused(404, 'NOT_FOUND') },
      { says: 'so', by: 'ada', params: { id }, answers: ok, link: `/orchestration/sessions/${id}/cancel`, then: () => rowOf(`/orchestration/sessions/${id}`, ({ status }) => status === 'CANCELLED') },
    ]
  },
  'GET /orchestration/sessions → GET /orchestration/sessions': async () => {
    const { id, hands } = await together()
    await rowOf(`/orchestration/sessions/${id}`, ({ status }) => status === 'ACTIVE')
    const query = `type=solo&primaryAgentId=${hands[0]}&startedAfter=2020-01-01T00:00:00Z`
    return [
      { says: 'by older words', query: `?${query}`, answers: { status: 200, body: { items: [{ session: id, leader: hands[0] }] } } },
      { says: 'before it began', query: `?${query}&startedBefore=2020-01-02T00:00:00Z`, answers: { status: 200, body: { items: [] } } },
      { says: 'of a type that there is not', query: '?type=choir', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestration/relationships → GET /orchestration/relationships': async () => {
    const { hands } = await crew(2)
    const members = hands.map((agent) => ({ agent }))
    const { id } = await api.post('/orchestration/sessions', { title: 'Sail', pattern: 'hierarchical', members, owner: ada.id })
    const { hands: [third] } = await crew(1)
    await api.post(`/orchestration/sessions/${id}/members`, { agent: third })
    await api.send('DELETE', `/orchestration/sessions/${id}/members/${third}`)
    await rowOf(`/session-members?session=${id}`, ({ items }) => items.length === 3 && items.some((row: any) => row.left_cause === 'removed'))
    return [
      { says: 'who leads whom', query: `?sessionId=${id}`, answers: { status: 200, body: { items: [{ agent: hands[0], relatedTo: hands[1], type: 'supervisor' }] } }, link: `/orchestration/relationships?session=${id}` },
      { says: 'in one that there is not', query: `?sessionId=${stranger}`, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'POST /orchestration/communicate → POST /orchestration/sessions/:session/messages': async () => {
    const { hands } = await crew(2)
    const members = hands.map((agent) => ({ agent }))
    const { id: sessionId } = await api.post('/orchestration/sessions', { title: 'Sail', pattern: 'pair', members, owner: ada.id })
    const said = { sessionId, fromAgentId: hands[0], messageType: 'status_update', payload: { knots: 5 } }
    const link = `/orchestration/sessions/${sessionId}/messages`
    return [
      {
        says: 'to another', by: 'ada', body: { ...said, toAgentId: hands[1], requireAcknowledgment: true }, answers: created, link,
        then: async ({ body: { id } }) => {
          await rowOf(`${link}?to=${hands[1]}&missing=true`, ({ items }) => items.length === 1 && items[0].message === id && items[0].payload.knots === 5)
          await api.post(`/orchestration/messages/${id}/process`, { agent: hands[1], result: 'well' })
          await rowOf(`/message-receipts?session=${sessionId}`, ({ items: [one] }) => one?.message === id && one.result === 'well' && !one.late)
        },
      },
      { says: 'to all', body: { ...said, toAgentId: null }, answers: created, link, then: () => rowOf(`${link}?to=${hands[1]}`, ({ items }) => items.length === 2) },
      { says: 'as another', by: 'bob', body: { ...said, toAgentId: null }, answers: refused(403, 'FORBIDDEN') },
      { says: 'to a stranger', by: 'ada', body: { ...said, toAgentId: stranger }, answers: refused(403, 'NOT_A_MEMBER') },
      { says: 'of a type that there is not', by: 'ada', body: { ...said, messageType: 'gossip' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestration/relationships → PUT /agents/:id/supervisor': async () => {
    const [first, second, third] = [await agent(), await agent(), await agent()]
    const said = (agentId: string, relatedAgentId: string, type: string) => ({ agentId, relatedAgentId, type })
    return [
      { says: 'a supervisor', by: 'ada', body: said(first, second, 'supervisor'), answers: ok, link: `/agents/${first}/supervisor`, then: () => rowOf(`/agents/${first}`, ({ supervisor }) => supervisor === second) },
      { says: 'the inverse', by: 'ada', body: said(third, second, 'subordinate'), answers: ok, link: `/agents/${second}/supervisor`, then: () => rowOf(`/agents/${second}`, ({ supervisor }) => supervisor === third) },
      { says: 'a circle', by: 'ada', body: said(third, first, 'supervisor'), answers: { status: 409, body: { code: 'RELATIONSHIP_CYCLE', context: { cycle: [third, first, second, third] } } } },
      { says: 'of another', by: 'bob', body: said(third, first, 'supervisor'), answers: refused(403, 'FORBIDDEN') },
      { says: 'something else', by: 'ada', body: said(third, first, 'friend'), answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestration/relationships → POST /agents/:agent/peers': async () => {
    const [first, second] = [await agent(), await agent()]
    const said = { agentId: first, relatedAgentId: second, type: 'peer' }
    return [
      { says: 'a peer', by: 'ada', body: said, answers: created, link: `/agents/${first}/peers`, then: () => rowOf(`/agent-peers/${second}/${first}`, () => true) },
      { says: 'again, from the other', by: 'ada', body: { ...said, agentId: second, relatedAgentId: first }, answers: { status: 200, body: { changed: false } } },
      { says: 'of itself', by: 'ada', body: { ...said, relatedAgentId: first }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:orchestrator/consensus → POST /decisions': async () => {
    const body = { title: 'Move?', requiredVpIds: [ada.id, bob.id], threshold: 66.7 }
    return [
      {
        says: 'a percentage', by: 'ada', params: { orchestrator: ada.id }, body, answers: created, link: '/decisions',
        then: ({ body: { id } }) => rowOf(`/decisions/${id}`, ({ protocol, threshold, quorum, weight }) =>
          protocol === 'weighted' && threshold === '667/1000' && quorum === '1/1' && weight === '2'),
      },
      { says: 'for another', by: 'bob', params: { orchestrator: ada.id }, body, answers: refused(403, 'FORBIDDEN') },
      { says: 'less than half', params: { orchestrator: ada.id }, body: { ...body, threshold: 40 }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'two words for one', params: { orchestrator: ada.id }, body: { ...body, electorate: [ada.id] }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/consensus → POST /decisions': async () => [
    { says: 'three quarters', by: 'ada', body: { title: 'Move?', requiredVpIds: [ada.id, bob.id] }, answers: created, link: '/decisions' },
    { says: 'nobody to vote', body: { title: 'Move?', requiredVpIds: [] }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:orchestrator/consensus/vote → POST /decisions/:id/votes': async () => {
    const decisionId = await question()
    return [
      { says: 'for another', by: 'ada', params: { orchestrator: bob.id }, body: { decisionId, vote: 'APPROVE' }, answers: refused(403, 'NOT_AN_ELECTOR'), link: `/decisions/${decisionId}/votes` },
      { says: 'for itself', by: 'ada', params: { orchestrator: ada.id }, body: { decisionId, vote: 'APPROVE', comment: 'yes' }, answers: ok, link: `/decisions/${decisionId}/votes` },
    ]
  },
  'PATCH /orchestrators/consensus → POST /decisions/:id/votes': async () => {
    const consensusId = await question()
    return [
      { says: 'for another', by: 'ada', body: { consensusId, vpId: bob.id, vote: 'REJECT' }, answers: refused(403, 'NOT_AN_ELECTOR') },
      { says: 'for itself', by: 'bob', body: { consensusId, vpId: bob.id, vote: 'REJECT' }, answers: ok, link: `/decisions/${consensusId}/votes` },
    ]
  },
  'POST /orchestrators/:orchestrator/consensus/:decision/cancel → POST /decisions/:id/cancel': async () => {
    const decision = await question()
    return [
      { says: 'where it was not asked', params: { orchestrator: stranger, decision }, body: {}, answers: refused(404, 'NOT_FOUND') },
      { says: 'by another', by: 'ada', params: { orchestrator: ada.id, decision }, body: {}, answers: refused(403, 'FORBIDDEN') },
      { says: 'by who asked', params: { orchestrator: ada.id, decision }, body: { reason: 'moot' }, answers: ok, link: `/decisions/${decision}/cancel` },
    ]
  },
  'POST /orchestrators/:orchestrator/tasks/:task/execute → POST /tasks/:id/start': async () => {
    const [mine, assigned] = [await task(), await task()]
    await api.post(`/tasks/${assigned}/assign`, { assignee: `orchestrator:${bob.id}` })
    const params = (orchestrator: string, task: string) => ({ orchestrator, task })
    return [
      { says: 'as another', params: params(bob.id, mine), body: {}, answers: refused(403, 'INVALID_OWNERSHIP') },
      { says: 'as its owner', by: 'ada', params: params(ada.id, mine), body: {}, link: `/tasks/${mine}/start`,
        answers: { status: 200, body: { changed: true, context: `/tasks/${mine}/context`, taskContext: { task: { task: mine, status: 'IN_PROGRESS' }, owner: { orchestrator: ada.id }, digest: String } } },
        then: () => rowOf(`/tasks/${mine}`, ({ status }) => status === 'IN_PROGRESS') },
      { says: 'as the owner of what another leads', by: 'ada', params: params(ada.id, assigned), body: {}, answers: refused(403, 'INVALID_OWNERSHIP') },
      { says: 'as who is assigned', by: 'bob', params: params(bob.id, assigned), body: {}, answers: ok },
      { says: 'of nothing', params: params(ada.id, stranger), body: {}, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'POST /orchestrators/:id/work/claim → POST /orchestrators/:id/claim': async () => {
    const carl = await orchestrator('Carl')
    const { id, position } = await api.post('/tasks', { owner: carl.id, title: 'c' })
    return [
      { says: 'by an older priority that none has', params: { id: carl.id }, body: { minPriority: 'P1', workspaceId: 'w', minPosition: position }, answers: refused(409, 'NOTHING_TO_CLAIM') },
      { says: 'by two names', params: { id: carl.id }, body: { workspaceId: 'w', workspace: 'w' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'the best', params: { id: carl.id }, body: { minPosition: position }, answers: { status: 200, body: { id } }, link: `/orchestrators/${carl.id}/claim` },
      { says: 'when nothing waits', params: { id: carl.id }, body: {}, answers: refused(409, 'NOTHING_TO_CLAIM'), link: `/orchestrators/${carl.id}/claim` },
    ]
  },
  'GET /orchestrators/:orchestrator/next-task → GET /orchestrators/:orchestrator/next': async () => [
    { says: 'what is next', params: { orchestrator: ada.id }, answers: { status: 200, body: { policy: String } }, link: `/orchestrators/${ada.id}/next?limit=6` },
    {
      says: 'by older words', params: { orchestrator: ada.id }, query: '?minPriority=P0&deadlineWithinHours=1&requireTags=a&capabilities=b', answers: { status: 200, body: { best: null } },
      link: `/orchestrators/${ada.id}/next?minPriority=CRITICAL&requireTags=a&capabilities=b&deadlineWithinHours=1&limit=6`,
    },
    { says: 'of nobody', params: { orchestrator: stranger }, answers: refused(404, 'NOT_FOUND') },
    { says: 'of what is no id', params: { orchestrator: 'x' }, answers: refused(404, 'NOT_FOUND') },
  ],
  'GET /tasks → GET /tasks': async () => {
    const { id, position } = await api.post('/tasks', { owner: bob.id, title: 'd' })
    await api.post(`/tasks/${id}/assign`, { assignee: 'iris' })
    return [
      { says: 'whose', query: `?vpId=${bob.id}&minPosition=${position}`, answers: { status: 200, body: { items: [{ owner: bob.id }] } }, link: `/tasks?owner=${bob.id}&status=TODO&status=IN_PROGRESS&status=BLOCKED&limit=50&minPosition=${position}` },
      { says: 'also what is over, sorted', query: `?vpId=${bob.id}&includeCompleted=true&sortBy=priority&priority=P2`, answers: { status: 200, body: { items: [{ priority: 'MEDIUM' }] } }, link: `/tasks?owner=${bob.id}&priority=MEDIUM&sort=rank&limit=50` },
      { says: 'by a tag', query: '?tags=none-has-it', answers: { status: 200, body: { items: [] } } },
      { says: 'sorted by nothing', query: '?sortBy=colour', answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'both names', query: `?vpId=${bob.id}&owner=${bob.id}`, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'a page', query: `?vpId=${bob.id}&page=2`, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /tasks/assign → POST /tasks/bulk': async () => {
    const taskIds = [await task(), await task()]
    return [
      {
        says: 'many at once', body: { taskIds, assigneeId: 'iris', reason: 'hers' }, link: '/tasks/bulk',
        answers: { status: 200, body: { action: 'assign', summary: { total: 2, success: 2 }, results: taskIds.map((id) => ({ id, assignee: 'iris' })) } },
        then: () => rowOf(`/tasks/${taskIds[0]}`, ({ assignee }) => assignee === 'iris'),
      },
      { says: 'one that is nowhere', body: { taskIds: [stranger], assigneeId: 'iris' }, answers: { status: 207, body: { results: [{ code: 'NOT_FOUND' }] } } },
      { says: 'none', body: { taskIds: [], assigneeId: 'iris' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'by both names', body: { taskIds, ids: taskIds, assigneeId: 'iris' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /tasks/status/:value → GET /tasks': async () => {
    const id = await running({ maxRetries: 0 })
    await api.post(`/tasks/${await task()}/assign`, { assignee: 'iris' })
    const failed = await ask(adminKey, `POST /tasks/${id}/fail`, { reason: 'no' })
    return [
      { says: 'FAILED', params: { value: 'FAILED' }, query: `?minPosition=${failed.body.position}`, answers: { status: 200, body: { items: [{ status: 'BLOCKED', block_kind: 'failure' }] } }, link: `/tasks?status=BLOCKED&block_kind=failure&limit=50&minPosition=${failed.body.position}` },
      { says: 'PENDING', params: { value: 'PENDING' }, answers: { status: 200, body: { items: [{ status: 'TODO', assigned: false }] } }, link: '/tasks?status=TODO&assigned=false&limit=50' },
      { says: 'ASSIGNED', params: { value: 'ASSIGNED' }, answers: { status: 200, body: { items: [{ status: 'TODO', assigned: true }] } } },
      { says: 'COMPLETED', params: { value: 'COMPLETED' }, answers: { status: 200, body: { items: [{ status: 'DONE' }] } } },
      { says: 'ours', params: { value: 'CANCELLED' }, answers: { status: 200, body: { items: [{ status: 'CANCELLED' }] } } },
      { says: 'none', params: { value: 'LOST' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /tasks/priority/:value → GET /tasks': async () => {
    const { position } = await api.post('/tasks', { owner: bob.id, title: 'e', priority: 'LOW' })
    return [
      { says: 'a level', params: { value: 'P3' }, query: `?minPosition=${position}`, answers: { status: 200, body: { items: [{ priority: 'LOW' }] } } },
      { says: 'ours', params: { value: 'LOW' }, query: `?owner=${bob.id}&minPosition=${position}`, answers: { status: 200, body: { items: [{ priority: 'LOW', owner: bob.id }] } } },
      { says: 'none', params: { value: 'P4' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:orchestrator/conversations/initiate → POST /orchestrators/:orchestrator/conversations': async () => [
    {
      says: 'begins', by: 'ada', params: { orchestrator: ada.id }, body: { targetType: 'CHANNEL', targetId: 'ops', content: 'Ahoy.' },
      answers: created, link: `/orchestrators/${ada.id}/conversations`,
      then: ({ body: { id } }) => rowOf(`/conversations/${id}`, ({ target_kind, target, messages }) => target_kind === 'channel' && target === 'ops' && messages === 1),
    },
    { says: 'for another', by: 'bob', params: { orchestrator: ada.id }, body: { targetType: 'user', targetId: 'grace', content: 'Ahoy.' }, answers: refused(403, 'FORBIDDEN') },
    { says: 'to no kind', params: { orchestrator: ada.id }, body: { targetType: 'ship', targetId: 'ops', content: 'Ahoy.' }, answers: refused(400, 'VALIDATION_ERROR') },
    { says: 'to nobody', params: { orchestrator: ada.id }, body: { targetType: 'user', content: 'Ahoy.' }, answers: refused(400, 'VALIDATION_ERROR') },
  ],
  'POST /orchestrators/:orchestrator/conversations/initiate → POST /conversations/:id/messages': async () => {
    const { id } = await api.post(`/orchestrators/${ada.id}/conversations`, { target: { kind: 'user', id: 'grace' }, content: 'Ahoy.' })
    const [params, parentId] = [{ orchestrator: ada.id }, `${id}/1`]
    return [
      {
        says: 'with a parent', by: 'ada', params, body: { targetType: 'user', targetId: 'grace', content: 'Ahoy again.', parentId },
        answers: { status: 200, body: { id, no: 2 } }, link: `/conversations/${id}/messages`,
        then: () => rowOf(`/conversation-messages/${id}/2`, ({ parent, content }) => parent === 1 && content === 'Ahoy again.'),
      },
      { says: 'with nothing else', params, body: { content: 'And again.', parentId }, answers: { status: 200, body: { no: 3 } } },
      { says: 'of another', params: { orchestrator: bob.id }, body: { content: 'Ahoy.', parentId }, answers: refused(404, 'NOT_FOUND') },
      { says: 'to what was not said', params, body: { content: 'Ahoy.', parentId: `${id}/9` }, answers: refused(400, 'PARENT_UNKNOWN') },
      { says: 'to no message', params, body: { content: 'Ahoy.', parentId: id }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:orchestrator/tasks/:task/context → GET /tasks/:task/context': async () => {
    const { id, position } = await api.post('/tasks', { owner: ada.id, title: 'i' })
    const params = { orchestrator: ada.id, task: id }
    return [
      {
        says: 'all of it', params, query: `?minPosition=${position}`, link: `/tasks/${id}/context?memoryTokens=4000&minPosition=${position}`,
        answers: { status: 200, body: { task: { task: id, title: 'i' }, owner: { name: 'Ada' }, digest: /^[0-9a-f]{64}$/, cut: [] } },
      },
      { says: 'without memory', params, query: '?memoryTokens=0', answers: { status: 200, body: { memory: [] } } },
      { says: 'of nothing', params: { ...params, task: stranger }, answers: refused(404, 'NOT_FOUND') },
      { says: 'with too little memory', params, query: '?memoryTokens=99', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:orchestrator/stats → GET /orchestrators/:orchestrator/stats': async () => [
    {
      says: 'of some days', params: { orchestrator: bob.id }, query: '?start=2020-01-01&end=2020-01-31', link: `/orchestrators/${bob.id}/stats?from=2020-01-01&to=2020-01-31`,
      answers: { status: 200, body: { from: '2020-01-01', to: '2020-01-31', total: 0, successRate: null } },
    },
    { says: 'of too many', params: { orchestrator: bob.id }, query: '?start=2020-01-01&end=2021-01-01', answers: refused(400, 'VALIDATION_ERROR') },
    { says: 'by both names', params: { orchestrator: bob.id }, query: '?start=2020-01-01&from=2020-01-01', answers: refused(400, 'VALIDATION_ERROR') },
    { says: 'of nobody', params: { orchestrator: stranger }, query: '?start=2020-01-01', answers: refused(404, 'NOT_FOUND') },
  ],
  'GET /tasks/poll → GET /tasks/poll': async () => {
    const { id, position } = await api.post('/tasks', { owner: bob.id, title: 'g', priority: 'HIGH' })
    const query = `?vpId=${bob.id}&minPriority=P1&after=${BigInt(position) - 1n}&minPosition=${position}`
    return [
      { says: 'in older words', query, answers: { status: 200, body: { items: [{ task: id }], hasMore: false } }, link: `/tasks/poll?after=${BigInt(position) - 1n}&owner=${bob.id}&minPriority=HIGH&limit=100&minPosition=${position}` },
      { says: 'with nothing behind it', query: query.replace(/after=\d+/, `after=${position}`), answers: { status: 200, body: { items: [], next: position } } },
      { says: 'at a level', query: '?minPriority=P4', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /tasks/poll → GET /tasks/poll': async () => {
    const { id, position } = await api.post('/tasks', { owner: bob.id, title: 'g', priority: 'HIGH', workspace: 'dock' })
    const body = { after: String(BigInt(position) - 1n), minPosition: position, limit: 5 }
    const link = `/tasks/poll?after=${body.after}&owner=${bob.id}`
    const found = { status: 200, body: { items: [{ task: id }], hasMore: false, next: position } }
    return [
      { says: 'in a body', body: { ...body, owner: bob.id, status: 'TODO' }, answers: found, link: `${link}&status=TODO&limit=5&minPosition=${position}` },
      { says: 'in older words', body: { ...body, vpId: bob.id, workspaceId: 'dock', minPriority: 'P1' }, answers: found, link: `${link}&workspace=dock&minPriority=HIGH&limit=5&minPosition=${position}` },
      { says: 'with nothing behind it', by: 'bob', body: { ...body, after: position }, answers: { status: 200, body: { items: [], next: position } } },
      { says: 'with no more than there may be', body: { limit: 1_001 }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:orchestrator/backlog → GET /orchestrators/:orchestrator/backlog': async () => {
    const { id } = await orchestrator('Dora')
    const { id: first, position } = await api.post('/tasks', { owner: id, title: 'h', priority: 'CRITICAL' })
    return [
      {
        says: 'sorted', params: { orchestrator: id }, query: `?sortBy=dueDate&priority=P0&minPosition=${position}`,
        answers: { status: 200, body: { items: [{ task: first }], next: null, metrics: { total: 1, byStatus: { TODO: 1 } } } },
        link: `/orchestrators/${id}/backlog?priority=CRITICAL&includeCompleted=false&limit=50&minPosition=${position}`,
      },
      { says: 'of nobody', params: { orchestrator: stranger }, query: '?sortBy=priority', answers: refused(404, 'NOT_FOUND') },
      { says: 'sorted otherwise', params: { orchestrator: id }, query: '?sortBy=luck', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /delegations/:id/cancel → POST /tasks/:id/recall': async () => {
    const id = await task()
    await api.post(`/tasks/${id}/delegate`, { to: bob.id })
    return [
      { says: 'by its target', by: 'bob', params: { id }, body: { reason: 'no' }, answers: refused(409, 'NO_DELEGATION') },
      { says: 'without a reason', by: 'ada', params: { id }, body: {}, answers: refused(400, 'VALIDATION_ERROR') },
      {
        says: 'by who passed it on', by: 'ada', params: { id }, body: { reason: 'needed here' }, answers: ok, link: `/tasks/${id}/recall`,
        then: () => rowOf(`/tasks/${id}`, ({ owner, delegated_by }) => owner === ada.id && delegated_by === null),
      },
    ]
  },
  'DELETE /orchestrators/:orchestrator/collaborate → DELETE /tasks/:id/collaborators/:orchestrator': async () => {
    const [asked, own] = [await helped(), await helped()]
    return [
      { says: 'by a stranger to it', by: 'bob', params: { orchestrator: ada.id }, query: `?taskId=${asked}`, answers: refused(403, 'INVALID_OWNERSHIP') },
      { says: 'by the owner', by: 'ada', params: { orchestrator: bob.id }, query: `?taskId=${asked}`, answers: ok, link: `/tasks/${asked}/collaborators/${bob.id}`, then: () => rowOf(`/collaborations/${asked}/${bob.id}`, ({ state }) => state === 'removed') },
      { says: 'again', by: 'ada', params: { orchestrator: bob.id }, query: `?taskId=${asked}`, answers: { status: 200, body: { changed: false } } },
      { says: 'by itself', by: 'bob', params: { orchestrator: bob.id }, body: { taskId: own, reason: 'no time' }, answers: ok, link: `/tasks/${own}/collaborators/${bob.id}` },
      { says: 'of no task', by: 'ada', params: { orchestrator: bob.id }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:collaborator/collaborate → GET /collaborations': async () => {
    const id = await task()
    const { position } = await api.post(`/tasks/${id}/collaborators`, { collaborators: [{ orchestrator: bob.id, role: 'help' }] })
    return [
      { says: 'what it was asked', params: { collaborator: bob.id }, query: `?task=${id}&minPosition=${position}`, answers: { status: 200, body: { items: [{ task: id, state: 'asked' }] } }, link: `/collaborations?task=${id}&collaborator=${bob.id}&sort=-asked_at&limit=50&minPosition=${position}` },
      { says: 'of no state', params: { collaborator: bob.id }, query: '?state=lost', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:orchestrator/delegations → GET /delegations': async () => {
    const id = await task()
    const { position } = await api.post(`/tasks/${id}/delegate`, { to: bob.id })
    return [
      { says: 'out', params: { orchestrator: ada.id }, query: `?minPosition=${position}`, answers: { status: 200, body: { items: [{ from: ada.id }] } }, link: `/delegations?from=${ada.id}&sort=-at&limit=50&minPosition=${position}` },
      { says: 'in', params: { orchestrator: bob.id }, query: `?direction=in&minPosition=${position}`, answers: { status: 200, body: { items: [{ to: bob.id }] } } },
      { says: 'aside', params: { orchestrator: bob.id }, query: '?direction=up', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/conflicts → POST /conflicts': async () => {
    const taskId = await task()
    const vpIds = [ada.id, bob.id]
    return [
      {
        says: 'without a task', by: 'ada', body: { vpIds, conflictType: 'resource_conflict', note: 'one desk' }, answers: created, link: '/conflicts',
        then: ({ body: { id } }) => rowOf(`/conflicts/${id}`, ({ kind, subject, state }) => kind === 'resource' && /^[0-9a-f]{64}$/.test(subject) && state === 'OPEN'),
      },
      { says: 'again, the others first', by: 'bob', body: { vpIds: vpIds.toReversed(), conflictType: 'resource' }, answers: refused(409, 'ALREADY_EXISTS') },
      {
        says: 'about a task, resolved', body: { vpIds, conflictType: 'ownership', taskId, resolution: { owner: 'Ada' } }, answers: created,
        then: ({ body: { id } }) => rowOf(`/conflicts/${id}`, ({ subject, tasks, strategy, state }) => subject === taskId && tasks[0] === taskId && strategy === 'other' && state === 'RESOLVED'),
      },
      { says: 'among others', by: 'ada', body: { vpIds: [bob.id, (await orchestrator('Cleo')).id], conflictType: 'other' }, answers: refused(403, 'FORBIDDEN') },
      { says: 'with nobody', by: 'ada', body: { vpIds: [ada.id, stranger], conflictType: 'other' }, answers: refused(409, 'ORCHESTRATOR_UNKNOWN') },
      { says: 'with itself', by: 'ada', body: { vpIds: [ada.id], conflictType: 'other' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'of no kind', by: 'ada', body: { vpIds, conflictType: 'quarrel' }, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/coordination → GET /coordination': async () => {
    const id = await task()
    const { position } = await api.post(`/tasks/${id}/delegate`, { to: bob.id })
    const query = `?vpId=${bob.id}&type=delegations&minPosition=${position}`
    return [
      { says: 'of one of them', query, answers: { status: 200, body: { counts: { delegations: { OFFERED: Number } }, recent: [{ id, among: [ada.id, bob.id] }] } }, link: `/coordination?type=delegations&orchestrator=${bob.id}&minPosition=${position}` },
      { says: 'of no type', query: '?type=quarrels', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/conflicts → GET /conflicts': async () => {
    const { position } = await api.post('/conflicts', { kind: 'priority', subject: 'the desk', orchestrators: [ada.id, bob.id] })
    return [
      { says: 'all', query: `?state=OPEN&kind=priority&minPosition=${position}`, answers: { status: 200, body: { items: [{ subject: 'the desk' }] } }, link: `/conflicts?kind=priority&state=OPEN&sort=-detected_at&limit=50&minPosition=${position}` },
      { says: 'of somebody', query: `?orchestrator=${bob.id}&minPosition=${position}`, answers: { status: 200, body: { items: [{ state: 'OPEN' }] } } },
      { says: 'of no kind', query: '?kind=quarrel', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'POST /orchestrators/:owner/recurring-tasks → POST /recurrences': async () => {
    const params = { owner: ada.id }
    const nightly = { title: 'Count', frequency: 'daily', scheduledTime: '02:30', timezone: 'Europe/Berlin' }
    const is = (wanted: (row: any) => boolean) => ({ body: { id } }: Reply) => rowOf(`/recurrences/${id}`, wanted)
    return [
      {
        says: 'every night', by: 'ada', params, body: { ...nightly, priority: 'URGENT', estimatedHours: 1 }, answers: created, link: '/recurrences',
        then: is(({ owner, template, rule, zone }) => owner === ada.id && template.priority === 'CRITICAL' && template.estimatedHours === 1 && rule.time === '02:30' && zone === 'Europe/Berlin'),
      },
      { says: 'every Sunday', params, body: { ...nightly, frequency: 'WEEKLY', dayOfWeek: 0 }, answers: created, then: is(({ rule }) => rule.days.join() === 'SUNDAY') },
      { says: 'twice a week', params, body: { ...nightly, frequency: 'WEEKLY', dayOfWeek: [1, 6] }, answers: created, then: is(({ rule }) => rule.days.join() === 'MONDAY,SATURDAY') },
      { says: 'every month', params, body: { ...nightly, frequency: 'MONTHLY', dayOfMonth: 31 }, answers: created, then: is(({ rule }) => rule.day === 31) },
      { says: 'on no day', params, body: { ...nightly, frequency: 'WEEKLY' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'at no time', params, body: { ...nightly, scheduledTime: '25:00' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'in both words', params, body: { ...nightly, zone: 'UTC' }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'for another', by: 'bob', params, body: nightly, answers: refused(403, 'FORBIDDEN') },
      { says: 'for nobody', params: { owner: stranger }, body: nightly, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'POST /orchestrators/:orchestrator/availability → POST /orchestrators/:orchestrator/reservations': async () => {
    const params = { orchestrator: ada.id }
    const startTime = inDays(2)
    const taskId = await task()
    const older = { taskId, startTime, durationMinutes: 30 }
    return [
      {
        says: 'half an hour', by: 'ada', params, body: older, answers: { status: 201, body: { changed: true, reservation: /./ } }, link: `/orchestrators/${ada.id}/reservations`,
        then: ({ body: { reservation } }: Reply) => rowOf(`/reservations/${reservation}`, (row) => row.task === taskId && row.start === startTime),
      },
      { says: 'at the same time', params, body: { ...older, taskId: await task() }, answers: refused(409, 'TIME_SLOT_CONFLICT') },
      { says: 'in both words', params, body: { ...older, task: taskId }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'for another', by: 'bob', params, body: older, answers: refused(403, 'FORBIDDEN') },
      { says: 'for nobody', params: { orchestrator: stranger }, body: older, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'DELETE /orchestrators/:orchestrator/availability/:reservation → DELETE /orchestrators/:orchestrator/reservations/:reservation': async () => {
    const { reservation } = await api.post(`/orchestrators/${ada.id}/reservations`, { task: await task(), start: inDays(3), duration_min: 30 }) as any
    const link = `/orchestrators/${ada.id}/reservations/${reservation}`
    return [
      { says: 'by another', by: 'bob', params: { orchestrator: ada.id, reservation }, answers: refused(403, 'FORBIDDEN') },
      { says: 'its own', by: 'ada', params: { orchestrator: ada.id, reservation }, answers: ok, link },
      { says: 'none', params: { orchestrator: ada.id, reservation: stranger }, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'GET /orchestrators/:orchestrator/availability → GET /orchestrators/:orchestrator/availability': async () => {
    const [from, to] = [inDays(4), inDays(5)]
    return [
      {
        says: 'a day', params: { orchestrator: bob.id }, query: `?startTime=${from}&endTime=${to}`, answers: { status: 200, body: { available: Boolean, free: Array, conflicts: [] } },
        link: `/orchestrators/${bob.id}/availability?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`,
      },
      { says: 'backwards', params: { orchestrator: bob.id }, query: `?startTime=${to}&endTime=${from}`, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'in both words', params: { orchestrator: bob.id }, query: `?startTime=${from}&to=${to}`, answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'DELETE /orchestrators/:owner/recurring-tasks/:id → DELETE /recurrences/:id': async () => {
    const { id } = await api.post('/recurrences', { owner: ada.id, template: { title: 'Count' }, rule: { kind: 'DAILY', time: '02:30' } })
    return [
      { says: 'of another', params: { owner: bob.id, id }, answers: refused(404, 'NOT_FOUND') },
      { says: 'by another', by: 'bob', params: { owner: ada.id, id }, answers: refused(403, 'FORBIDDEN') },
      { says: 'its own', by: 'ada', params: { owner: ada.id, id }, answers: ok, link: `/recurrences/${id}` },
      { says: 'none', params: { owner: ada.id, id: stranger }, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'GET /orchestrators/:owner/recurring-tasks → GET /recurrences': async () => {
    const { position } = await api.post('/recurrences', { owner: bob.id, template: { title: 'Sweep' }, rule: { kind: 'DAILY', time: '02:30' } })
    return [
      { says: 'its own', params: { owner: bob.id }, query: `?minPosition=${position}`, answers: { status: 200, body: { items: [{ owner: bob.id, title: 'Sweep' }] } }, link: `/recurrences?owner=${bob.id}&limit=50&minPosition=${position}` },
      { says: 'in no state', params: { owner: bob.id }, query: '?state=LOST', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/:orchestrator/schedule → GET /schedules/:orchestrator': async () => [
    { says: 'the row', params: { orchestrator: ada.id }, answers: { status: 200, body: { orchestrator: ada.id, open: true } }, link: `/schedules/${ada.id}` },
    { says: 'of nobody', params: { orchestrator: stranger }, answers: refused(404, 'NOT_FOUND') },
  ],
  'GET /orchestrators/:orchestrator/schedule/overrides → GET /schedule-overrides': async () => [
    { says: 'the rows', params: { orchestrator: ada.id }, answers: { status: 200, body: { items: [] } }, link: `/schedule-overrides?orchestrator=${ada.id}&limit=50` },
  ],
  'GET /orchestrators/:orchestrator/work-hours/check → GET /orchestrators/:orchestrator/hours': async () => [
    { says: 'now', params: { orchestrator: ada.id }, answers: { status: 200, body: { open: true, cause: 'always', tz: process.versions['tz']! } }, link: `/orchestrators/${ada.id}/hours` },
    { says: 'of nobody', params: { orchestrator: stranger }, answers: refused(404, 'NOT_FOUND') },
  ],
  'POST /orchestrators/batch/process → POST /batches': async () => {
    const taskIds = [await task(), await task()]
    const over = (id: string) => rowOf(`/batches/${id}`, ({ run, running }) => run && !running)
    return [
      {
        says: 'tasks that are named', body: { taskIds, command: 'cancel', name: 'Clear', maxParallel: 1 }, answers: created, link: '/batches',
        then: async ({ body: { id } }) => {
          await over(id)
          await rowOf(`/tasks/${taskIds[1]}`, ({ status }) => status === 'CANCELLED')
        },
      },
      {
        says: 'what is found', body: { taskFilter: { status: 'BLOCKED', tag: 'nowhere' }, vpIds: [ada.id] }, answers: created,
        then: ({ body: { id } }) => rowOf(`/batches/${id}`, ({ select, command }) => command === 'start' && select.filter.owners[0] === ada.id && select.filter.tag === 'nowhere'),
      },
      {
        says: 'all day', body: { taskIds, command: 'cancel', window: { start: '00:00', end: '24:00', timezone: 'Europe/Berlin' } }, answers: created,
        then: ({ body: { id } }) => rowOf(`/batches/${id}`, ({ windows, zone }) => windows[0].days.length === 7 && zone === 'Europe/Berlin'),
      },
      { says: 'in a window without an end', body: { taskIds, window: { start: '00:00' } }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'no tasks', body: { taskIds: [] }, answers: refused(400, 'VALIDATION_ERROR') },
      { says: 'by an orchestrator', by: 'ada', body: { taskIds }, answers: refused(403, 'FORBIDDEN') },
    ]
  },
  'GET /batches/:batch/runs → GET /batch-runs': async () => {
    const { id } = await api.post('/batches', { name: 'Clear', command: 'cancel', select: { tasks: [await task()] } })
    await rowOf(`/batches/${id}`, ({ run, running }) => run && !running)
    return [
      { says: 'all', params: { batch: id }, answers: { status: 200, body: { items: [{ batch: id }] } }, link: `/batch-runs?batch=${id}&sort=-started_at&limit=50` },
      { says: 'in no state', params: { batch: id }, query: '?state=LOST', answers: refused(400, 'VALIDATION_ERROR') },
    ]
  },
  'GET /orchestrators/capacity → GET /capacity': async () => [{ says: 'all', answers: { status: 200, body: { items: [{ free: Number }] } }, link: '/capacity?limit=50' }],
  'GET /orchestrators/:orchestrator/capacity → GET /capacity/:orchestrator': async () => [
    { says: 'one', params: { orchestrator: bob.id }, answers: { status: 200, body: { orchestrator: bob.id, max: 5 } }, link: `/capacity/${bob.id}` },
    { says: 'none', params: { orchestrator: stranger }, answers: refused(404, 'NOT_FOUND') },
  ],
  'GET /orchestrators/:orchestrator/consensus → GET /decisions': async () => {
    const decision = await question()
    await rowOf(`/decisions/${decision}`, () => true)
    return [
      { says: 'all', params: { orchestrator: ada.id }, answers: { status: 200 }, link: '/decisions?limit=50' },
      {
        says: 'of an elector', params: { orchestrator: ada.id }, query: `?vpId=${bob.id}`, answers: { status: 200 }, link: `/decisions?elector=${bob.id}&limit=50`,
        then: async ({ body: { items } }) => { if (!items.length || items.some(({ electors }: any) => !electors.includes(bob.id))) throw new Error('of somebody else') },
      },
      { says: 'of nobody', params: { orchestrator: ada.id }, query: `?vpId=${stranger}`, answers: { status: 200, body: { items: [] } }, link: `/decisions?elector=${stranger}&limit=50` },
    ]
  },
  'GET /orchestrators/consensus → GET /decisions': async () =>
    [{ says: 'all', answers: { status: 200 }, link: '/decisions?limit=50' }],
  'GET /orchestrators/:orchestrator/consensus/:decision → GET /decisions/:decision': async () => {
    const decision = await question()
    await rowOf(`/decisions/${decision}`, () => true)
    return [
      { says: 'one', params: { orchestrator: ada.id, decision }, answers: { status: 200, body: { decision, title: 'Move?' } }, link: `/decisions/${decision}` },
      { says: 'none', params: { orchestrator: ada.id, decision: stranger }, answers: refused(404, 'NOT_FOUND') },
    ]
  },
  'GET /tasks/:id/history → GET /timeline': async () => {
    const { id, position } = await api.post('/tasks', { owner: bob.id, title: 'f' })
    return [{ says: 'what happened', params: { id }, query: `?minPosition=${position}`, answers: { status: 200, body: { items: [{ stream: `task-${id}`, type: 'TaskCreated' }] } }, link: `/timeline?stream=task-${id}&limit=50&minPosition=${position}` }]
  },
  // What it answers otherwise never ends.
  'GET /events/stream → GET /events': async () => [{ says: 'a type that there is not', query: '?types=Nonsense', answers: refused(400, 'VALIDATION_ERROR') }],
}

const filled = (route: string, params: Readonly<Record<string, string>> = {}) => route.replace(/:(\w+)/g, (_, name: string) => params[name] ?? name)

t.test('H-1 every alias answers with older words as its successor does, and with the errors it names', async (t) => {
  t.strictSame(Object.keys(cases).sort(), [...new Set(declared.map(({ older, canonical }) => `${older} → ${canonical}`))].sort(), 'every alias has its cases')
  for (const [alias, make] of Object.entries(cases)) {
    const [older] = alias.split(' → ') as [string]
    for (const { says, by = 'admin', params, query = '', body, answers, link, then } of await make()) {
      const reply = await ask(as[by], `${filled(older, params)}${query}`, body)
      t.match(reply, answers, `${alias}: ${says}: ${JSON.stringify(reply.body.errors ?? reply.body.code ?? '')}`)
      if (link) t.equal(reply.link, `</api/v1${link}>; rel="successor-version"`, `H-2 ${alias}: ${says}: names its successor`)
      await then?.(reply)
    }
  }
})

t.test('H-5 where a field has an older name, its own is refused beside it', async (t) => {
  for (const { older, alias } of declared.filter(({ older }) => !older.startsWith('GET '))) {
    for (const [name, field] of renamesOf(alias)) {
      if (name === field) continue
      const { parameters } = routeParts(older)
      const body = { [name]: 'x', [field]: 'x', ...(alias.id && !parameters.includes(alias.id) ? { [alias.id]: stranger } : {}) }
      const { status, body: problem } = await ask(adminKey, filled(older, Object.fromEntries(parameters.map((parameter) => [parameter, stranger]))), body)
      const isNamed = (problem.errors as { pointer: string }[]).some(({ pointer }) => pointer === `/${field}`)
      t.ok(status === 400 && isNamed, `${older}: ${name}, ${field}: ${status} ${JSON.stringify(problem.errors)}`)
    }
  }
})

t.test('H-2 H-3 the older name of the orchestrators leads to them, and says so', async (t) => {
  const cases = [['GET /orchestrators?limit=1', undefined], [`GET /orchestrators/${ada.id}`, undefined], [`PATCH /orchestrators/${ada.id}`, { role: 'lead' }]] as const
  for (const [route, body] of cases) {
    const { status, link } = await ask(adminKey, route, body)
    t.strictSame([status, link], [200, `</api/v1${route.split(' ')[1]}>; rel="successor-version"`], route)
  }
})

t.test('H-2 an alias takes Idempotency-Key, If-Match and scopes as its successor does', async (t) => {
  const taskId = await task()
  const delegate = `POST /orchestrators/${ada.id}/delegate`
  const first = await ask(ada.key, delegate, { taskId, toVpId: bob.id }, { 'idempotency-key': 'once' })
  t.match(first, ok)
  t.strictSame((await ask(ada.key, delegate, { taskId, toVpId: bob.id }, { 'idempotency-key': 'once' })).body, first.body, 'the first answer again')
  t.strictSame((await ask(ada.key, `POST /tasks/${taskId}/delegate`, { to: bob.id }, { 'idempotency-key': 'once' })).body, first.body, 'also in other words')
  t.match(await ask(ada.key, delegate, { taskId, toVpId: bob.id, note: 'x' }, { 'idempotency-key': 'once' }), refused(422, 'IDEMPOTENCY_MISMATCH'))
  t.match(await ask(adminKey, delegate, { taskId, toVpId: ada.id }, { 'if-match': '"7"' }), refused(412, 'REVISION_MISMATCH'))
  const { secret: reader } = await api.post('/keys', { scopes: ['read'] })
  t.match(await ask(reader!, delegate, { taskId, toVpId: ada.id }), refused(403, 'FORBIDDEN'))
  t.match(await ask('bk_none', delegate, { taskId, toVpId: ada.id }), refused(401, 'INVALID_API_KEY'))
})
