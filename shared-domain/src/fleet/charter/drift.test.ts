import t from 'tap'
import { admin, agent, behaviour, now, tool } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { registered } from '../../work/task/scene.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { charter } from './decider.ts'
import { Charter, type CharterEvent, type Intervention } from './events.ts'
import { gone, itself, orchestrator } from './scene.ts'

const given = (...facts: readonly CharterEvent[]) =>
  behaviour(t, charter).given(...facts).seeing(orchestratorState, orchestrator, registered)
const reported = (score: number, critical = false, evidence: object | null = null) =>
  Charter.DriftReported({ orchestrator, score, critical, evidence: evidence as null })
const applied = (score: number, critical: boolean, actions: Intervention[], inForce = actions) =>
  Charter.GuardianInterventionApplied({ orchestrator, score, critical, actions, inForce })
const cleared = (...actions: Intervention[]) => Charter.GuardianInterventionCleared({ orchestrator, actions, reason: 'seen to' })

t.test('F-79 what is done about drift follows from the score, and from its being critical', async () => {
  given().when('reportDrift', { score: 34.9 }).yields(reported(34.9))
  given().when('reportDrift', { score: 35 }).yields(reported(35), applied(35, false, ['reduce_autonomy']))
  given().when('reportDrift', { score: 45 }).yields(reported(45), applied(45, false, ['reduce_autonomy', 'audit']))
  given().when('reportDrift', { score: 60, evidence: { commits: 3 } })
    .yields(reported(60, false, { commits: 3 }), applied(60, false, ['reduce_autonomy', 'audit', 'notify', 'pause']))
  given().when('reportDrift', { score: 0, critical: true }).yields(reported(0, true), applied(0, true, ['notify', 'rollback', 'pause']))
  given().when('reportDrift', { score: 100, critical: true })
    .yields(reported(100, true), applied(100, true, ['reduce_autonomy', 'audit', 'notify', 'rollback', 'pause']))
})

t.test('F-79 each is done once until it is cleared', async () => {
  const forty = [reported(40), applied(40, false, ['reduce_autonomy'])]
  given(...forty).when('reportDrift', { score: 50 })
    .yields(reported(50), applied(50, false, ['audit'], ['reduce_autonomy', 'audit']))
  given(...forty).when('reportDrift', { score: 10 }).yields(reported(10))
  given(...forty).at(later(now, hour_ms)).when('reportDrift', { score: 41 }).yields(reported(41))
  given(...forty).when('clearIntervention', { reason: 'seen to' }).yields(cleared('reduce_autonomy'))
  given(...forty, cleared('reduce_autonomy')).when('clearIntervention', { reason: 'again' }).changesNothing()
  given(...forty, cleared('reduce_autonomy')).when('reportDrift', { score: 40 }).yields(...forty)
})

t.test('F-21 of reports that lead to the same one an hour is told', async () => {
  const forty = [reported(40), applied(40, false, ['reduce_autonomy'])]
  given(...forty).at(later(now, hour_ms - 1)).when('reportDrift', { score: 44.9 }).changesNothing()
  given(...forty).at(later(now, 1)).when('reportDrift', { score: 40, critical: true })
    .yields(reported(40, true), applied(40, true, ['notify', 'rollback', 'pause'], ['reduce_autonomy', 'notify', 'rollback', 'pause']))
})

t.test('F-21 an admin or a tool tells of drift, an admin alone lifts what was done', async () => {
  given().by(tool).when('reportDrift', { score: 1 }).yields(reported(1))
  for (const by of [itself, agent]) given().by(by).when('reportDrift', { score: 1 }).refuses('FORBIDDEN')
  for (const by of [itself, tool]) given().by(by).when('clearIntervention', { reason: 'x' }).refuses('FORBIDDEN')
  behaviour(t, charter).given().by(admin).when('reportDrift', { score: 1 }).refuses('NOT_FOUND')
  behaviour(t, charter).given().seeing(orchestratorState, orchestrator, registered, gone).when('reportDrift', { score: 1 })
    .refuses('INVALID_STATE_TRANSITION', { command: 'reportDrift', status: 'ARCHIVED' })
})
