import t from 'tap'
import { admin, orchestrator, system, tool } from '../../kernel/testing.ts'
import { created, escalated, lease, other, owner, resolved, running, scene, third, token } from './scene.ts'

t.test('S-10 an escalated task waits, and is not escalated twice', async (t) => {
  const fact = (over = {}) =>
    escalated(null, { reason: 'why', ...over })
  scene(t)(created()).when('escalate', { reason: 'why' }).yields(fact())
  scene(t)(...running).by(orchestrator(owner)).when('escalate', { reason: 'why', severity: 'HIGH', to: 'grace', context: { tried: 3 } })
    .yields(fact({ from: 'IN_PROGRESS', severity: 'HIGH', to: 'grace', context: { tried: 3 }, lease: lease(token) }))
  scene(t)(created(), fact()).when('escalate', { reason: 'why' }).changesNothing()
  for (const other of [{ reason: 'another' }, { severity: 'HIGH' as const }, { to: 'grace' }, { context: { tried: 3 } }])
    scene(t)(created(), fact()).when('escalate', { reason: 'why', ...other }).refuses('ALREADY_ESCALATED', { reason: 'why' })
})

t.test('S-11 an escalation is resolved by an admin or by whom it was put to', async (t) => {
  const gone = resolved({ resolution: 'go on' })
  for (const by of [admin, system, orchestrator(other)])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', { resolution: 'go on' }).yields(gone)
  for (const by of [orchestrator(owner), orchestrator(third), tool])
    scene(t)(created(), escalated(other)).by(by).when('resolveEscalation', { resolution: 'go on' }).refuses('FORBIDDEN')
  scene(t)(created(), escalated()).by(orchestrator(owner)).when('resolveEscalation', { resolution: 'go on' }).refuses('FORBIDDEN')
})
