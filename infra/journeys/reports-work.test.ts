import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { readModels } from 'shared-domain/catalogue.ts'
import t from 'tap'
import { Refused, type Api } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const root = join(import.meta.dirname, '../..')
const { admin, announcements, baton, differences, log } = await house(t)

/** An orchestrator at work, and Baton as it sees it. */
async function hired(name: string, maxConcurrentTasks = 5) {
  const { id } = await admin.post('/orchestrators', { name, maxConcurrentTasks })
  const key = await admin.post(`/orchestrators/${id}/keys`)
  await admin.post(`/orchestrators/${id}/activate`)
  return { id, key: key.id, api: admin.as(key.secret!) }
}

const wanted = async (owner: string, more: object = {}) => (await admin.post('/tasks', { owner, title: 'Work', ...more })).id

/** What an answer was, or the code of the refusal. */
const outcome = (answer: Promise<unknown>) => answer.then(() => 'done', (error: unknown) => {
  if (error instanceof Refused) return error.code
  throw error
})

/** A row, which may not be there yet. */
const row = (path: string) => admin.get(path).catch((error: unknown) => {
  if (!(error instanceof Refused) || error.code !== 'NOT_FOUND') throw error
})

const isShown = (task: string, status: string) => until(async () => (await row(`/tasks/${task}`))?.status === status)

/** What `next` shows, of everything said so far. */
async function next(api: Api, id: string): Promise<readonly string[]> {
  const position = (await log()).at(-1)!.fact.position
  const { best, runnersUp } = await api.get(`/orchestrators/${id}/next?minPosition=${position}`)
  return [best, ...runnersUp].flatMap((row) => row?.task ?? [])
}

t.test('S-31 of five rotations of one key at the same moment one succeeds, and the others are told why not', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { id, key } = await hired(`Rotating ${round}`)
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcome(admin.post(`/keys/${key}/rotate`))))
    t.strictSame(outcomes.sort(), ['ALREADY_ROTATED', 'ALREADY_ROTATED', 'ALREADY_ROTATED', 'ALREADY_ROTATED', 'done'])
    const valid = await until(async () => {
      const { items } = await admin.get<{ items: { key: string; revoked_at: string | null }[] }>(`/keys?orchestrator=${id}`)
      const left = items.filter(({ revoked_at }) => revoked_at === null)
      return items.length === 2 && left.length === 1 && left
    })
    t.not(valid[0]!.key, key)
    t.equal(await outcome(admin.post(`/keys/${key}/rotate`)), 'ALREADY_ROTATED', 'and so is whoever asks later')
    t.equal(await outcome(admin.post(`/keys/${valid[0]!.key}/rotate`)), 'done', 'the new one can be rotated in its turn')
  }
})

t.test('S-1 of two tasks that are made to wait for one another at the same moment exactly one waits', async (t) => {
  const { id } = await hired('Waiting')
  for (let round = 0; round < 5; round++) {
    const [a, b] = [await wanted(id), await wanted(id)]
    const outcomes = await Promise.all([[a, b], [b, a]].map(([one, dependency]) => outcome(admin.post(`/tasks/${one}/dependencies`, { dependency }))))
    for (const said of outcomes) t.match(said, /^(done|DEPENDENCY_CYCLE)$/)
    const waiting = await until(async () => {
      const rows = await Promise.all([a, b].map((task) => row(`/tasks/${task}`)))
      const settled = rows.map((task) => `${task?.status} ${task?.depends_on.length}`).sort().join()
      return settled === 'BLOCKED 1,TODO 0' && rows.filter((task) => task.depends_on.length > 0)
    })
    t.equal(waiting.length, 1)
  }
})

t.test('S-3 S-20 a task whose cancelled dependency is reopened is neither shown nor claimed nor started', async (t) => {
  const { id, api } = await hired('Depending')
  const dependency = await wanted((await hired('Elsewhere')).id)
  const task = await wanted(id, { dependsOn: [dependency] })
  await admin.post(`/tasks/${dependency}/cancel`)
  await isShown(task, 'TODO')
  t.strictSame(await next(api, id), [task])
  await admin.post(`/tasks/${dependency}/reopen`)
  await isShown(task, 'BLOCKED')
  t.strictSame(await next(api, id), [])
  t.equal(await outcome(api.post(`/orchestrators/${id}/claim`)), 'NOTHING_TO_CLAIM')
  t.equal(await outcome(api.post(`/tasks/${task}/start`)), 'DEPENDENCIES_UNMET')
  await admin.post(`/tasks/${dependency}/cancel`)
  await isShown(task, 'TODO')
  t.equal(await outcome(api.post(`/orchestrators/${id}/claim`)), 'done')
})

t.test('S-3 W-30 a task that waits for an approval is neither shown nor claimed nor started', async (t) => {
  const [asking, voting] = [await hired('Asking'), await hired('Voting')]
  const { id, api } = asking
  const task = await wanted(id)
  const open = { type: 'task_approval', title: 'May it?', taskId: task, electorate: [id, voting.id] }
  const decision = (await api.post('/decisions', open)).id
  t.strictSame(await next(api, id), [])
  t.equal(await outcome(api.post(`/orchestrators/${id}/claim`)), 'NOTHING_TO_CLAIM')
  t.equal(await outcome(api.post(`/tasks/${task}/start`)), 'CONSENSUS_REQUIRED')
  for (const elector of [asking, voting]) await elector.api.post(`/decisions/${decision}/votes`, { vote: 'APPROVE' })
  t.strictSame(await next(api, id), [task])
  const minPosition = (await log()).at(-1)!.fact.position
  t.equal((await api.post(`/orchestrators/${id}/claim`, { minPosition })).id, task)
})

t.test('C-42 C-45 O-31 an approved priority is done, and whoever does not trust Baton verifies that it was approved', async (t) => {
  const [asking, voting] = [await hired('Proposing'), await hired('Approving')]
  const task = await wanted(asking.id)
  const open = { type: 'priority_change', title: 'Sooner?', taskId: task, effect: { priority: 'HIGH' }, electorate: [asking.id, voting.id] }
  const decision = (await asking.api.post('/decisions', open)).id
  const path = `/decisions/${decision}/dossier`
  t.equal(await outcome(asking.api.get(path)), 'DECISION_PENDING')
  t.equal(await outcome(admin.get(`/decisions/${task}/dossier`)), 'NOT_FOUND')
  for (const elector of [asking, voting]) await elector.api.post(`/decisions/${decision}/votes`, { vote: 'APPROVE', comment: 'please' })
  await until(async () => (await row(`/decisions/${decision}`))?.effect_state === 'applied')
  await until(async () => (await row(`/tasks/${task}`))?.priority === 'HIGH')
  const bytesOf = async () =>
    (await fetch(`${baton.urls.gateway}/api/v1${path}`, { headers: { authorization: `Bearer ${baton.adminKey.key}` } })).text()
  const text = await bytesOf()
  t.equal(await bytesOf(), text)
  const { items: [key] } = await admin.get<{ items: { keyId: string }[] }>('/notary/keys')
  const { status, option } = JSON.parse(text).outcome
  t.strictSame([status, option], ['approved', null])
  const file = join(t.testdir(), 'dossier.json')
  writeFileSync(file, text)
  const run = (program: string, ...args: readonly string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: root })
  t.match(run('scripts/baton.ts', 'verify-decision', file, '--trust', key!.keyId).stdout, /^valid: \S+ is approved, signed by \w+\n$/)
  t.equal(run('scripts/second-opinion.mjs', file).stdout, 'valid: approved\n')
})

t.test('C-32 C-75 how anybody voted under seal is in no answer, row, stream or announcement before the end, and then in all of them', async (t) => {
  const voters = [await hired('Sealing'), await hired('Hiding'), await hired('Waiting for it')]
  const decision = (await admin.post('/decisions', { title: 'Under seal?', electorate: voters.map(({ id }) => id), ballot: 'sealed', quorum: 1 })).id
  const words = ['zinnober', 'indigo', 'umbra']
  const vote = (index: number) => voters[index]!.api.post(`/decisions/${decision}/votes`, { vote: index === 1 ? 'REJECT' : 'APPROVE', comment: words[index], confidence: 0.87 })
  const answers = [await vote(0), await vote(1)]
  const { position } = answers[1]!
  const db = new pg.Client({ connectionString: baton.urls.database })
  await db.connect()
  t.teardown(() => db.end())
  const { rows: tables } = await db.query(`select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`)
  /** Everything that tells something and holds one of the words. */
  async function tellers(): Promise<string[]> {
    const found: string[] = []
    const looked = (where: string, text: string) => { if (words.some((word) => text.includes(word))) found.push(where) }
    for (const { path } of readModels) looked(path, await admin.text(`${path}?limit=200&minPosition=${position}`).catch(String))
    for (const path of ['standing', 'dossier']) looked(path, await admin.text(`/decisions/${decision}/${path}`).catch((error) => JSON.stringify(error.document)))
    looked('latest', await admin.text('/events/latest?limit=200'))
    looked('announcements', (await announcements()).join())
    looked('events', await told(decision))
    for (const { table_schema, table_name } of tables) {
      const { rows } = await db.query(`select 1 from "${table_schema}"."${table_name}" as told where told::text ~ $1 limit 1`, [words.join('|')])
      if (rows.length > 0) found.push(`table ${table_name}`)
    }
    return found
  }
  await until(async () => (await announcements()).some((text) => text.includes('BallotSealed') && text.includes(`"position":"${position}"`)))
  t.strictSame(await tellers(), [])
  t.match(answers[1], { status: 'pending', tally: { cast: 2, approvals: 0, rejections: 0, weights: null } })
  t.match(await admin.get(`/decisions/${decision}/standing`), { tally: { cast: 2 }, needed: { quorum: '1', approve: null }, missing: [voters[2]!.id] })
  t.match(await vote(2), { status: 'approved', tally: { approvals: 2, rejections: 1 } })
  const told_of = await until(async () => {
    const found = await tellers()
    return ['/votes', 'announcements'].every((one) => found.includes(one)) && found.some((one) => one.startsWith('table vote')) && found
  })
  for (const where of ['dossier', 'latest', 'events']) t.ok(told_of.includes(where), where)
  const electors = voters.map(({ id }) => `electors=${id}`).join('&')
  t.match(await admin.get(`/council/agreement?${electors}`), { both: [[1, 1, 1], [1, 1, 1], [1, 1, 1]], same: [[1, 0, 1], [0, 1, 0], [1, 0, 1]] }, 'C-61')
  const { open, waiting, ended } = await admin.get('/council/overview')
  t.match([open.decision, waiting, ended.decisions > 0, ended.turnout], [0, Array, true, Number], 'C-62')
})

/** What `/events` tells of a decision, until it has told all there is. */
async function told(decision: string): Promise<string> {
  const last = (await log()).filter(({ fact }) => fact.id === decision).at(-1)!
  const gone = new AbortController()
  const response = await fetch(`${baton.urls.gateway}/api/v1/events?after=0&stream=decision-${decision}`, {
    headers: { authorization: `Bearer ${baton.adminKey.key}` }, signal: gone.signal,
  })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes(`"revision":${last.fact.revision},`)) break
  }
  gone.abort()
  return text
}

t.test('C-71 200 voters at once: one outcome, in the append of the vote that decides, and every vote that was taken is in the log', async (t) => {
  const electors: Awaited<ReturnType<typeof hired>>[] = []
  while (electors.length < 200)
    electors.push(...await Promise.all(Array.from({ length: 20 }, (_, index) => hired(`Elector ${electors.length + index}`))))
  const ids = electors.map(({ id }) => id)
  const decision = (await admin.post('/decisions', { title: 'All at once?', electorate: ids })).id
  const answers = await Promise.all(electors.map(({ api }) => outcome(api.post(`/decisions/${decision}/votes`, { vote: 'APPROVE' }))))
  const facts = (await log()).filter(({ fact }) => fact.category === 'decision' && fact.id === decision).map(({ fact }) => fact)
  const votes = facts.filter(({ type }) => type === 'VoteCast')
  const taken = ids.filter((_, index) => answers[index] === 'done')
  t.strictSame(votes.map(({ data }) => (data as { elector: string }).elector).sort(), taken.sort())
  t.strictSame([...new Set(answers)].sort(), ['DECISION_CLOSED', 'done'], 'who came too late was told so')
  t.equal(votes.length, 101, 'half of 200 and one')
  const ends = facts.filter(({ type }) => type === 'DecisionApproved')
  t.strictSame(ends.map(({ commandId }) => commandId), [votes.at(-1)!.commandId])
})

t.test('S-41 where more runs than a lowered limit allows, nothing is free, and over says how much more', async (t) => {
  const { id, api } = await hired('Lowered', 3)
  for (const task of [await wanted(id), await wanted(id), await wanted(id)]) await api.post(`/tasks/${task}/start`)
  const shown = (taken: number, max: number) => until(async () => {
    const shown = await row(`/capacity/${id}`)
    return shown && shown.active + shown.reserved === taken && shown.max === max && shown
  })
  t.match(await shown(3, 3), { free: 0, over: 0 })
  await admin.send('PUT', `/orchestrators/${id}/capacity`, { maxConcurrentTasks: 1 })
  t.match(await shown(3, 1), { free: 0, over: 2 })
  await admin.send('PUT', `/orchestrators/${id}/capacity`, { maxConcurrentTasks: 5 })
  t.match(await shown(3, 5), { free: 2, over: 0 })
})

t.test('S-63 after all of it the read models equal a replay', async (t) => {
  t.strictSame(await differences(), [])
})
