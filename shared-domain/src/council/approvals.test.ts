import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { hold_margin_ms, inOrder, Rejection, type Context, type Hold } from '../kernel/decider.ts'
import type { AnyEvent, Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { admin, orchestrator as actor, uuid } from '../kernel/testing.ts'
import { day_ms, elapsed_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { opening_ms } from '../work/task/approvals.ts'
import { task } from '../work/task/decider.ts'
import { codeOf } from '../work/task/scene.ts'
import { approvalsOf, taskState, type Known } from '../work/task/state.ts'
import { approvals } from './approvals.ts'
import { decision } from './decision/decider.ts'
import { asksAbout, decisionState } from './decision/state.ts'

const electors = [11, 12].map(uuid) as [string, string]
const works = [1, 2].map(uuid) as [string, string]
const questions = [21, 22, 23, 24].map(uuid) as [string, ...string[]]
const [work, question] = [works[0], questions[0]]

function scene() {
  const world = new World([task, capacity, orchestrator, decision])
  const courier = new Courier(world, [approvals])
  for (const id of electors) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', maxConcurrentTasks: 50 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const id of works) world.carryOut(send(task, id, 'create', { owner: electors[0], title: 'Work' }))
  const wish = (category: string, id: string, command: string, data: unknown = {}, by = admin) =>
    world.do({ category, id, command, data, by })
  return { world, courier, wish, start: (id = work) => codeOf(wish('task', id, 'start')) }
}

const asking = (taskId: string, over: object = {}) => ({ type: 'task_approval', title: 'May it?', electorate: electors, taskId, ...over })

t.test('S-3 a task whose approval is asked for starts only with it', async (t) => {
  for (const [vote, code] of [['APPROVE', undefined], ['REJECT', 'CONSENSUS_REQUIRED']] as const) {
    const { wish, start } = scene()
    wish('decision', question, 'open', asking(work))
    t.equal(start(), 'CONSENSUS_REQUIRED', 'while it is being decided')
    for (const elector of electors) wish('decision', question, 'cast', { vote }, actor(elector))
    t.equal(start(), code, vote)
  }
  const { wish, start, world } = scene()
  wish('decision', question, 'open', asking(work, { type: 'resource_allocation' }))
  t.equal(start(), undefined, 'another question holds nothing back')
  t.notOk(world.log.some(({ type }) => type === 'ApprovalRequired'))
})

t.test('W-46 a task that was made with an approval starts only with it, whatever time passes', async (t) => {
  for (const [vote, code] of [['APPROVE', undefined], ['REJECT', 'CONSENSUS_REQUIRED']] as const) {
    const { world, courier, wish } = scene()
    const made = uuid(3)
    const approval = { electorate: electors, protocol: 'unanimous' }
    wish('task', made, 'create', { owner: electors[0], title: 'A task that is approved first', approval })
    const start = () => codeOf(wish('task', made, 'start'))
    t.equal(start(), 'CONSENSUS_REQUIRED', 'before it is asked')
    courier.settle()
    const [asked] = waitedFor(world, made) as [string]
    t.match(world.look(decisionState, asked), { stage: 'pending', type: 'task_approval', task: made, rule: { protocol: 'unanimous' } })
    t.match(world.log.find(({ type }) => type === 'DecisionOpened')!.data, { title: 'A task that is approved first' })
    world.pass(7 * day_ms)
    courier.settle()
    t.equal(start(), 'CONSENSUS_REQUIRED', 'while it is being decided')
    const told = world.log.length
    for (const fact of world.log.slice()) courier.tell(fact)
    courier.settle()
    t.equal(world.log.length, told, 'told again it is asked once')
    for (const elector of electors) wish('decision', asked, 'cast', { vote }, actor(elector))
    t.equal(start(), code, vote)
  }
})

t.test('W-46 the process puts no question about a task that there is not', async (t) => {
  const { world } = scene()
  t.match(world.carryOut(send(decision, question, 'openForTask', { task: uuid(99), electorate: electors })), { code: 'TASK_UNKNOWN' })
  world.do({ category: 'task', id: work, command: 'collaborate', data: { collaborators: [{ orchestrator: electors[1], role: 'reader' }] } })
  world.carryOut(send(decision, question, 'openForTask', { task: work }))
  const asked = world.look(decisionState, question)
  t.strictSame(asked.stage === 'pending' && [...asked.electorate.keys()], electors, 'else the owner and who helps')
})

const waitedFor = (world: World, id: string): readonly string[] => approvalsOf(world.look(taskState, id) as Known)

/** An opening on its way: what it must hold is taken, and it is not stored yet. */
interface Opening {
  readonly id: string
  readonly about: string
  readonly facts: readonly AnyEvent[]
  readonly context: Context
  /** None where another question is asked than whether the task may start. */
  readonly hold: Hold | undefined
  readonly taken: string
}

/** As the host does it, in its two steps: the first one takes. */
function begun(world: World, id: string, about: string, type: string = 'task_approval'): Opening | undefined {
  const { data: schema, decide, holds } = decision.commands.open
  const [data, context] = [schema.parse(asking(about, { type })), world.contextOf({ id })]
  const state = world.look(decisionState, id)
  const facts = decide(state, data, context)
  if (facts instanceof Rejection) return undefined
  const [hold] = inOrder(holds!(state, data, context))
  const taken = hold ? world.carryOut(hold.take) as readonly Recorded[] : []
  return { id, about, facts, context, hold, taken: String(taken.at(-1)?.revision) }
}

const giveBack = (world: World, { hold, taken }: Opening) => hold && world.carryOut(hold.giveBack(taken))

/** The second step: it is stored while the hold is young and nobody opened the same, else what was taken goes back. */
function ended(world: World, opening: Opening) {
  const { id, facts, context, hold } = opening
  const isYoung = !hold || elapsed_ms(context.at, world.at) <= hold.within_ms - hold_margin_ms
  if (isYoung && world.look(decisionState, id).stage === 'unknown') world.append(decision, id, facts, context)
  else giveBack(world, opening)
}

t.test('S-3 an opening that is refused or fails holds nothing back, and one that dies does so for half a minute', async (t) => {
  const { world, courier, start } = scene()
  const waiting = () => waitedFor(world, work)
  giveBack(world, begun(world, question, work)!)
  t.strictSame(waiting(), [])
  courier.settle()
  t.strictSame(courier.waiting, [], 'its timer is forgotten')
  begun(world, question, work)
  courier.settle()
  world.pass(opening_ms - 1)
  courier.settle()
  t.strictSame([waiting(), start()], [[question], 'CONSENSUS_REQUIRED'])
  world.pass(1)
  courier.settle()
  t.strictSame([waiting(), start()], [[], undefined])
})

t.test('S-3 of two who open the same question, the one that fails takes nothing from the other', async (t) => {
  for (const order of [[0, 1], [1, 0]] as const) {
    const { world, courier, start } = scene()
    const both = [begun(world, question, work)!, begun(world, question, work)!]
    giveBack(world, both[order[0]]!)
    t.equal(start(), 'CONSENSUS_REQUIRED')
    ended(world, both[order[1]]!)
    courier.settle()
    world.pass(opening_ms)
    courier.settle()
    t.strictSame([start(), courier.waiting], ['CONSENSUS_REQUIRED', []])
  }
})

t.test('S-3 another question under the id of one that was announced and not put lets the task go', async (t) => {
  const { world, courier, wish, start } = scene()
  begun(world, question, work)
  wish('decision', question, 'open', asking(work, { type: 'resource_allocation' }))
  courier.settle()
  t.equal(start(), 'CONSENSUS_REQUIRED', 'while the announced one may still be put')
  world.pass(opening_ms)
  courier.settle()
  t.strictSame([start(), courier.waiting], [undefined, []])
})

t.test('S-3 a task waits for twenty approvals at most, and what is announced may be announced again', async (t) => {
  const { world, wish } = scene()
  const ids = Array.from({ length: 21 }, (_, index) => uuid(100 + index))
  const announced = ids.map((id) => codeOf(world.carryOut(send(task, work, 'requireApproval', { decision: id }))))
  t.strictSame(announced, [...Array(20), 'TOO_MANY_APPROVALS'])
  const opened = ids.slice(-2).map((id) => codeOf(wish('decision', id, 'open', asking(work))))
  t.strictSame(opened, [undefined, 'TOO_MANY_APPROVALS'], 'the twentieth, whose opening was lost, is put after all')
  t.ok('TOO_MANY_APPROVALS' in decision.rejections, 'what the task answers is an answer to the question')
})

/** No task starts between the opening of a question whether it may and the answer that it may. */
function law(log: readonly Recorded[]) {
  const open = new Map<string, Set<string>>(works.map((id) => [id, new Set()]))
  for (const { type, id, data, position } of log) {
    const about = open.get((data as { task?: string }).task ?? '')
    if (type === 'DecisionOpened' && (data as { type: string }).type === 'task_approval') about?.add(id)
    if (type === 'DecisionApproved' || type === 'DecisionCancelled') about?.delete(id)
    if (type === 'TaskStarted' && open.get(id)!.size > 0) throw new Error(`${id} starts at ${position} without an approval`)
  }
}

const about = fc.constantFrom(work, ...works)
const asked = fc.constantFrom(...questions)
const moment = fc.oneof(
  fc.record({
    does: fc.constant('open' as const), question: asked, about, times: fc.constantFrom(1, 2),
    type: fc.constantFrom('task_approval', 'task_approval', 'task_approval', 'resource_allocation'),
  }),
  fc.record({ does: fc.constant('end' as const), how: fc.constantFrom('stored', 'given back', 'dead'), index: fc.nat(9) }),
  fc.record({ does: fc.constant('order' as const), command: fc.constantFrom('start', 'start', 'release', 'cancel', 'reopen'), about }),
  fc.record({ does: fc.constant('vote' as const), question: asked, vote: fc.constantFrom('APPROVE', 'APPROVE', 'REJECT') }),
  fc.record({ does: fc.constant('withdraw' as const), question: asked }),
  fc.record({ does: fc.constant('wait' as const), wait_ms: fc.constantFrom(1, 14_000, 16_000, 30_000) }),
  fc.record({ does: fc.constant('ring' as const) }),
  fc.record({ does: fc.constant('tell' as const), again: fc.option(fc.nat(1_000)) }),
)
type Moment = typeof moment extends fc.Arbitrary<infer One> ? One : never

/** A world in which such moments follow one another; what was met is noted. */
function living(met: Set<string>) {
  const { world, courier, wish } = scene()
  const under: Opening[] = []
  const happens = (one: Moment) => {
    switch (one.does) {
      case 'open': {
        const openings = Array.from({ length: one.times }, () => begun(world, one.question, one.about, one.type) ?? [])
        return under.push(...openings.flat())
      }
      case 'end': {
        const [opening] = under.splice(one.index % under.length, 1)
        if (opening && one.how === 'stored') ended(world, opening)
        else if (opening && one.how === 'given back') giveBack(world, opening)
        return
      }
      case 'order': return met.add(`${one.command} ${codeOf(wish('task', one.about, one.command)) ?? 'done'}`)
      case 'vote': return electors.forEach((elector) => wish('decision', one.question, 'cast', { vote: one.vote }, actor(elector)))
      case 'withdraw': return wish('decision', one.question, 'cancel')
      case 'wait': return world.pass(one.wait_ms)
      // Timers ring also where the process has not heard yet what would have withdrawn them.
      case 'ring': return courier.waiting.filter(({ due }) => due! <= world.at).forEach((intent) => world.carryOut(intent))
      case 'tell': {
        if (one.again !== null) for (const fact of world.log.slice(one.again % world.log.length)) courier.tell(fact)
        return courier.settle()
      }
    }
  }
  return { world, courier, happens }
}

t.test('S-3 however openings and starts interleave, nothing starts before it is approved, and nothing waits for no question', async (t) => {
  const met = new Set<string>()
  fc.assert(fc.property(fc.array(moment, { minLength: 10, maxLength: 60, size: 'max' }), (moments) => {
    const { world, courier, happens } = living(met)
    for (const one of moments) {
      happens(one)
      for (const id of works) for (const question of questions)
        if (asksAbout(world.look(decisionState, question), id) && !waitedFor(world, id).includes(question))
          throw new Error(`${question} asks about ${id}, which does not wait for it`)
    }
    law(world.log)
    for (const { type } of world.log) met.add(type)
    courier.settle()
    world.pass(opening_ms)
    courier.settle()
    for (const id of works) for (const decision of waitedFor(world, id))
      if (!asksAbout(world.look(decisionState, decision), id)) throw new Error(`${id} waits for ${decision}, which nobody is asked`)
    if (courier.waiting.length > 0) throw new Error(`${courier.waiting[0]!.key} waits for nothing`)
  }), { seed: 2030, numRuns: 1_000 })
  for (const one of ['start done', 'start CONSENSUS_REQUIRED', 'DecisionApproved', 'DecisionRejected', 'ApprovalWithdrawn', 'TaskReopened'])
    t.ok(met.has(one), `it was met: ${one}`)
})
