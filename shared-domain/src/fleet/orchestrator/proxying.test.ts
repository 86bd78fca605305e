import t from 'tap'
import { registered as hand } from '../agent/scene.ts'
import { agentState } from '../agent/state.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, agent, behaviour, now, on, orchestrator as actor, subject, uuid } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { registered } from '../../work/task/scene.ts'
import { orchestrator } from './decider.ts'
import { Orchestrator, type OrchestratorEvent } from './events.ts'
import { proxies } from './proxies.ts'
import { orchestratorState } from './state.ts'

const [other, stranger] = [uuid(12), uuid(19)]
const until = later(now, day_ms)
const appointed = (over: object = {}) => Orchestrator.ProxyAppointed({ to: other, types: null, until: null, ...over })
const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

t.test('C-33 an orchestrator says who votes for it where it does not, of which questions and until when', async (t) => {
  const given = (...facts: readonly OrchestratorEvent[]) =>
    behaviour(t, orchestrator).given(...facts).seeing(orchestratorState, other, registered).by(actor(subject))
  given(registered).when('appointProxy', { to: other }).yields(appointed())
  given(registered).by(admin).when('appointProxy', { to: other }).yields(appointed())
  given(registered).when('appointProxy', { to: other, types: ['other', 'decision', 'other'], until })
    .yields(appointed({ types: ['decision', 'other'], until }))
  given(registered, appointed()).when('appointProxy', { to: other }).changesNothing()
  given(registered, appointed()).when('appointProxy', { to: other, until }).yields(appointed({ until }))
  given(registered, appointed()).when('appointProxy', { to: null }).yields(Orchestrator.ProxyWithdrawn({ to: other }))
  given(registered, appointed(), Orchestrator.ProxyWithdrawn({ to: other })).when('appointProxy', { to: null }).changesNothing()
  given(registered).seeing(agentState, agent.id, hand()).when('appointProxy', { to: agent.id }).yields(appointed({ to: agent.id }))
  given(registered).when('appointProxy', { to: subject }).refuses('PROXY_CYCLE')
  given(registered).when('appointProxy', { to: stranger }).refuses('PROXY_UNKNOWN', { to: stranger })
  given(registered).seeing(orchestratorState, stranger, on(registered, { organization: 'umbrella' }))
    .when('appointProxy', { to: stranger }).refuses('PROXY_UNKNOWN')
  given(registered).when('appointProxy', { to: other, until: now }).refuses('DEADLINE_PASSED')
  given(registered).by(actor(other)).when('appointProxy', { to: other }).refuses('FORBIDDEN')
  given(registered, archived).by(admin).when('appointProxy', { to: other }).refuses('INVALID_STATE_TRANSITION')
  given().by(admin).when('appointProxy', { to: other }).refuses('NOT_FOUND')
})

t.test('C-33 who votes for whom has a row, as long as it is so', async (t) => {
  const shown = (...facts: readonly OrchestratorEvent[]) =>
    picture(t, proxies).after(...[registered, ...facts].map((fact) => recorded(orchestratorState, fact)))
  const row = { orchestrator: OrchestratorId.parse(subject), to: other, types: null, until: null, since: now }
  shown(appointed()).shows(row)
  shown(appointed(), appointed({ until })).shows({ ...row, until })
  shown(appointed(), Orchestrator.ProxyWithdrawn({ to: other })).shows()
  shown(appointed(), archived).shows()
})
