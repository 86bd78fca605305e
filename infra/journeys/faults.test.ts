import t from 'tap'
import { house, until } from './house.ts'

const { baton, admin, log, announced, differences } = await house(t)

const workers = 6
/** So many commands are acknowledged between one kill and the next. */
const commands_between = 25

t.test('kill -9 of each process while commands flow: every acknowledged command is in the log once, tables equal a replay, every fact is announced once', async (t) => {
  const { id: owner } = await admin.post('/orchestrators', { name: 'Steady' }, { key: 'register' })
  const acknowledged = new Map<string, string>()
  let [isOver, sent] = [false, 0]

  /** Sends until it is over; an unanswered command is sent again under its key, as a careful client does. */
  const flow = Promise.all(Array.from({ length: workers }, async (_, worker) => {
    for (let n = 0; !isOver && n < 5_000; n++) {
      const key = `w${worker}-${n}`
      for (let tries = 0; tries < 400; tries++) {
        const answer = await admin.post('/tasks', { owner, title: key }, { key }).catch(() => undefined)
        if (answer) {
          acknowledged.set(key, answer.id)
          sent++
          break
        }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
  }))

  for (const [name, child] of Object.entries(baton.processes)) {
    const before = sent
    await until(async () => sent >= before + commands_between)
    const { restarts } = child
    child.kill()
    await until(async () => child.restarts > restarts)
    t.pass(`${name} was killed and came back`)
  }
  const last = sent
  await until(async () => sent >= last + commands_between)
  isOver = true
  await flow

  const entries = await until(() => log().catch(() => undefined))
  const created = entries.filter(({ fact }) => fact.type === 'TaskCreated')
  const titles = new Map<string, number>()
  for (const { fact } of created) titles.set((fact.data as { title: string }).title, (titles.get((fact.data as { title: string }).title) ?? 0) + 1)
  t.ok(acknowledged.size > 7 * commands_between, `${acknowledged.size} commands were acknowledged`)
  t.strictSame([...acknowledged.keys()].filter((key) => titles.get(key) !== 1), [], 'each once')
  t.strictSame(created.filter(({ fact }) => acknowledged.has((fact.data as { title: string }).title) && acknowledged.get((fact.data as { title: string }).title) !== fact.id), [], 'under the id that was answered')
  t.strictSame(await differences(), [])

  const ids = entries.map(({ provenance }) => provenance.eventId)
  const seen = await until(async () => {
    const found = await announced().catch(() => [])
    return found.length >= ids.length ? found : undefined
  })
  t.strictSame(seen, ids, 'every fact was announced once and in order')
})
