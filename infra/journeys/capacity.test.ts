import t from 'tap'
import { checkLaw } from 'shared-domain/fleet/capacity/scene.ts'
import { Refused, type Answer } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const { admin, differences, log } = await house(t)

const outcome = <T>(wish: Promise<T>): Promise<T | string> =>
  wish.catch((error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)))

async function hired(name: string, limits: object) {
  const { id } = await admin.post('/orchestrators', { name })
  await admin.post(`/orchestrators/${id}/activate`)
  await admin.send('PATCH', `/orchestrators/${id}/capacity`, limits)
  return { id, path: `/orchestrators/${id}` }
}

const factsOf = async (id: string) => (await log()).map(({ fact }) => fact).filter((fact) => fact.category === 'capacity' && fact.id === id)

const times = <T>(count: number, make: (n: number) => Promise<T>) => Promise.all(Array.from({ length: count }, (_, n) => make(n)))

t.test('R-82 of 200 racing claims as many get a slot as there are, and no bound is passed at any revision', async (t) => {
  const limits = { maxConcurrentTasks: 5, capabilityLimits: [{ capability: 'GPU', max: 2 }], energyBudget: 20 }
  const { id, path } = await hired('Racing', limits)
  const made = await admin.together(Array.from({ length: 24 }, (_, n) => ({
    path: '/tasks', body: { owner: id, title: `Work ${n}`, requiredCapabilities: n % 4 === 0 ? ['gpu'] : [], priority: 'LOW' },
  })))
  const minPosition = made.map((answer) => BigInt((answer as Answer).position)).reduce((a, b) => (a > b ? a : b)).toString()
  const codes = new Map<string, number>()
  let claims = 0
  const got: string[] = []
  // Twenty at a time, each of whom ends what it got, until 200 were asked for.
  await times(20, async () => {
    for (let n = 0; n < 10; n++) {
      claims++
      const answer = await outcome(admin.post(`${path}/claim`, { minPosition }))
      if (typeof answer === 'string') {
        codes.set(answer, (codes.get(answer) ?? 0) + 1)
        continue
      }
      got.push(answer.id)
      await admin.post(`/tasks/${answer.id}/complete`, { token: String(answer.revision) })
    }
  })
  t.equal(claims, 200)
  t.strictSame([...codes.keys()].filter((code) => !['CAPACITY_EXCEEDED', 'SLOT_WITHHELD', 'NOTHING_TO_CLAIM', 'SERVICE_UNAVAILABLE'].includes(code)), [])
  t.ok(got.length >= 5 && got.length <= 20, `${got.length} were taken up`)
  t.equal(new Set(got).size, got.length, 'none twice')
  checkLaw(await factsOf(id) as any)
  await until(async () => {
    const row = await admin.get<any>(`/capacity/${id}`)
    return row.active + row.reserved === 0 && row.energy_remaining === 20 - got.length
  })
})

t.test('R-30 R-32 however many are made at once, no more wait than may, and what is closed makes room for a conversation', async (t) => {
  const { id, path } = await hired('Bounded', { maxQueueSize: 3, maxConcurrentConversations: 1 })
  await until(async () => (await log()).some(({ fact }) => fact.id === id && fact.type === 'OrchestratorQueueLimited'))
  // Whoever looked at the orchestrator before may do so for a second.
  await until(async () => (await outcome(admin.post('/tasks', { owner: id, title: 'Work' })) === 'CAPACITY_EXCEEDED'))
  const made = (await log()).filter(({ fact }) => fact.type === 'QueueAdmitted' && fact.id === id).length
  const answers = await times(12, () => outcome(admin.post('/tasks', { owner: id, title: 'Work' })))
  t.strictSame([...new Set(answers)], ['CAPACITY_EXCEEDED'])
  t.equal(made, 3)
  const open = () => outcome(admin.post(`${path}/conversations`, { target: { kind: 'user', id: 'grace' }, content: 'Ahoy.' }))
  const begun = await open() as { id: string }
  t.equal(await open(), 'CAPACITY_EXCEEDED')
  await admin.post(`/conversations/${begun.id}/close`)
  await until(async () => typeof await open() !== 'string')
})

t.test('R-35 a rebalance passes on what waits with one to another that has room, and says so before', async (t) => {
  const [full, free] = [await hired('Full', { maxConcurrentTasks: 1 }), await hired('Free', { maxConcurrentTasks: 4 })]
  await times(5, () => admin.post('/tasks', { owner: full.id, title: 'Work' }))
  const orchestrators = [full.id, free.id]
  // The rows may be a moment old.
  const proposal = await until(async () => {
    const answer = await admin.post('/orchestrators/rebalance', { orchestrators }) as Answer & { readonly moves: readonly { readonly task: string }[] }
    return answer.moves.length === 4 && answer
  })
  t.match(proposal, { policy: 'even-pressure/1', moves: Array(4).fill({ from: full.id, to: free.id }) })
  t.match(await admin.post(`/rebalances/${proposal.id}/apply`), { changed: true })
  const moved = await until(async () => {
    const { items } = await admin.get(`/delegations?from=${full.id}&to=${free.id}`)
    return items.length === 4 && items
  })
  t.strictSame(moved.map(({ task }: { task: string }) => task).sort(), proposal.moves.map(({ task }) => task).sort())
  const { items: [row] } = await admin.get(`/rebalances?task=${moved[0].task}&minPosition=${proposal.position}`)
  t.match(row, { rebalance: proposal.id, policy: 'even-pressure/1' })
})

t.test('R-30 R-31 the rows are what a replay of the log makes', async (t) => {
  t.strictSame(await differences(), [])
})
