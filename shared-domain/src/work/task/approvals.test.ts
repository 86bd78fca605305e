import t from 'tap'
import { Decision } from '../../council/decision/events.ts'
import { cancelled as withdrawing, ended, question, seat, tally } from '../../council/decision/scene.ts'
import { decisionState } from '../../council/decision/state.ts'
import { now, subject, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { opening_ms } from './approvals.ts'
import { Task } from './events.ts'
import { created, first, needsApproval, other, owner, scene, started } from './scene.ts'

t.test('S-3 a task that needs approvals waits for all of them', async (t) => {
  const [decision, another] = [uuid(31), uuid(32)]
  const opened = Decision.DecisionOpened({ ...question, type: 'task_approval', electorate: [seat(owner), seat(other)], task: subject })
  const voted = ended(tally(2, 0, 0, true, 2), 'voted', { type: 'task_approval', task: subject })
  const approved = Decision.DecisionApproved(voted)
  const cancelled = withdrawing({ task: subject, missing: [] })
  const required = needsApproval(decision)
  const both = needsApproval(another, [decision, another])
  const given = scene(t)(created(), required)
  given.seeing(decisionState, decision, opened).when('start', {}).refuses('CONSENSUS_REQUIRED', { decisions: [decision] })
  for (const outcome of [Decision.DecisionRejected, Decision.DecisionExpired])
    given.seeing(decisionState, decision, opened, outcome(voted)).when('start', {}).refuses('CONSENSUS_REQUIRED')
  for (const outcome of [approved, cancelled]) given.seeing(decisionState, decision, opened, outcome).when('start', {}).yields(started())
  scene(t)(created()).when('requireApproval', { decision }).yieldsEachTime(required)
  given.when('requireApproval', { decision: another }).yieldsEachTime(both)
  // Another electorate that approves does not make good for the one that did not.
  const wanting = scene(t)(created(), required, both).seeing(decisionState, another, opened, approved)
  wanting.seeing(decisionState, decision, opened, Decision.DecisionRejected(voted)).when('start', {})
    .refuses('CONSENSUS_REQUIRED', { decisions: [decision] })
  wanting.seeing(decisionState, decision, opened, approved).when('start', {}).yields(started())
})

t.test('S-3 a task does not wait for the approval of a question that was not put', async (t) => {
  const [decision, another] = [uuid(31), uuid(32)]
  const ask = (over: object = {}) => Decision.DecisionOpened({ ...question, type: 'task_approval', task: subject, ...over })
  const required = needsApproval(decision)
  const both = needsApproval(another, [decision, another])
  const withdrawn = Task.ApprovalWithdrawn({ owner, decision, decisions: [another] })
  const given = scene(t)(created(), required, both)
  given.when('withdrawApproval', { decision, taken: '1' }).yields(withdrawn)
  given.when('withdrawApproval', { decision, taken: '0' }).changesNothing()
  // What has the same id may be another question, or one about another task.
  for (const over of [{ task: first }, { type: 'decision' as const }])
    given.seeing(decisionState, decision, ask(over)).when('withdrawApproval', { decision, taken: '1' }).yields(withdrawn)
  given.seeing(decisionState, decision, ask()).when('withdrawApproval', { decision, taken: '1' }).changesNothing()
  // Whoever announced it as well may still open it.
  const twice = (wait_ms: number) => scene(t)(created(), required, required).at(later(now, wait_ms))
  for (const taken of ['1', '2']) twice(opening_ms - 1).when('withdrawApproval', { decision, taken }).changesNothing()
  twice(opening_ms).when('withdrawApproval', { decision, taken: '1' }).changesNothing()
  twice(opening_ms).when('withdrawApproval', { decision, taken: '2' }).yields(Task.ApprovalWithdrawn({ owner, decision, decisions: [] }))
  scene(t)(created(), required, Task.ApprovalWithdrawn({ owner, decision, decisions: [] })).when('start', {}).yields(started())
})
