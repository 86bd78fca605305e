import t from 'tap'
import { house, until } from './house.ts'

const { admin } = await house(t)

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

t.test('F-61 F-11 questions about orchestrators and agents, in the words of the domain and in older ones', async (t) => {
  const { position } = await ada.own.post(`${ada.path}/pause`)
  t.match(await admin.get(`${ada.path}/status?minPosition=${position}`), { status: 'AWAY', capacity: { max: 5 }, budget: null, position: /^\d+$/ })
  t.match(await admin.get(`${ada.path}/actions`), { allowed: ['pause', 'resume', 'deactivate', 'stop', 'restart'], last: [{ by_id: ada.id }, { by_id: ada.id }] })
  const { id } = await admin.post('/agents', { name: 'Agent', orchestrator: ada.id })
  t.match(await until(() => admin.get(`/agents/${id}/tasks`).catch(() => undefined)), { items: [] })
})
