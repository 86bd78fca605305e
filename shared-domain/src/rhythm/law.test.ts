import fc from 'fast-check'
import t from 'tap'
import { deciders, processes } from '../catalogue.ts'
import { agent } from '../fleet/agent/decider.ts'
import { agentState } from '../fleet/agent/state.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { organization } from '../fleet/organization/decider.ts'
import type { Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { admin, orchestrator as actor, tool, uuid } from '../kernel/testing.ts'
import { hour_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { assigneeOf } from '../work/task/assignees.ts'
import { nextTask } from '../work/task/selection.ts'
import { taskState } from '../work/task/state.ts'
import { closedNow } from './schedule/keeping.ts'
import { workdays } from './schedule/scene.ts'

const house = [1, 2, 3].map(uuid) as [string, string, string]
const [hand, other] = [uuid(21), uuid(22)]
const tasks = [31, 32, 33, 34].map(uuid)

/** Three orchestrators in Berlin, of whom agents work for two, and a few tasks; it is one o'clock at night. */
function fleet() {
  const world = new World(deciders)
  const courier = new Courier(world, processes)
  world.carryOut(send(organization, 'acme', 'create', { slug: 'acme', name: 'Acme' }))
  for (const id of house) {
    world.carryOut(send(orchestrator, id, 'register', { name: id.slice(-1), timezone: 'Europe/Berlin' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const [id, boss] of [[hand, house[0]], [other, house[1]]] as const)
    world.carryOut(send(agent, id, 'register', { name: 'Hand', orchestrator: boss, maxConcurrent: 5, capabilities: [{ skill: 'a' }] }))
  for (const [n, id] of tasks.entries()) {
    const data = { owner: house[n % 3], title: 'Work', priority: n < 2 ? 'CRITICAL' : 'LOW' }
    world.do({ category: 'task', id, command: 'create', data })
  }
  courier.settle()
  return { world, courier }
}

/** In whose hours it happens; nobody's where a person has it. */
function whose({ type, data }: Recorded, world: World): string | null {
  const said = data as { holder: string; to: string; assignee: string }
  if (type === 'TaskStarted') return said.holder
  if (type === 'TaskDelegated' || type === 'TaskHandedOff') return said.to
  const who = assigneeOf(said.assignee)
  if (who.kind !== 'agent') return who.kind === 'person' ? null : who.id
  const known = world.look(agentState, who.id)
  return known.stage === 'open' ? known.profile.orchestrator : null
}

const gives = ['TaskStarted', 'TaskAssigned', 'TaskDelegated', 'TaskHandedOff']
const some = fc.constantFrom
const onUnavailable = fc.option(some('reject', 'defer', 'force'), { nil: undefined })
const step = fc.record({
  act: some(
    'start', 'start', 'claim', 'assign', 'place', 'delegate', 'pass', 'handoff', 'handoff', 'recall', 'release', 'cancel', 'createFor',
    'plan', 'wait',
  ),
  task: some(...tasks), who: some(...house), by: some(admin, tool, ...house.map(actor)), onUnavailable,
  assignee: some(`agent:${hand}`, `agent:${other}`, 'grace', ...house.map((id) => `orchestrator:${id}`)),
  terms: some<object>({ weekly: workdays }, { weekly: {} }, { weekly: workdays, onUnavailable: 'defer' },
    { weekly: workdays, allowCriticalOutsideHours: true }, { always24x7: true }, { weekly: workdays, mode: 'reactive' }),
  hours: some(1, 5, 8, 16),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function act(world: World, { act, task, who, by, onUnavailable, assignee, terms }: Step, number: number) {
  const wish = (command: string, data: object, actor = by) => world.do({ category: 'task', id: task, command, data, by: actor })
  const wanted = onUnavailable === undefined ? {} : { onUnavailable }
  const origin = { kind: 'session', id: uuid(40), item: String(number) }
  switch (act) {
    case 'claim': return world.choose(nextTask, { id: who, by: actor(who) })
    case 'assign': return wish('assign', { assignee, ...wanted })
    case 'place': return wish('assign', wanted)
    case 'pass': return wish('delegate', { force: true, ...wanted }, admin)
    case 'delegate': return wish('delegate', { to: who, ...wanted })
    case 'handoff': return wish('handoff', { to: who, force: true, ...wanted }, admin)
    case 'recall': return wish('recall', { reason: 'why' }, admin)
    case 'plan': return world.do({ category: 'schedule', id: who, command: 'configure', data: terms })
    case 'createFor': {
      const data = { owner: who, title: 'x', origin, assignee }
      return world.carryOut({ category: 'task', id: uuid(500 + number), command: 'createFor', data })
    }
    case 'release': return wish('release', {}, admin)
    case 'cancel': return world.look(taskState, task).status === 'CANCELLED' ? wish('reopen', {}, admin) : wish('cancel', {})
    case 'start': return wish('start', wanted)
    default: return undefined
  }
}

t.test('R-81 nothing starts, is assigned or moves in a closed hour without saying so, whatever anybody does', async (t) => {
  const met: Record<string, number> = {}
  fc.assert(fc.property(fc.array(step, { minLength: 30, maxLength: 60, size: 'max' }), (steps) => {
    const { world, courier } = fleet()
    for (const [number, one] of steps.entries()) {
      const before = world.log.length
      if (one.act === 'wait') world.pass(one.hours * hour_ms)
      act(world, one, number)
      courier.settle()
      for (const fact of world.log.slice(before).filter(({ type }) => gives.includes(type))) {
        const who = whose(fact, world)
        const closed = who === null ? undefined : closedNow(who, { look: world.look, organization: 'acme', at: fact.at })
        const { outsideHours } = fact.data as { outsideHours: { how: string; orchestrator: string } | null }
        if (closed && outsideHours?.orchestrator !== who) throw new Error(`${fact.type} of ${fact.id} says nothing of the hours of ${who}`)
        if (!closed && outsideHours) throw new Error(`${fact.type} of ${fact.id} speaks of hours that are open`)
        if (outsideHours) met[`${fact.type} ${outsideHours.how}`] = (met[`${fact.type} ${outsideHours.how}`] ?? 0) + 1
      }
    }
  }), { seed: 2030, numRuns: 100 })
  const every = ['TaskAssigned', 'TaskDelegated', 'TaskHandedOff'].flatMap((type) =>
    ['deferred', 'forced', 'critical'].map((how) => `${type} ${how}`))
  for (const what of [...every, 'TaskStarted forced', 'TaskStarted critical']) t.ok((met[what] ?? 0) > 1, `${what}: ${met[what] ?? 0}`)
  t.equal(met['TaskStarted deferred'], undefined)
})
