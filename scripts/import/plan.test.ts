import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { v5 } from 'uuid'
import { Refused, type Answer, type Api, type Headers } from '../api.ts'
import { random } from '../scenario.ts'
import { caseOf, Course } from './course.ts'
import { Mapping } from './mapping.ts'
import { planOf, slots_max, slots_spare } from './plan.ts'
import { Player } from './player.ts'
import type { Row } from './rows.ts'

const mapping = Mapping.parse({
  name: 'planned',
  sources: [
    { file: 'log.csv', case: 'case', time: 'at', owner: 'team', phase: { columns: 'state', values: { new: 'open', work: 'active', wait: 'blocked', end: 'done' } } },
    { file: 'deps.csv', kind: 'dependencies', case: 'case', dependsOn: 'other', time: 'at' },
  ],
})
const [states, dependencies] = [mapping.sources[0]!, mapping.sources[1]!]

/** A log in which two teams begin far more than they have slots for, hand over, wait, end, and begin again what has ended. */
function log(seed: number, rows_count = 1_500): Row[] {
  const chance = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(chance() * items.length)]!
  return Array.from({ length: rows_count }, (_, n): Row => {
    const at = new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString()
    const name = () => `c${Math.floor(chance() * 300)}`
    if (chance() < 0.05) return { source: dependencies, number: n + 1, at, values: { case: name(), other: name() } }
    return { source: states, number: n + 1, at, values: { case: name(), team: pick(['red', 'red', 'red', 'blue']), state: pick(['new', 'work', 'work', 'work', 'wait', 'end']) } }
  })
}

/** Answers after a while that nobody can foresee, always the same to the same key, until it has had enough. */
class Door implements Pick<Api, 'post'> {
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
  const error = await new Player(door, mapping, (refusal) => refusals.push(JSON.stringify(refusal))).play(rows, () => undefined).then(() => undefined, (error: unknown) => error)
  return { error, refusals: refusals.sort() }
}

t.test('the plan follows from the rows alone, and leaves nobody more at once than there are slots', async (t) => {
  for (const seed of [1, 2, 3]) {
    const rows = log(seed)
    const plan = planOf(mapping, rows)
    t.strictSame(planOf(mapping, rows), plan)
    t.ok(plan.room.size > 10, `room is made before ${plan.room.size} rows`)
    const course = new Course(mapping)
    const drive = (wishes: ReturnType<Course['of']>, known: () => { phase: string } | undefined) => {
      for (let wish = wishes.next(); !wish.done;) wish = wishes.next(known()?.phase === 'done' ? undefined : { revision: '0' })
    }
    let most = 0
    for (const row of rows) {
      for (const name of plan.room.get(row) ?? []) drive(course.putBack(row, name), () => undefined)
      drive(course.of(row), () => course.cases.get(caseOf(row)))
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

t.test('a dependency that comes before its cases is reported and never sent: played again, it would be accepted', async (t) => {
  const at = '2020-01-01T00:00:00.000Z'
  const depend = (number: number): Row => ({ source: dependencies, number, at, values: { case: 'a', other: 'b' } })
  const create = (number: number, name: string): Row => ({ source: states, number, at, values: { case: name, team: 'red', state: 'new' } })
  const door = new Door(1)
  const { refusals } = await played([depend(1), create(2, 'a'), depend(3), create(4, 'b'), depend(5)], door)
  t.strictSame(refusals.map((text) => JSON.parse(text)).map(({ row, wish, code }) => [row, wish, code]), [[1, 'depend', 'NOT_FOUND'], [3, 'depend', 'DEPENDENCY_UNKNOWN']])
  t.ok(door.sent.has('planned deps.csv 5 depend'))
})
