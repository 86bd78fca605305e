import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, agent as agentActor, behaviour, now, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { AgentId, CommandId } from '../../vocabulary.ts'
import { elsewhere, registered } from '../../work/task/scene.ts'
import { Agent } from '../agent/events.ts'
import { agentState } from '../agent/state.ts'
import { Budget } from '../budget/events.ts'
import { budgetState } from '../budget/state.ts'
import { hashOf } from '../charter/envelope.ts'
import { Charter } from '../charter/events.ts'
import { activated, gone, itself, orchestrator, published, stranger } from '../charter/scene.ts'
import { charterState } from '../charter/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { actionApprovals } from './approvals.ts'
import { actionApproval } from './decider.ts'
import { ActionApproval, type ActionApprovalEvent } from './events.ts'
import { actionApprovalState } from './state.ts'

const envelope = { action: 'deploy.site', payload: { to: 'production' } }
const hash = hashOf(envelope)
const own = { orchestrator, hash }
const unlimited = { hourly: null, daily: null, monthly: null }
const asked = { orchestrator, envelope, reason: 'the site is ready' }
const expiresAt = later(now, 3_600_000)
const requested = (needed = 1, more: object = {}) => ActionApproval.ApprovalRequested({
  ...own, envelope, reason: asked.reason, needed, expiresAt, verdict: 'allowed', rule: null, charterVersion: null, ...more,
})
const signed = (needed: number, ...signatures: string[]) => ActionApproval.ApprovalSigned({ ...own, signatures, needed })
const granted = (...approvers: string[]) => ActionApproval.ApprovalGranted({ ...own, auto: false, rule: null, approvers })
const refused = (comment: string) => ActionApproval.ApprovalRejected({ ...own, auto: false, rule: null, comment })
const used = (command = uuid(900)) => ActionApproval.ApprovalUsed({ ...own, command: CommandId.parse(command) })
const returned = ActionApproval.ApprovalReturned({ ...own, command: CommandId.parse(uuid(900)) })
const expired = ActionApproval.ApprovalExpired(own)

/** Asked for by nobody who is met again. */
const given = (...facts: readonly ActionApprovalEvent[]) =>
  behaviour(t, actionApproval).given(...facts).seeing(orchestratorState, orchestrator, registered)
const [ada, bob] = ['ada', 'bob'].map((id) => ({ kind: 'admin' as const, id })) as [typeof admin, typeof admin]

t.test('F-22 an orchestrator, its agents and admins ask to be let do one thing', async () => {
  for (const by of [itself, admin]) given().by(by).when('request', asked).yields(requested())
  given().when('request', { ...asked, needed: 3, expiresIn_s: 60 }).yields(requested(3, { expiresAt: later(now, 60_000) }))
  const agent = Agent.AgentRegistered({
    name: 'A', description: null, orchestrator, capabilities: [], maxConcurrent: 1, reliability: .9, tags: [],
  })
  given().by(agentActor).seeing(agentState, AgentId.parse(agentActor.id), agent).when('request', asked).yields(requested())
  given().by(agentActor).when('request', asked).refuses('FORBIDDEN')
  given().by(stranger).when('request', asked).refuses('FORBIDDEN')
  behaviour(t, actionApproval).given().when('request', asked).refuses('NOT_FOUND')
  behaviour(t, actionApproval).given().seeing(orchestratorState, orchestrator, elsewhere).when('request', asked).refuses('NOT_FOUND')
  behaviour(t, actionApproval).given().seeing(orchestratorState, orchestrator, registered, gone).when('request', asked)
    .refuses('INVALID_STATE_TRANSITION', { status: 'ARCHIVED' })
  given(requested()).when('request', { ...asked, envelope: { action: 'deploy.shop' } }).refuses('ALREADY_EXISTS')
})

t.test('F-22 F-76 F-79 what the charter approves or denies by itself is decided at once', async () => {
  const constraints = { forbiddenPaths: ['/etc'], requireApprovalFor: ['deploy.*'] }
  const document = { heuristics: { autoApprove: ['deploy.*'] }, constraints }
  const charter = [published(1, hash, document), activated(1, null)] as const
  const seeing = given().seeing(charterState, orchestrator, ...charter)
  const rule = { list: 'autoApprove', pattern: 'deploy.*' }
  seeing.when('request', asked).yields(
    requested(1, { rule, charterVersion: 1 }), ActionApproval.ApprovalGranted({ ...own, auto: true, rule, approvers: [] }),
  )
  const bad = { ...envelope, path: '/etc/passwd' }
  const denied = { orchestrator, hash: hashOf(bad) }
  const forbidden = { list: 'forbiddenPaths', pattern: '/etc' }
  seeing.when('request', { ...asked, envelope: bad }).yields(
    requested(1, { ...denied, envelope: bad, verdict: 'denied', rule: forbidden, charterVersion: 1 }),
    ActionApproval.ApprovalRejected({ ...denied, auto: true, rule: forbidden, comment: null }),
  )
  const configured = Budget.BudgetConfigured({
    orchestrator, before: null, limits: { tokens: unlimited, cost: { ...unlimited, daily: 5 }, autoPause: true, thresholds: [] },
  })
  const dear = { ...envelope, cost: 6 }
  const spent = { orchestrator, hash: hashOf(dear) }
  const budget = { list: 'budget', pattern: '5' }
  seeing.seeing(budgetState, orchestrator, configured).when('request', { ...asked, envelope: dear }).yields(
    requested(1, { ...spent, envelope: dear, verdict: 'denied', rule: budget, charterVersion: 1 }),
    ActionApproval.ApprovalRejected({ ...spent, auto: true, rule: budget, comment: null }),
  )
  const drifted = Charter.GuardianInterventionApplied({
    orchestrator, score: 40, critical: false, actions: ['reduce_autonomy'], inForce: ['reduce_autonomy'],
  })
  given().seeing(charterState, orchestrator, ...charter, drifted).when('request', asked)
    .yields(requested(1, { verdict: 'needs_approval', rule: { list: 'requireApprovalFor', pattern: 'deploy.*' }, charterVersion: 1 }))
})

t.test('F-23 as many keys as are needed sign, each once, and never the asker', async () => {
  given(requested(2)).by(ada).when('approve', { hash }).yields(signed(2, 'ada'))
  given(requested(2), signed(2, 'ada')).by(ada).when('approve', { hash }).changesNothing()
  given(requested(2), signed(2, 'ada')).by(bob).when('approve', { hash }).yields(signed(2, 'ada', 'bob'), granted('ada', 'bob'))
  given(requested()).by(ada).when('approve', { hash }).yields(signed(1, 'ada'), granted('ada'))
  given(requested()).by({ kind: 'admin', id: system.id }).when('approve', { hash }).refuses('SELF_APPROVAL')
  given(requested()).when('approve', { hash: '0'.repeat(64) }).refuses('ACTION_MISMATCH', { hash })
  for (const by of [itself, tool]) given(requested()).by(by).when('approve', { hash }).refuses('FORBIDDEN')
  given(requested()).at(expiresAt).when('approve', { hash }).refuses('INVALID_STATE_TRANSITION', { status: 'EXPIRED' })
  given(requested(), refused('no')).when('approve', { hash }).refuses('INVALID_STATE_TRANSITION', { status: 'REJECTED' })
  given().when('approve', { hash }).refuses('NOT_FOUND')
  given(requested()).with({ organization: 'other' }).when('approve', { hash }).refuses('NOT_FOUND')
})

t.test('F-23 an admin rejects what nobody has decided, and says why', async () => {
  given(requested()).when('reject', { comment: 'not now' }).yields(refused('not now'))
  given(requested(), granted('bob')).when('reject', { comment: 'no' }).refuses('INVALID_STATE_TRANSITION', { status: 'APPROVED' })
  given(requested()).at(expiresAt).when('reject', { comment: 'no' }).refuses('INVALID_STATE_TRANSITION', { status: 'EXPIRED' })
  given(requested()).by(itself).when('reject', { comment: 'no' }).refuses('FORBIDDEN')
  given().when('reject', { comment: 'no' }).refuses('NOT_FOUND')
})

t.test('F-24 what is approved is done once, and is exactly that', async () => {
  given(requested(), granted('bob')).by(itself).when('use', { envelope }).yields(used())
  given(requested(), granted('bob'), used(uuid(901))).by(itself).when('use', { envelope })
    .refuses('APPROVAL_NOT_GRANTED', { status: 'USED' })
  given(requested()).by(itself).when('use', { envelope }).refuses('APPROVAL_NOT_GRANTED', { status: 'PENDING' })
  given(requested(), granted('bob')).by(itself).at(expiresAt).when('use', { envelope })
    .refuses('APPROVAL_NOT_GRANTED', { status: 'EXPIRED' })
  given(requested(), granted('bob')).by(itself).when('use', { envelope: { ...envelope, cost: 1 } }).refuses('ACTION_MISMATCH')
  given(requested(), granted('bob')).by(stranger).when('use', { envelope }).refuses('FORBIDDEN')
  given().when('use', { envelope }).refuses('NOT_FOUND')
})

t.test('F-24 F-78 a command at the gate takes it, and gives it back when it led to nothing', async () => {
  const command = uuid(900)
  const good = [requested(), granted('bob')]
  given(...good).by(system).when('take', { ...own, command }).yields(used())
  given(...good).by(system).when('take', { ...own, orchestrator: uuid(9), command }).refuses('FORBIDDEN')
  given(...good).by(system).when('take', { ...own, hash: '0'.repeat(64), command }).refuses('ACTION_MISMATCH')
  given().by(system).when('take', { ...own, command }).refuses('NOT_FOUND')
  given(...good, used()).by(system).when('giveBack', { command }).yields(returned)
  given(...good, used()).by(system).at(expiresAt).when('giveBack', { command }).yields(returned, expired)
  given(...good, used()).by(system).when('giveBack', { command: uuid(901) }).changesNothing()
  given(...good).by(system).when('giveBack', { command }).changesNothing()
  given(...good, used(), returned).by(system).when('take', { ...own, command: uuid(901) }).yields(used(uuid(901)))
})

t.test('F-24 what nobody did in time has expired', async () => {
  given(requested()).by(system).at(expiresAt).when('expire', {}).yields(expired)
  given(requested(), granted('bob')).by(system).at(expiresAt).when('expire', {}).yields(expired)
  given(requested()).by(system).at(later(expiresAt, -1)).when('expire', {}).changesNothing()
  for (const ended of [refused('no'), used()]) given(requested(), ended).by(system).at(expiresAt).when('expire', {}).changesNothing()
  given().by(system).at(expiresAt).when('expire', {}).changesNothing()
})

t.test('F-22 F-24 the read model shows what was asked for and what became of it', async (t) => {
  const row = {
    approval: subject, ...own, envelope, reason: asked.reason, needed: 1, expires_at: expiresAt, verdict: 'allowed' as const, rule: null,
    charter_version: null, approvers: [], status: 'PENDING' as const, auto: null, asked_by: system.id, asked_at: now, ended_at: null,
    comment: null,
  }
  const after = (...facts: readonly ActionApprovalEvent[]) =>
    picture(t, actionApprovals).after(...[requested(), ...facts].map((fact) => recorded(actionApprovalState, fact)))
  after().shows(row)
  after(signed(1, 'bob'), granted('bob')).shows({ ...row, approvers: ['bob'], status: 'APPROVED', auto: false })
  after(granted('bob'), used()).matches({ status: 'USED', ended_at: now })
  after(granted('bob'), used(), returned).matches({ status: 'APPROVED', ended_at: null })
  after(refused('no')).matches({ status: 'REJECTED', auto: false, comment: 'no', ended_at: now })
  after(expired).matches({ status: 'EXPIRED', ended_at: now })
})
