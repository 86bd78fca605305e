import { setImmediate as turn } from 'node:timers/promises'
import { deciders } from 'shared-domain/catalogue.ts'
import { orchestrator } from 'shared-domain/fleet/orchestrator/decider.ts'
import { slots } from 'shared-domain/fleet/slots.ts'
import { Rejection } from 'shared-domain/kernel/decider.ts'
import { Courier, World } from 'shared-domain/kernel/world.ts'
import { task } from 'shared-domain/work/task/decider.ts'
import { unblocking } from 'shared-domain/work/unblocking.ts'
import t from 'tap'
import { Refused, type Answer, type Api, type Told } from '../api.ts'
import { random } from '../random.ts'
import { Gatherer } from './gatherer.ts'
import { Mapping, type Source } from './mapping.ts'
import { inOrder } from './plan.ts'
import { Player } from './player.ts'
import type { Row } from './row.ts'

const mapping = Mapping.parse({
  name: 'shuffled',
  sources: [
    { file: 'log.csv', case: 'case', time: 'at', owner: 'team', assignee: 'person', phase: { columns: 'state', values: { new: 'open', work: 'active', wait: 'blocked', end: 'done', drop: 'cancelled' } } },
    { file: 'deps.csv', kind: 'dependencies', case: 'case', dependsOn: 'other', time: 'at' },
  ],
})
const [states, dependencies] = mapping.sources as [Source, Source]

function log(seed: number): Row[] {
  const chance = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(chance() * items.length)]!
  return inOrder(Array.from({ length: 600 }, (_, n): Row => {
    const common = { number: n + 1, at: new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString() }
    const name = () => `c${Math.floor(chance() * 120)}`
    if (chance() < 0.1) return { ...common, source: dependencies, values: { case: name(), other: name() } }
    return { ...common, source: states, values: { case: name(), team: pick(['red', 'red', 'blue']), person: pick(['ann', 'bob']), state: pick(['new', 'work', 'work', 'wait', 'end', 'drop']) } }
  }))
}

/** Baton in memory, which takes the commands of a request in any order that keeps that of each stream, and answers requests in any order. */
class ShufflingDoor implements Pick<Api, 'post' | 'together'> {
  readonly world = new World(deciders)
  requests = 0
  overtaken = 0
  readonly #courier = new Courier(this.world, [unblocking, slots])
  readonly #chance: () => number
  constructor(seed: number) {
    this.#chance = random(seed)
  }

  async post(...[path, body, headers]: Parameters<Api['post']>): Promise<Answer> {
    const [answer] = await this.together([{ path, body, ...(headers ? { headers } : {}) }])
    if (answer instanceof Refused) throw answer
    return answer!
  }

  async together(commands: readonly Told[]): Promise<readonly (Answer | Refused)[]> {
    this.requests++
    for (let n = Math.floor(this.#chance() * 20); n > 0; n--) await turn()
    const answers: (Answer | Refused)[] = []
    const lines = [...Map.groupBy(commands.entries(), ([, { path, body }]) => streamOf(path, body)).values()]
    while (lines.length > 0) {
      const nth = Math.floor(this.#chance() * lines.length)
      const [index, told] = lines[nth]!.shift()!
      answers[index] = this.#judge(told)
      if (lines[nth]!.length === 0) lines.splice(nth, 1)
    }
    return answers
  }

  #judge({ path, body = {}, headers }: Told): Answer | Refused {
    const [, collection, , verb] = path.split('/')
    const decider = collection === 'tasks' ? task : orchestrator
    const command = verb === undefined ? (collection === 'tasks' ? 'create' : 'register') : verb === 'dependencies' ? 'addDependency' : verb
    const { id: _id, ...data } = body as { id?: string }
    this.world.at = headers!.importedAt!
    const id = streamOf(path, body)
    const outcome = this.world.do({ category: decider.category, id, command, data })
    this.#courier.settle()
    if (outcome instanceof Rejection && outcome.code === 'CAPACITY_EXCEEDED') this.overtaken++
    if (outcome instanceof Rejection) return new Refused(409, { code: outcome.code, title: 'No.' })
    return { id, revision: String(outcome.at(-1)?.revision), position: '0', changed: outcome.length > 0 }
  }

  /** The facts of each task in their order, without the numbers that slots get. */
  facts() {
    const told = this.world.log.filter(({ category }) => category === 'task')
    return Object.fromEntries([...Map.groupBy(told, ({ id }) => id)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, facts]) =>
      [id, facts.map(({ type, at, revision, data }) => `${type} ${at} ${revision} ${JSON.stringify(data).replaceAll(/"slot":"[^"]*"/g, '')}`)]))
  }
}

const streamOf = (path: string, body: unknown): string => path.split('/')[2] ?? (body as { id: string }).id

t.test('whatever is played first, the facts of every case, the report line by line and what is counted are the same', async (t) => {
  const seed = 31
  const rows = log(seed)
  const play = async (order: number) => {
    const door = new ShufflingDoor(order)
    const refusals: unknown[] = []
    const played = await new Player(door, mapping, (refusal) => refusals.push(refusal)).play(rows, () => undefined)
    return { played, refusals, facts: door.facts(), requests: door.requests, overtaken: door.overtaken }
  }
  const first = await play(1)
  t.equal(first.played.stopped, undefined)
  t.ok(first.refusals.length > 0)
  t.ok(first.requests * 4 < first.played.commands, `${first.played.commands} commands in ${first.requests} requests`)
  for (const order of [2, 3, 4, 5]) {
    const { requests: _requests, overtaken, ...again } = await play(order)
    t.equal(overtaken, 0, 'nobody begins before there is a slot')
    t.strictSame(again.refusals, first.refusals, `log ${seed}, order ${order}`)
    t.strictSame(again.facts, first.facts, `log ${seed}, order ${order}`)
    t.strictSame(again.played, first.played)
  }
})

t.test('of many commands for which nothing is taken, those are found that are to blame, and the others go through', async (t) => {
  const bad = (told: Told) => told.path === '/13' || told.path === '/77'
  const refused = new Refused(400, { code: 'VALIDATION_ERROR', title: 'No.' })
  const fine = { id: '', revision: '0', position: '0', changed: true }
  const gatherer = new Gatherer({
    async post(path) { if (bad({ path })) throw refused; return fine },
    async together(commands) { if (commands.some(bad)) throw refused; return commands.map(() => fine) },
  })
  const answers = await Promise.allSettled(Array.from({ length: 250 }, (_, n) => gatherer.post(`/${n}`, {}, {})))
  t.strictSame([...answers.entries()].flatMap(([n, { status }]) => (status === 'rejected' ? [n] : [])), [13, 77])
})
