import t from 'tap'
import { agent as agentActor, behaviour, now, replay, subject, system, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { registered, elsewhere } from '../../work/task/scene.ts'
import { AgentId, OrchestratorId } from '../../vocabulary.ts'
import { agentState } from '../agent/state.ts'
import { Agent } from '../agent/events.ts'
import { Budget } from '../budget/events.ts'
import { budgetState } from '../budget/state.ts'
import { hashOf } from '../charter/envelope.ts'
import { activated, itself, orchestrator, published, stranger } from '../charter/scene.ts'
import { charterState } from '../charter/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { charterViolation } from './decider.ts'
import { CharterViolation } from './events.ts'
import { charterViolationState, hourOf } from './state.ts'

const holds = [published(1, '0'.repeat(64), { constraints: { forbiddenCommands: ['rm -rf'] } }), activated(1, null)] as const
const envelope = { action: 'shell.run', command: 'rm -rf /' }
const rule = { list: 'forbiddenCommands', pattern: 'rm -rf' }
const violated = (hash = hashOf(envelope)) =>
  CharterViolation.CharterConstraintViolated({ orchestrator, ...envelope, path: null, hash, rule, charterVersion: 1 })

const unlimited = { hourly: null, daily: null, monthly: null }

const id = hourOf(orchestrator, now)
const question = { orchestrator, ...envelope }
const given = (...facts: readonly ReturnType<typeof violated>[]) => behaviour(t, charterViolation).given(...facts).with({ id })
  .seeing(orchestratorState, orchestrator, registered).seeing(charterState, orchestrator, ...holds)

t.test('F-76 what is denied is told, of each action once an hour, a hundred times an hour at the most', async (t) => {
  t.equal(id, `${subject}.2030010100`)
  given().when('check', question).yields(violated())
  given(violated()).when('check', question).changesNothing()
  given().when('check', { orchestrator, action: 'shell.run', command: 'ls' }).changesNothing()
  const many = Array.from({ length: 100 }, (_, n) => violated(String(n).padStart(64, '0')))
  given(...many).when('check', question).changesNothing()
  given(...many.slice(1)).when('check', question).yields(violated())
  given().by(system).when('record', violated().data).yields(violated())
})

t.test('F-76 what costs more than the budget has left is told as well', async () => {
  const limits = { tokens: unlimited, cost: { ...unlimited, daily: 5 }, autoPause: true, thresholds: [] }
  const configured = Budget.BudgetConfigured({ orchestrator, limits, before: null })
  const asked = { orchestrator, action: 'buy', cost: 6 }
  given().when('check', asked).changesNothing()
  given().seeing(budgetState, orchestrator, configured).when('check', asked).yields(CharterViolation.CharterConstraintViolated({
    orchestrator, action: 'buy', command: null, path: null, hash: hashOf({ action: 'buy', cost: 6 }),
    rule: { list: 'budget', pattern: '5' }, charterVersion: 1,
  }))
})

const agent = (whose: string | null) => Agent.AgentRegistered({
  name: 'A', description: null, orchestrator: whose as OrchestratorId | null, capabilities: [], maxConcurrent: 1, reliability: .9, tags: [],
})

t.test('F-76 an orchestrator, its agents and admins ask', async () => {
  given().by(itself).when('check', question).yields(violated())
  const its = AgentId.parse(agentActor.id)
  given().by(agentActor).seeing(agentState, its, agent(orchestrator)).when('check', question).yields(violated())
  given().by(agentActor).seeing(agentState, its, agent(uuid(9))).when('check', question).refuses('FORBIDDEN')
  given().by(agentActor).when('check', question).refuses('FORBIDDEN')
  given().by(stranger).when('check', question).refuses('FORBIDDEN')
  behaviour(t, charterViolation).given().when('check', question).refuses('NOT_FOUND')
  behaviour(t, charterViolation).given().seeing(orchestratorState, orchestrator, elsewhere).when('check', question).refuses('NOT_FOUND')
})

t.test('F-76 the answer has the verdict, the rule, the version and the hash; a repetition that of the first time', async (t) => {
  const world = new World([])
  const { of } = charterViolation.commands.check.answers!
  const context = world.contextOf({ id })
  const seeing = (...facts: readonly (typeof holds)[number][]) => ({ ...context, look: (() => replay(charterState, facts)) as never })
  const { initial, evolve } = charterViolationState
  const hash = hashOf(envelope)
  t.strictSame(of(initial, seeing(...holds), question), { verdict: 'denied', rule, charterVersion: 1, hash })
  t.strictSame(of(initial, seeing(), question), { verdict: 'allowed', rule: null, charterVersion: null, hash })
  const { at, by, organization, commandId } = context
  const told = evolve(initial, violated(), { at, by, organization, commandId, revision: 0, position: '0' })
  t.strictSame(of(told, seeing(), question), { verdict: 'denied', rule, charterVersion: 1, hash }, 'as it was')
  t.match(of(told, { ...seeing(), commandId: uuid(5) }, question), { verdict: 'allowed' }, 'another asks')
})
