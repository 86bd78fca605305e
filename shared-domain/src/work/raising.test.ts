import fc from 'fast-check'
import t from 'tap'
import { deciders, processes } from '../catalogue.ts'
import { organization } from '../fleet/organization/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import type { Actor, Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { admin, orchestrator as actor, uuid } from '../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { why } from './questions/why.ts'
import { taskState, type Known } from './task/state.ts'

const seed = 2030
const [owner, other] = [11, 12].map(uuid) as [string, string]
const work = uuid(1)
const bob = { people: ['bob'], after_s: 600 }
const ladder = [bob, { people: ['admins'] }]

function house(settings: object = {}) {
  const world = new World(deciders)
  world.carryOut(send(organization, 'acme', 'create', { slug: 'acme', name: 'Acme' }))
  world.do({ category: 'organization', id: 'acme', command: 'configure', data: settings })
  for (const id of [owner, other]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', maxConcurrentTasks: 50 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const courier = new Courier(world, processes)
  const wish = (command: string, data: unknown = {}, by: Actor = admin) => world.do({ category: 'task', id: work, command, data, by })
  wish('create', { owner, title: 'Work' })
  courier.settle()
  const start = world.at
  const until = (ms: number) => {
    for (let due = next(courier); due !== undefined && due <= later(start, ms); due = next(courier)) {
      world.at = due > world.at ? due : world.at
      courier.settle()
    }
    world.at = later(start, ms)
    courier.settle()
  }
  const factsOf = (type: string) => (world.log as Recorded<any>[]).filter((fact) => fact.type === type)
  return { world, courier, wish, until, factsOf, start, now: () => world.look(taskState, work) as Known }
}

const next = (courier: Courier) => courier.waiting.map(({ due }) => due!).sort()[0]

t.test('W-47 W-18 who is asked when: the next where nobody answers, a day later where nobody goes on', async (t) => {
  const told = (answer: boolean) => {
    const { wish, until, factsOf, start } = house({ escalationLadder: ladder })
    wish('escalate', { reason: 'why', to: 'ann' })
    until(5 * minute_ms)
    if (answer) wish('acknowledgeEscalation', { note: 'soon' })
    until(3 * day_ms)
    return factsOf('TaskEscalationRaised').map(({ at, data: { people } }) => [people, (Date.parse(at) - Date.parse(start)) / minute_ms])
  }
  t.strictSame(told(false), [[['bob'], 15], [['admins'], 25]])
  t.strictSame(told(true), [[['bob'], 24 * 60 + 5], [['admins'], 24 * 60 + 15]])
})

t.test('W-18 W-19 an escalation that is resolved or whose task is cancelled asks nobody any more', async (t) => {
  for (const [command, data] of [['resolveEscalation', { resolution: 'go on' }], ['cancel', {}]] as const) {
    const { courier, wish, until, factsOf } = house({ escalationLadder: ladder })
    wish('escalate', { reason: 'why', to: 'ann' })
    courier.settle()
    wish(command, data)
    until(2 * day_ms)
    t.strictSame(factsOf('TaskEscalationRaised'), [], command)
    t.strictSame(courier.waiting.filter(({ key }) => key!.startsWith('escalation-')), [])
  }
})

t.test('W-48 what is overdue is escalated once, where the organization wants that', async (t) => {
  for (const slaEscalates of [true, false]) {
    const { wish, until, factsOf, now } = house({ escalationLadder: ladder, slaEscalates })
    wish('edit', { priority: 'CRITICAL' })
    until(2 * hour_ms)
    t.equal(factsOf('TaskSlaViolated').length, 1)
    t.equal(factsOf('TaskEscalated').length, slaEscalates ? 1 : 0)
    if (!slaEscalates) continue
    t.match(factsOf('TaskEscalated')[0], { by: { kind: 'process' }, data: { cause: 'sla', severity: 'CRITICAL', steps: [bob, {}] } })
    wish('resolveEscalation', { resolution: 'go on' })
    until(9 * day_ms)
    t.equal(factsOf('TaskEscalated').length, 1)
    t.equal(now().status, 'TODO')
  }
})

interface Act { readonly command: string; readonly data: object; readonly wait_ms: number }

const doing = (command: string, ...data: object[]) =>
  fc.record({ command: fc.constant(command), data: data.length > 0 ? fc.constantFrom(...data) : fc.constant({}) })
const reason = { reason: 'why' }
const act: fc.Arbitrary<Act> = fc.record({
  wish: fc.oneof(
    { weight: 4, arbitrary: doing('escalate', reason, { ...reason, to: 'ann' }, { ...reason, people: ['ann', 'bob'] }) },
    { weight: 3, arbitrary: doing('acknowledgeEscalation', {}, { person: 'bob' }) },
    { weight: 3, arbitrary: doing('resolveEscalation', { resolution: 'go on' }) },
    { weight: 3, arbitrary: doing('edit', { priority: 'CRITICAL' }, { priority: 'LOW' }, { slaDeadline: '2030-01-01T02:00:00Z' }) },
    { weight: 1, arbitrary: doing('cancel') }, { weight: 2, arbitrary: doing('reopen') }, { weight: 2, arbitrary: doing('start') },
    { weight: 1, arbitrary: doing('block', reason) }, { weight: 2, arbitrary: doing('unblock') },
    { weight: 2, arbitrary: doing('delegate', { to: other, retries: 1 }, { to: owner }) },
  ),
  wait_ms: fc.constantFrom(0, 0, minute_ms, 20 * minute_ms, hour_ms, day_ms),
}).map(({ wish, wait_ms }) => ({ ...wish, wait_ms }))

const steps = fc.array(fc.constantFrom(bob, { people: ['ann'], after_s: 60 }, { people: ['admins'] }), { maxLength: 5 })

/** Of a task that nobody works on it is told why, and of an escalation who has been asked by now: 1 where there is one. */
function explained(world: World, task: Known): number {
  const { now } = world.ask(why, { params: { task: work } }) as { now: readonly { code: string; detail: any }[] }
  if (task.status === 'IN_PROGRESS') return 0
  if (now.length === 0) throw new Error(`nobody can say why it is ${task.status}`)
  if (task.status !== 'BLOCKED' || task.block.kind !== 'escalation') return 0
  const { steps, level } = task.block
  const asked = steps.slice(0, level).flatMap(({ people }) => people)
  if (JSON.stringify(now[0]!.detail.asked) !== JSON.stringify(asked)) throw new Error('it is told wrongly who was asked')
  return 1
}

t.test('W-61 W-74 W-48 whatever happens, an escalation is raised four times at most, leads to none, and all comes to rest', async (t) => {
  const met = { raised: 0, sla: 0, fourTimes: 0, asked: 0 }
  const history = fc.array(act, { minLength: 3, maxLength: 25, size: 'max' })
  fc.assert(fc.property(steps, fc.boolean(), history, (escalationLadder, slaEscalates, acts) => {
    const { world, courier, wish, factsOf, now } = house({ escalationLadder, slaEscalates })
    for (const { command, data, wait_ms } of acts) {
      wish(command, data, command === 'delegate' ? actor(now().owner) : admin)
      courier.settle()
      world.pass(wait_ms)
      courier.settle()
      met.asked += explained(world, now())
    }
    // Nobody does anything any more: each timer leads to a fact or to nothing, and there are only so many.
    for (let rounds = 0; courier.waiting.length > 0; rounds++) {
      if (rounds > 50) throw new Error('there is no end of it')
      const due = next(courier)!
      world.at = due > world.at ? due : world.at
      courier.settle()
    }
    const raises = Map.groupBy(factsOf('TaskEscalationRaised'), ({ data: { escalation } }) => escalation)
    for (const [escalation, facts] of raises) {
      if (facts.length > 4) throw new Error('it was raised too often')
      if (facts.some(({ data: { level } }, index) => level !== index + 2)) throw new Error('a step was left out, or begun twice')
      if (!factsOf('TaskEscalated').some(({ revision }) => String(revision) === escalation)) throw new Error('there is no such escalation')
      met.raised++
      if (facts.length === 4) met.fourTimes++
    }
    const byBaton = factsOf('TaskEscalated').filter(({ data: { cause } }) => cause === 'sla')
    const violated = factsOf('TaskSlaViolated').map(({ data: { slaDeadline }, revision }) => ({ slaDeadline, revision }))
    if (byBaton.length > 0 && !slaEscalates) throw new Error('nobody wanted that')
    for (const { revision, data: { context } } of byBaton) {
      const before = violated.findIndex((one) => one.slaDeadline === context.slaDeadline && one.revision < revision)
      if (before < 0) throw new Error('no deadline has passed, or it was escalated twice')
      violated.splice(before, 1)
      met.sla++
    }
    const others = factsOf('TaskEscalated').filter(({ by, data: { cause } }) => by.kind === 'process' && cause !== 'sla')
    if (others.length > 0) throw new Error('something else was escalated by itself')
  }), { seed, numRuns: 120 })
  t.ok(met.raised > 50 && met.sla > 10 && met.fourTimes > 5 && met.asked > 100, JSON.stringify(met))
})

t.test('W-70 told again or late, nothing of an escalation happens twice', async (t) => {
  const { world, courier, wish, until } = house({ escalationLadder: ladder, slaEscalates: true })
  wish('edit', { priority: 'CRITICAL' })
  until(hour_ms + 20 * minute_ms)
  wish('resolveEscalation', { resolution: 'go on' })
  courier.settle()
  const told = world.log.length
  for (const fact of world.log.slice()) courier.tell(fact)
  until(5 * day_ms)
  t.equal(world.log.length, told)
})
