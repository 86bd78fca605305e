import { randomUUID } from 'node:crypto'
import { jsonEvent } from '@eventstore/db-client'
import t from 'tap'
import { house, until } from './house.ts'

const { baton, admin: api, client, log, differences } = await house(t)

const count = 12
const { id: owner } = await api.post('/orchestrators', { name: 'Night watch' })
const template = { title: 'Look after the light', description: null, priority: 'HIGH', estimatedHours: null, tags: [], requiredCapabilities: [], dueAfter_s: 3_600 }
const nightly = { owner, template, rule: { kind: 'DAILY', time: '00:00' }, zone: 'UTC', jitter_s: 0, late_s: 0, catchUp: 'all', catchUpMax: 3, overlap: 'allow', maxRuns: null, until: null }

const days_ms = 86_400_000
const midnight = (days: number) => new Date(Math.floor(Date.now() / days_ms) * days_ms - days * days_ms).toISOString()

/** As one looks that was defined ten days ago, before all of Baton was off. */
async function forgotten(): Promise<string> {
  const [id, commandId, at, next] = [randomUUID(), randomUUID(), midnight(10), midnight(9)]
  const metadata = { version: 1, at, by: { kind: 'admin', id: 'ada' }, organization: 'default', commandId, $correlationId: commandId, $causationId: commandId }
  const data = { ...nightly, next, comesAt: next, grounds: { position: '0', digest: '0'.repeat(64) } }
  await client.appendToStream(`recurrence-${id}`, jsonEvent({ type: 'RecurrenceDefined', data, metadata }))
  return id
}

t.test('R-50 R-51 R-83 what was missed while nobody was there is made up for once, also when it is interrupted', async (t) => {
  const { command } = baton.processes as Record<string, { restarts: number; kill(): void }>
  const ids = await Promise.all(Array.from({ length: count }, forgotten))
  await until(async () => (await log()).some(({ fact: { type } }) => type === 'RecurrenceFired'))
  const { restarts } = command!
  command!.kill()
  await until(async () => command!.restarts > restarts)
  const facts = await until(async () => {
    const facts = (await log()).map(({ fact }) => fact as any)
    const tasks = facts.filter(({ type }) => type === 'TaskCreated')
    return tasks.length >= 3 * count && facts
  })
  const of = (id: string) => facts.filter((fact) => fact.id === id).map(({ type, data }) => [type, data.from ?? data.due, data.missed])
  const dues = [2, 1, 0].map(midnight)
  const expected = [['RecurrenceDefined', undefined, undefined], ['RecurrenceSkipped', midnight(9), 7], ...dues.map((due) => ['RecurrenceFired', due, undefined])]
  for (const id of ids) t.strictSame(of(id), expected)
  const made = facts.filter(({ type }) => type === 'TaskCreated').map(({ data: { origin, dueAt } }) => `${origin.id} ${origin.item} ${dueAt}`)
  const wanted = ids.flatMap((id) => dues.map((due) => `${id} ${due} ${new Date(Date.parse(due) + 3_600_000).toISOString()}`))
  t.strictSame(made.toSorted(), wanted.toSorted(), 'each time has one task')
  const { items } = await until(async () => {
    const page = await api.get<any>(`/occurrences?recurrence=${ids[0]}`).catch(() => ({ items: [] }))
    return page.items.length === 4 && page
  })
  t.match(items.map(({ due, outcome, missed }: any) => [due, outcome, missed]), [...dues.toReversed().map((due) => [due, 'fired', 0]), [midnight(9), 'late', 7]])
  t.match((await api.get<any>(`/tasks/${items[0].task}`)), { title: template.title, owner, priority: 'HIGH' })
})

t.test('R-50 who defines one sees when it comes, changes it, lets it rest and ends it', async (t) => {
  const { id, position } = await api.post('/recurrences', { owner, template: { title: 'Wind the clock' }, rule: { kind: 'WEEKLY', days: ['SUNDAY'], time: '12:00' }, zone: 'Europe/Berlin' })
  const row = await api.get<any>(`/recurrences/${id}?minPosition=${position}`)
  t.match(row, { owner, state: 'ENABLED', title: 'Wind the clock', catch_up: 'one', runs: 0, next: /^\d{4}-\d\d-\d\dT1[01]:00:00\.000Z$/ })
  await api.post(`/recurrences/${id}/pause`, { reason: 'repairs' })
  const { position: resumed } = await api.post(`/recurrences/${id}/resume`)
  t.match(await api.get<any>(`/recurrences/${id}?minPosition=${resumed}`), { state: 'ENABLED', next: row.next })
  const refused = await api.post('/recurrences', { owner, template: { title: 'x' }, rule: { kind: 'CRON', cron: '0 0 30 2 *' } }).catch((error: unknown) => error)
  t.match(refused, { code: 'VALIDATION_ERROR' })
})

t.test('R-70 R-71 R-72 R-73 R-75 R-84 a batch starts many tasks, a few at a time, and is over when the last lease is', async (t) => {
  const { id: worker } = await api.post('/orchestrators', { name: 'Lamplighter', maxConcurrentTasks: 5 })
  await api.post(`/orchestrators/${worker}/activate`)
  const tasks = []
  for (let n = 0; n < 6; n++) tasks.push((await api.post('/tasks', { owner: worker, title: `Lamp ${n}`, tags: ['lamps'] })).id)
  const { position } = await api.post('/tasks', { owner, title: 'Something else' })
  await api.get(`/tasks?minPosition=${position}`)
  const { id } = await api.post('/batches', { name: 'Light the lamps', command: 'start', select: { filter: { tag: 'lamps', status: 'TODO' } }, maxParallel: 3, run: false })
  const { run } = (await api.post(`/batches/${id}/run`)) as any
  const items = async (): Promise<readonly any[]> => (await api.get<any>(`/batch-items?run=${run}`).catch(() => ({ items: [] }))).items
  // Rows of items and of tasks come as far as each has: one that ended may still be shown as it was.
  const ended = new Set<string>()
  while (ended.size < tasks.length) {
    const begun = await until(async () => {
      const rows = (await items()).filter(({ dispatched_at, outcome }) => dispatched_at && !outcome)
      const started = await Promise.all(rows.map(({ task }) => api.get<any>(`/tasks/${task}`)))
      t.ok(rows.length <= 3, `${rows.length} at once`)
      const going = started.filter(({ task, status }) => status === 'IN_PROGRESS' && !ended.has(task))
      return going.length > 0 && going
    })
    for (const { task, lease_token: token } of begun) {
      await api.post(`/tasks/${task}/${ended.size === 0 ? 'release' : 'complete'}`, { token })
      ended.add(task)
    }
  }
  const over = await until(async () => {
    const row = await api.get<any>(`/batch-runs/${run}`).catch(() => undefined)
    return row?.state === 'COMPLETED' && row
  })
  t.match(over, { batch: id, items: 6, done: 5, skipped: 1, failed: 0, unfinished: 0, cause: 'finished' })
  t.strictSame((await items()).map(({ outcome }) => outcome).toSorted(), ['done', 'done', 'done', 'done', 'done', 'skipped'])
  const ran = (await log()).map(({ fact }) => fact as any).filter(({ type, data }) => type === 'TaskStarted' && data.run?.run === run)
  t.equal(new Set(ran.map(({ data }) => data.run.no)).size, 6)
  await until(async () => !(await api.get<any>(`/batches/${id}`)).running)
})

t.test('R-20 R-21 R-22 what begins while nobody is there waits, is offered to nobody, and wakes', async (t) => {
  const { id: worker } = await api.post('/orchestrators', { name: 'Pilot' })
  await api.post(`/orchestrators/${worker}/activate`)
  await api.send('PUT', `/orchestrators/${worker}/schedule`, { zone: 'UTC', onUnavailable: 'defer' })
  const until_ms = Date.now() + 4_000
  await api.post(`/orchestrators/${worker}/schedule/overrides`, { from: new Date(until_ms - 60_000), to: new Date(until_ms), kind: 'UNAVAILABLE', reason: 'At sea.' })
  const told = async (type: string, id: string) => (await log()).some(({ fact }) => fact.id === id && fact.type === type)
  await until(async () => await told('OrchestratorHoursKept', worker) && await told('WorkHoursClosed', worker))
  const { id } = await api.post('/tasks', { owner: worker, title: 'Bring her in' })
  // Whoever looked at the orchestrator before it kept hours may do so for a second.
  const waiting = await api.post(`/tasks/${id}/start`) as any
  t.match(waiting, { token: null, deferredUntil: new Date(until_ms).toISOString(), changed: true })
  const row = await api.get<any>(`/tasks/${id}?minPosition=${waiting.position}`)
  t.match(row, { status: 'TODO', deferred_until: waiting.deferredUntil, deferred_cause: 'hours' })
  t.match(await api.get<any>(`/orchestrators/${worker}/next?minPosition=${waiting.position}`), { best: null, closed: true, nextAvailableAt: waiting.deferredUntil })
  await until(() => told('TaskDeferralEnded', id))
  t.ok(Date.now() >= until_ms)
  t.match(await until(() => api.post(`/orchestrators/${worker}/claim`).catch(() => undefined)), { id, deferredUntil: null })
})

t.test('R-2 R-8 holidays of a country are looked up, kept with whose they are, and heeded', async (t) => {
  const { id: worker } = await api.post('/orchestrators', { name: 'Harbour master', timezone: 'Europe/Berlin' })
  const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']
  const weekly = Object.fromEntries(days.map((day) => [day, [{ start: '00:00', end: '24:00' }]]))
  await api.send('PUT', `/orchestrators/${worker}/schedule`, { weekly, holidays: { country: 'DE', region: 'BE' } })
  const year = new Date().getUTCFullYear()
  const rows = await until(async () => {
    const { items } = await api.get<any>('/holidays?country=DE').catch(() => ({ items: [] }))
    return items.length === 2 && items
  })
  t.match(rows.map(({ set, source }: any) => [set, source]), [[`DE-BE.${year}`, /^date-holidays \d/], [`DE-BE.${year + 1}`, /^date-holidays \d/]])
  const may = `${year + 1}-05-01T10:00:00.000Z`
  const dates = [{ date: `${year + 1}-05-01`, name: 'May Day' }]
  const { position } = await api.post('/holidays', { country: 'DE', region: 'BE', year: year + 1, dates })
  t.match(await api.get<any>(`/holidays/DE-BE.${year + 1}?minPosition=${position}`), { dates, source: 'hand' })
  t.match(await api.get<any>(`/orchestrators/${worker}/hours?at=${may}&minPosition=${position}`), { open: false, cause: 'holiday', zone: 'Europe/Berlin' })
  t.match(await api.post('/holidays', { country: 'NZ', year }), { changed: true })
  for (const wrong of [{ country: 'XX', year }, { country: 'DE', region: 'QQ', year }])
    t.match(await api.post('/holidays', wrong).catch((error: unknown) => error), { code: 'VALIDATION_ERROR' })
})

t.test('the rows are what a replay makes of the log', async (t) => t.strictSame(await differences(), []))
