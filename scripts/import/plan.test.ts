import { setImmediate as turn } from 'node:timers/promises'
import { deciders } from 'shared-domain/catalogue.ts'
import { orchestrator } from 'shared-domain/fleet/orchestrator/decider.ts'
import { slots } from 'shared-domain/fleet/slots.ts'
import { Rejection, type Decider } from 'shared-domain/kernel/decider.ts'
import { Courier, World } from 'shared-domain/kernel/world.ts'
import { task } from 'shared-domain/work/task/decider.ts'
import { unblocking } from 'shared-domain/work/unblocking.ts'
import t from 'tap'
import { v5 } from 'uuid'
import { Refused, type Answer, type Api, type Headers, type Told } from '../api.ts'
import { random } from '../random.ts'
import { withoutContradictions } from './contradictions.ts'
import { caseOf, Course, idOf, type Wish } from './course.ts'
import { doorTo } from './door.ts'
import { Mapping, type Source } from './mapping.ts'
import { inOrder, planOf, slots_max, slots_spare } from './plan.ts'
import { Player } from './player.ts'
import type { Row } from './row.ts'
import { rowsOf } from './rows.ts'

const mapping = Mapping.parse({
  name: 'planned',
  sources: [
    { file: 'log.csv', kind: 'cases', case: 'case', time: 'begun' },
    { file: 'log.csv', case: 'case', time: 'at', owner: 'team', phase: { columns: 'state', values: { new: 'open', work: 'active', wait: 'blocked', end: 'done', 'drop*': 'cancelled' } } },
    { file: 'deps.csv', kind: 'dependencies', case: 'case', dependsOn: 'other', time: 'at' },
  ],
})
const [cases, states, dependencies] = mapping.sources as [Source, Source, Source]

/** A log in which two teams begin far more than they have slots for, hand over, wait, end, and begin again what has ended. */
function log(seed: number, { rows_count = 1_500, cases_count = 300, dependencies: share = 0.05 } = {}): Row[] {
  const chance = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(chance() * items.length)]!
  return inOrder(Array.from({ length: rows_count }, (_, n): Row => {
    const at = new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString()
    const name = () => `c${Math.floor(chance() * cases_count)}`
    if (chance() < share) return { source: dependencies, number: n + 1, at, values: { case: name(), other: chance() < 0.03 ? 'nobody came' : name() } }
    return { source: states, number: n + 1, at, values: { case: name(), team: pick(['red', 'red', 'red', 'blue']), state: pick(['new', 'work', 'work', 'work', 'wait', 'end', 'dropped']) } }
  }))
}

/** Answers after a while that nobody can foresee, always the same to the same key, until it has had enough. */
class Door implements Pick<Api, 'post' | 'together'> {
  readonly together = (commands: readonly Told[]) => doorTo((...told) => this.post(...told)).together(commands)
  readonly sent = new Map<string, string>()
  readonly #chance: () => number
  #left: number
  constructor(seed: number, enough = Infinity) {
    this.#chance = random(seed)
    this.#left = enough
  }

  async post(path: string, body: unknown, { key, importedAt }: Headers = {}): Promise<Answer> {
    for (let n = Math.floor(this.#chance() * 20); n > 0; n--) await turn()
    if (this.#left-- <= 0) throw new Refused(503, { code: 'SERVICE_UNAVAILABLE', title: 'Not available.' })
    this.sent.set(key!, JSON.stringify({ path, body, importedAt }))
    // Some refusals, which depend on the command alone.
    if (Number.parseInt(v5(key!, v5.URL).slice(0, 2), 16) < 10) throw new Refused(409, { code: 'INVALID_STATE_TRANSITION', title: 'No.' })
    return { id: (body as { id?: string }).id ?? '', revision: v5(key!, v5.URL), position: '1', changed: true }
  }
}

async function played(rows: readonly Row[], door: Door) {
  const refusals: string[] = []
  const { stopped } = await new Player(door, mapping, (refusal) => refusals.push(JSON.stringify(refusal))).play(rows, () => undefined)
  return { error: stopped?.error, refusals: refusals.sort() }
}

t.test('the plan follows from the rows alone, and leaves nobody more at once than there are slots', async (t) => {
  for (const seed of [1, 2, 3]) {
    const rows = log(seed)
    const plan = planOf(mapping, rows)
    t.strictSame(planOf(mapping, rows), plan)
    t.ok(plan.room.size > 10, `room is made before ${plan.room.size} rows`)
    const course = new Course(mapping)
    const drive = (wishes: ReturnType<Course['of']>, isVain: (wish: string) => boolean) => {
      for (let wish = wishes.next(); !wish.done;) wish = wishes.next(isVain(wish.value.name) ? undefined : { revision: '0' })
    }
    let most = 0
    for (const row of rows) {
      for (const name of plan.room.get(row) ?? []) drive(course.putBack(row, name), () => false)
      drive(course.of(row), (wish) => plan.vain.get(row)?.has(wish) || course.cases.get(caseOf(row))?.phase === 'done')
      const busy = Map.groupBy([...course.cases.values()].filter(({ phase }) => phase === 'active'), ({ owner }) => owner)
      most = Math.max(most, ...[...busy.values()].map(({ length }) => length))
    }
    t.equal(most, slots_max - slots_spare, 'and no slot stays unused for nothing')
  }
})

t.test('a log that is played again, however the answers come in, sends the same commands under the same keys', async (t) => {
  const rows = log(4)
  const [one, other] = [new Door(10), new Door(11)]
  const first = await played(rows, one)
  const again = await played(rows, other)
  t.equal(first.error, undefined)
  t.strictSame(new Map([...other.sent].sort()), new Map([...one.sent].sort()))
  t.strictSame(again, first, 'and reports the same refusals')
  t.ok([...one.sent.keys()].some((key) => key.includes('make room')))
})

t.test('an import that was stopped anywhere goes on with the commands that an uninterrupted one sends, and stops on what the log is not to blame for', async (t) => {
  const rows = log(5)
  const whole = new Door(20)
  await played(rows, whole)
  const sent = new Map<string, string>()
  const differing: string[] = []
  for (const enough of [100, 700, Infinity]) {
    const door = new Door(enough === Infinity ? 0 : enough, enough)
    const { error } = await played(rows, door)
    if (enough === Infinity) t.equal(error, undefined)
    else t.match(error, { status: 503 })
    for (const [key, command] of door.sent) {
      if ((sent.get(key) ?? command) !== command) differing.push(key)
      sent.set(key, command)
    }
  }
  t.strictSame(differing, [], 'nothing is sent under a key with another body')
  t.strictSame(new Map([...sent].sort()), new Map([...whole.sent].sort()))
})

/** The deciders and processes of Baton in memory, asked as the API would be. */
function baton() {
  const world = new World(deciders)
  const courier = new Courier(world, [unblocking, slots])
  const ask = (decider: Decider, id: string, command: string, data: object, at: string) => {
    world.at = at
    const outcome = world.do({ category: decider.category, id, command, data })
    courier.settle()
    return outcome instanceof Rejection ? outcome.code : { revision: String(outcome.at(-1)?.revision) }
  }
  return {
    register(name: string, at: string) {
      const id = idOf(mapping, 'orchestrator', name)
      ask(orchestrator, id, 'register', { name, maxConcurrentTasks: slots_max }, at)
      ask(orchestrator, id, 'activate', {}, at)
    },
    judge({ path, body, at }: Wish) {
      const [, , id, verb] = path.split('/')
      return ask(task, id ?? (body as { id: string }).id, verb === 'dependencies' ? 'addDependency' : verb ?? 'create', body, at)
    },
  }
}

t.test('the plan foresees what Baton says: it is granted, or in vain with just that code, or the case has ended for good', async (t) => {
  const codes = new Set<string>()
  // Of a case that waits for what was reopened after it had ended, the plan does not know whether Baton blocks it: nothing asks for both.
  for (const [seed, without] of [[6, 'new'], [7, 'wait'], [8, 'new']] as const) {
    const rows = log(seed, { cases_count: 120, dependencies: 0.3 }).filter(({ values }) => values.state !== without)
    const { owners, room, vain } = planOf(mapping, rows)
    const { register, judge } = baton()
    for (const [name, { at }] of owners) register(name, at)
    const course = new Course(mapping)
    const wrong: unknown[] = []
    const drive = (row: Row, wishes: ReturnType<Course['of']>) => {
      for (let wish = wishes.next(); !wish.done;) {
        const said = judge(wish.value)
        const foreseen = vain.get(row)?.get(wish.value.name) ?? (course.cases.get(caseOf(row))?.phase === 'done' ? 'INVALID_STATE_TRANSITION' : undefined)
        const code = typeof said === 'string' ? said : undefined
        if (code) codes.add(`${wish.value.name} ${code}`)
        if (code !== foreseen) wrong.push({ row: row.number, wish: wish.value.name, code, foreseen })
        wish = wishes.next(typeof said === 'string' ? undefined : said)
      }
    }
    for (const row of rows) {
      for (const name of room.get(row) ?? []) drive(row, course.putBack(row, name))
      drive(row, course.of(row))
    }
    t.strictSame(wrong, [])
  }
  for (const code of ['NOT_FOUND', 'DEPENDENCY_UNKNOWN', 'DEPENDENCY_CYCLE', 'INVALID_STATE_TRANSITION']) t.ok(codes.has(`depend ${code}`), code)
  t.ok(codes.has('start DEPENDENCIES_UNMET'))
})

const minute = (n: number) => new Date(Date.UTC(2020, 0, 1, 0, n)).toISOString()
const born = (at: number, name: string): Row => ({ source: cases, number: at, at: minute(at), values: { case: name } })
const says = (at: number, name: string, state: string): Row => ({ source: states, number: at, at: minute(at), values: { case: name, team: 'red', state } })
const waits = (at: number, name: string, other: string): Row => ({ source: dependencies, number: at, at: minute(at), values: { case: name, other } })
const told = (rows: readonly Row[]) => rows.map(({ source: { kind }, number, at }) => [kind, number, at])

t.test('a case begins no later than what is first said of it, and a dependency is played as soon as both its cases are there', (t) => {
  const rows = [waits(1, 'a', 'b'), says(2, 'a', 'work'), born(3, 'a'), waits(4, 'b', 'nowhere'), born(5, 'b'), waits(5, 'b', 'a'), says(6, 'b', 'end')]
  t.strictSame(told(inOrder(rows)), [
    ['cases', 3, minute(2)], ['states', 2, minute(2)],
    ['cases', 5, minute(5)], ['dependencies', 1, minute(5)], ['dependencies', 4, minute(5)], ['dependencies', 5, minute(5)],
    ['states', 6, minute(6)],
  ])
  t.end()
})

t.test('what is in vain is reported and never sent: played again, it would be accepted', async (t) => {
  const door = new Door(1)
  const rows = [
    born(1, 'a'), born(2, 'b'), born(3, 'c'), waits(4, 'a', 'nowhere'), waits(5, 'nowhere', 'a'), waits(6, 'a', 'b'), waits(7, 'b', 'a'),
    says(8, 'a', 'work'), says(9, 'b', 'end'), says(11, 'a', 'end'),
  ]
  const { refusals } = await played(rows, door)
  t.strictSame(refusals.map((text) => JSON.parse(text)).map(({ row, wish, code }) => [row, wish, code]).sort(([a], [b]) => a - b), [
    [4, 'depend', 'DEPENDENCY_UNKNOWN'], [5, 'depend', 'NOT_FOUND'], [7, 'depend', 'DEPENDENCY_CYCLE'], [8, 'start', 'DEPENDENCIES_UNMET'],
  ])
  t.ok(door.sent.has('planned deps.csv 6 depend'))
  t.ok(door.sent.has('planned log.csv:1 11 complete'), 'two sources over one file have keys of their own')
})

t.test('a table of cases and a later log make one course: nanoseconds, local times stamped as UTC, cases that nobody owns yet, ends without a time', async (t) => {
  const folder = t.testdir({
    'table.csv': [
      'case,begun,ended,by,how,title',
      't1,2020-01-01T02:00:00.123456789-08:00,,,lost,First',
      't2,2020-01-01T10:00:00Z,2020-01-01T09:00:00Z,ada,fine,Second',
      't3,2020-01-01T10:00:00Z,,ada,burned: twice,Third',
    ].join('\n'),
    'log.csv': 'case,at,who,did\nt1,2020-01-01T10:00:00Z,bob,began\n',
    'waits.csv': 'case,other,at\nt1,t3,2020-01-01T01:59:00Z\n',
  })
  const how = { columns: 'how', values: { 'burned*': 'cancelled', '*': 'done' } }
  const mixed = Mapping.parse({
    name: 'mixed',
    sources: [
      { file: 'waits.csv', kind: 'dependencies', case: 'case', dependsOn: 'other', time: 'at', zulu: '-08:00' },
      { file: 'table.csv', kind: 'cases', case: 'case', time: 'begun', owner: 'by', title: '{title}' },
      { file: 'table.csv', case: 'case', time: 'ended', asOf: '2020-01-02T00:00:00Z', phase: how },
      { file: 'log.csv', case: 'case', time: 'at', firstOwner: 'who', phase: { columns: 'did', values: { began: 'open' } } },
    ],
  })
  const unread: unknown[] = []
  const refusals: unknown[] = []
  const rows = inOrder(withoutContradictions(mixed, await rowsOf(mixed, folder, { onUnread: (row) => unread.push(row) }), (refusal) => refusals.push(refusal)))
  const sent: unknown[] = []
  const post = async (path: string, body: any, { importedAt }: Headers = {}): Promise<Answer> => {
    sent.push([importedAt, path.startsWith('/orchestrators') ? body.name ?? 'activate' : path === '/tasks' ? body.title : path.split('/').at(-1)])
    return { id: '', revision: '0', position: '1', changed: true }
  }
  await new Player(doorTo(post), mixed, (refusal) => refusals.push(refusal)).play(rows, () => undefined)
  t.strictSame(unread, [])
  t.strictSame([...sent].sort(), [
    ['2020-01-01T10:00:00.000Z', 'First'], ['2020-01-01T10:00:00.000Z', 'Second'], ['2020-01-01T10:00:00.000Z', 'Third'],
    ['2020-01-01T10:00:00.000Z', 'activate'], ['2020-01-01T10:00:00.000Z', 'activate'], ['2020-01-01T10:00:00.000Z', 'activate'],
    ['2020-01-01T10:00:00.000Z', 'ada'], ['2020-01-01T10:00:00.000Z', 'bob'],
    ['2020-01-01T10:00:00.000Z', 'dependencies'], ['2020-01-01T10:00:00.000Z', 'handoff'], ['2020-01-01T10:00:00.000Z', 'nobody'],
    ['2020-01-02T00:00:00.000Z', 'cancel'],
  ])
  t.match(refusals, [
    { file: 'table.csv', row: 2, wish: 'complete', code: 'ENDED_BEFORE_CREATION' },
    { file: 'table.csv', row: 1, wish: 'start', code: 'DEPENDENCIES_UNMET', reason: 'The task waits for others that are not done.' },
  ])
  t.equal(refusals.length, 2)
})
