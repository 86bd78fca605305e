import { join } from 'node:path'
import t from 'tap'
import { Api, Refused, type Answer } from '../../scripts/api.ts'
import { startChild } from '../embedded/child.ts'
import { supervise } from '../embedded/supervisor.ts'
import { forChildren } from '../embedded/testing.ts'
import { house, until, watch } from './house.ts'

const { baton, admin, log, announced, differences } = await house(t)

const workers = 4
/** So many commands are acknowledged between one kill and the next. */
const commands_between = 25
const rounds_max = 1_000

interface Acknowledged {
  readonly fact: string
  readonly id: string
  readonly revision: string
}

/** An orchestrator with a key of its own, which asks for long when there is no answer. */
async function newcomer(name: string, maxConcurrentTasks: number) {
  const { id } = await admin.post('/orchestrators', { name, maxConcurrentTasks }, { key: name })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`)
  const api = new Api(baton.urls.gateway, secret!, { tries_max: 200, pause_max_ms: 200 })
  await api.post(`/orchestrators/${id}/activate`)
  return { id, secret: secret!, api }
}

t.test('kill -9 of each process while commands flow: every acknowledged command is in the log once, tables equal a replay, a consumer sees every fact', async (t) => {
  const watched = await watch(t, baton.urls.nats)
  const helper = await newcomer('Helper', 50)
  const daemon = await supervise({
    name: 'daemon', log: () => undefined, onGivenUp: (sentence) => t.fail(sentence),
    start: (abort) => startChild({
      name: 'daemon', command: process.execPath, args: [join(import.meta.dirname, '../../scripts/daemon.ts')], abort, ready: (output) => output.includes('following'), ready_timeout_ms: 20_000,
      env: { ...forChildren, BATON_URL: baton.urls.gateway, NATS_URL: baton.urls.nats, BATON_API_KEY: helper.secret, WORK_MS: '5' }, stopSignal: 'SIGTERM', stop_timeout_ms: 2_000,
    }),
  })
  t.teardown(() => daemon.stop())

  const acknowledged: Acknowledged[] = []
  const unexpected: string[] = []
  const handed: string[] = []
  let isOver = false

  /** An unanswered command is sent again under its key, as a careful client does. */
  async function say(api: Api, fact: string, path: string, body: object, key: string): Promise<Answer | undefined> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        const answer = await api.post(path, body, { key })
        acknowledged.push({ fact, id: answer.id, revision: answer.revision })
        return answer
      } catch (error) {
        // The slot of the last task, and the row of the next, are on their way.
        const isEarly = error instanceof Refused && ['NOTHING_TO_CLAIM', 'CAPACITY_EXCEEDED'].includes(error.code)
        if (error instanceof Refused && error.isVerdict && !isEarly) {
          unexpected.push(`${path}: ${error.message}`)
          return undefined
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    unexpected.push(`${path} was never answered`)
    return undefined
  }

  const flow = Promise.all(Array.from({ length: workers }, async (_, worker) => {
    const { id: owner, api } = await newcomer(`Worker ${worker}`, 5)
    for (let n = 0; !isOver && n < rounds_max; n++) {
      const key = `w${worker}-${n}`
      const created = await say(api, 'TaskCreated', '/tasks', { title: key }, key)
      if (!created) continue
      const path = `/tasks/${created.id}`
      const taken = n % 2 === 0
        ? await say(api, 'TaskStarted', `${path}/start`, {}, `${key} start`)
        : await say(api, 'TaskStarted', `/orchestrators/${owner}/claim`, { minPosition: created.position }, `${key} claim`)
      if (!taken) continue
      const token = taken.revision
      await say(api, 'TaskProgressed', `${path}/progress`, { token, percentage: 50 }, `${key} progress`)
      await say(api, 'TaskCompleted', `${path}/complete`, { token }, `${key} complete`)
      if (n % 4 === 0) handed.push((await say(admin, 'TaskCreated', '/tasks', { owner: helper.id, title: `${key} for the daemon` }, `${key} hand`))?.id ?? '')
    }
  }))

  for (const [name, child] of Object.entries(baton.processes)) {
    const before = acknowledged.length
    await until(async () => acknowledged.length >= before + commands_between)
    const { restarts } = child
    child.kill()
    await until(async () => child.restarts > restarts)
    t.pass(`${name} was killed and came back`)
  }
  const last = acknowledged.length
  await until(async () => acknowledged.length >= last + commands_between)
  isOver = true
  await flow

  t.ok(acknowledged.length > 7 * commands_between, `${acknowledged.length} commands were acknowledged`)
  t.strictSame(unexpected, [], 'and no other was refused')
  const entries = await until(async () => {
    const entries = await log()
    const completed = new Set(entries.filter(({ fact }) => fact.type === 'TaskCompleted').map(({ fact }) => fact.id))
    return handed.every((id) => completed.has(id)) && entries
  })
  const revisions = Map.groupBy(entries, ({ fact }) => `${fact.type} ${fact.id}`)
  const once = ({ fact, id, revision }: Acknowledged) => {
    const found = revisions.get(`${fact} ${id}`) ?? []
    return found.length === 1 && String(found[0]!.fact.revision) === revision
  }
  t.strictSame(acknowledged.filter((command) => !once(command)), [], 'each is there once, under the id and revision that were answered')
  t.strictSame(handed.filter((id) => revisions.get(`TaskCompleted ${id}`)?.length !== 1), [], `the daemon completed each of ${handed.length} tasks once`)
  t.strictSame(await differences(), [], 'read models equal a replay')

  await daemon.stop()
  const ids = (await log()).map(({ provenance }) => provenance.eventId)
  await until(async () => watched.size >= ids.length)
  t.strictSame([...watched].sort(), [...ids].sort(), 'the consumer that ran all along has seen every fact')
  t.strictSame(await until(async () => {
    const found = await announced().catch(() => [])
    return found.length >= ids.length && found
  }), ids, 'every fact was announced once and in order')
})
