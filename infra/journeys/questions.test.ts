import t from 'tap'
import { house, until } from './house.ts'

const { admin, differences } = await house(t)

async function orchestrator(name: string) {
  const { id } = await admin.post('/orchestrators', { name })
  await admin.post(`/orchestrators/${id}/activate`)
  const { secret } = await admin.post(`/orchestrators/${id}/keys`, {})
  return { id, path: `/orchestrators/${id}`, own: admin.as(secret!) }
}

const ada = await orchestrator('Ada')
const reasons = async (task: string, minPosition: string) =>
  (await admin.get<{ now: { code: string; detail: any }[] }>(`/tasks/${task}/why?minPosition=${minPosition}`)).now

t.test('W-61 a task that does not run says why: what it waits for, what comes before it, that nobody takes work', async (t) => {
  const first = await admin.post('/tasks', { owner: ada.id, title: 'first', priority: 'HIGH' })
  const second = await admin.post('/tasks', { owner: ada.id, title: 'second', dependsOn: [first.id] })
  t.match(await reasons(second.id, second.position), [{ code: 'DEPENDENCIES_UNMET', detail: { open: [first.id] } }])
  const third = await admin.post('/tasks', { owner: ada.id, title: 'third' })
  t.match(await reasons(third.id, third.position), [{ code: 'PRECEDED', detail: { count: 1, first: [first.id] } }])
  const claim = await ada.own.post(`${ada.path}/claim`)
  t.equal(claim.id, first.id, 'as it was said')
  t.strictSame(await reasons(first.id, claim.position), [])
  t.match(await reasons(third.id, claim.position), [{ code: 'PRECEDED', detail: { count: 0 } }])
  const { position } = await ada.own.post(`${ada.path}/pause`)
  t.match(await reasons(third.id, position), [{ code: 'ORCHESTRATOR_UNAVAILABLE', detail: { orchestrator: ada.id, status: 'AWAY' } }])
  await ada.own.post(`${ada.path}/resume`)
})

t.test('W-75 who polls while others work misses no change', async (t) => {
  const { position: begin } = await admin.get<{ position: string }>('/position')
  const seen = new Map<string, string>()
  let after = begin
  const poll = async () => {
    const { items, next, hasMore } = await admin.get<{ items: { task: string; status: string }[]; next: string; hasMore: boolean }>(`/tasks/poll?after=${after}&limit=3`)
    for (const { task, status } of items) seen.set(task, status)
    after = next
    return hasMore
  }
  const work = async (n: number) => {
    const { id } = await admin.post('/tasks', { owner: ada.id, title: `work ${n}` })
    if (n % 2) await admin.post(`/tasks/${id}/cancel`)
    return [id, n % 2 ? 'CANCELLED' : 'TODO'] as const
  }
  const [made] = await Promise.all([Promise.all(Array.from({ length: 12 }, (_, n) => work(n))), poll(), poll(), poll()])
  const expected = new Map<string, string>(made)
  await until(async () => !(await poll()) && [...expected].every(([task, status]) => seen.get(task) === status))
  t.strictSame(new Map([...seen].filter(([task]) => expected.has(task)).sort()), new Map([...expected].sort()))
})

t.test('W-63 W-66 W-67 W-75 how things stand: the total is the sum of the others, for all and for one', async (t) => {
  const { position } = await admin.post('/tasks', { owner: ada.id, title: 'the last', priority: 'CRITICAL' })
  const { summary: { total, ...others }, byPriority, latest } = await admin.get<any>(`/tasks/report/delegation?minPosition=${position}`)
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b)
  t.strictSame([sum(others), sum(byPriority)], [total, total])
  t.equal(latest[0].title, 'the last')
  t.match(await admin.get('/tasks/metrics'), { total, completed: 0, failed: 0, activeAgents: 0 })
  const { metrics, items } = await admin.get<any>(`${ada.path}/backlog?limit=2`)
  t.strictSame([metrics.total, sum(metrics.byStatus)], [total, total], 'all of them are hers')
  t.equal(items[0].title, 'the last')
})

t.test('W-60 W-64 W-65 W-53 who takes a task up is told of those before it; how it went is counted and kept', async (t) => {
  const eve = await orchestrator('Eve')
  await admin.post(`${eve.path}/charter`, { document: { mission: 'Well and soon.' } })
  const first = await admin.post('/tasks', { owner: eve.id, title: 'draft', estimatedHours: 4 })
  const { revision: token } = await eve.own.post(`/tasks/${first.id}/start`)
  const done = { token, output: { pages: 3 }, artifacts: [{ name: 'draft', uri: 'file:draft', type: 'text' }], metrics: { tokens: 900 }, actualHours: 5 }
  await eve.own.post(`/tasks/${first.id}/complete`, done)
  await admin.post(`/tasks/${first.id}/rate`, { rating: 3, category: 'quality' })
  await admin.post(`/tasks/${first.id}/rate`, { rating: 4, category: 'quality' })
  const next = await admin.post('/tasks', { owner: eve.id, title: 'print', dependsOn: [first.id] })
  await admin.post(`/tasks/${next.id}/notes`, { text: 'on thick paper' })
  const started = await eve.own.post(`/tasks/${next.id}/start`) as unknown as { context: string; position: string; token: string }
  const at = `minPosition=${started.position}`
  t.match(await eve.own.get(`${started.context}?${at}`), {
    task: { task: next.id }, result: null, owner: { name: 'Eve' }, charter: { version: 1, document: { mission: 'Well and soon.' } },
    dependencies: [{ task: first.id, met: true, output: { pages: 3 }, artifacts: [{ name: 'draft', type: 'text' }] }], chain: [], lastHandoff: null,
    notes: [{ text: 'on thick paper' }], attempts: [{ token: started.token, outcome: null }], cut: [],
  })
  const items = async (path: string) => (await admin.get<{ items: any[] }>(`${path}&${at}`)).items
  t.match(await items(`/task-results?holder=${eve.id}`), [{ task: first.id, output: { pages: 3 }, actual_hours: 5 }])
  t.match(await items(`/attempts?holder=${eve.id}`), [{ task: next.id, outcome: null }, { task: first.id, outcome: 'completed' }])
  t.match(await items(`/ratings?task=${first.id}`), [{ rating: 4, category: 'quality', by: /^[0-9a-f-]{36}$/ }])
  t.match(await items(`/performance?orchestrator=${eve.id}`), [{ kind: 'orchestrator', created: 2, started: 2, completed: 1, rated: 1, rating_sum: 4, tokens: 900 }])
  t.match(await admin.get(`/backlogs/${eve.id}?${at}`), { total: 2, done: 1, completion_rate: 50, sla_violated: 0 })
  t.match(await admin.get(`${eve.path}/stats?${at}`), { total: 2, completed: 1, failed: 0, cancelled: 0, successRate: 100, averageCompletion_s: Number })
  t.match(await admin.get(`${eve.path}/time-estimates?${at}`), {
    count: 1, averageAccuracy: 80, averageVariance: 1, overEstimateRate: 0, underEstimateRate: 100, perfectEstimateRate: 0, records: [{ task: first.id, source: 'given' }],
  })
  for (const days of ['from=2020-01-01&to=2021-01-01', 'from=2020-01-02&to=2020-01-01', 'from=today'])
    await t.rejects(admin.get(`${eve.path}/stats?${days}`), { code: 'VALIDATION_ERROR' }, days)
  t.strictSame(await differences(), [])
})

t.test('F-61 F-11 questions about orchestrators and agents, in the words of the domain and in older ones', async (t) => {
  const { position } = await ada.own.post(`${ada.path}/pause`)
  t.match(await admin.get(`${ada.path}/status?minPosition=${position}`), { status: 'AWAY', capacity: { max: 5 }, budget: null, position: /^\d+$/ })
  t.match(await admin.get(`${ada.path}/actions`), { allowed: ['pause', 'resume', 'deactivate', 'stop', 'restart'], last: [{ by_id: ada.id }, { by_id: ada.id }] })
  const { id } = await admin.post('/agents', { name: 'Agent', orchestrator: ada.id })
  t.match(await until(() => admin.get(`/agents/${id}/tasks`).catch(() => undefined)), { items: [] })
})
