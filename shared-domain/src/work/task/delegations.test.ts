import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { now, subject } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { delegationPairs, delegationPairsDaily } from './delegation-pairs.ts'
import { delegations } from './delegations.ts'
import { Task } from './events.ts'
import { created, delegated, handedOff, other, owner, third } from './scene.ts'
import { taskState } from './state.ts'

const handed = (from: string, to: string) => handedOff({ owner: from, to, note: 'halfway', forced: true })
const facts = [created(), delegated(other), handed(other, third), delegated(other, third), delegated(owner, other), delegated(other)]
  .map((fact, revision) => recorded(taskState, fact, { revision, at: later(now, revision * 1_000) }))

const unopened = {
  state: 'NONE' as const, outcome_reason: null, accepted_at: null, started_at: null, ended_at: null, retries: 0, answer_by: null,
  finish_by: null, attempt: 1, retry_of: null, depth: null, back: 0, policy: null, candidates: [],
}

t.test('S-16 S-17 every move of a task has a row', async (t) => {
  const move = { task: subject, kind: 'delegation', by_id: 'test', reason: null, forced: false, ...unopened } as const
  picture(t, delegations).after(...facts).shows(
    { ...move, revision: 1, from: owner, to: other, at: later(now, 1_000) },
    { ...move, revision: 2, kind: 'handoff', from: other, to: third, at: later(now, 2_000), reason: 'halfway', forced: true },
    { ...move, revision: 3, from: third, to: other, at: later(now, 3_000) },
    { ...move, revision: 4, from: other, to: owner, at: later(now, 4_000) },
    { ...move, revision: 5, from: owner, to: other, at: later(now, 5_000) },
  )
})

t.test('how often work went from one to another is counted by pair', async (t) => {
  picture(t, delegationPairs).after(...facts).shows(
    { from: owner, to: other, delegations: 2, handoffs: 0 },
    { from: other, to: third, delegations: 0, handoffs: 1 },
    { from: third, to: other, delegations: 1, handoffs: 0 },
    { from: other, to: owner, delegations: 1, handoffs: 0 },
  )
})

t.test('W-33 W-41 the read models show what became of moves', async (t) => {
  const [soon, late] = [later(now, 60_000), later(now, 120_000)]
  const told = { owner: other, delegation: '1', from: owner, to: other, outcome: null, reason: null } as const
  const ended = Task.DelegationEnded({ ...told, outcome: 'TIMED_OUT', reason: 'late', youngest: null })
  const history = [
    created(), delegated(other, owner, { depth: 1, retries: 2, answerBy: soon, finishBy: late, back: 1 }),
    Task.DelegationAccepted(told), Task.DelegationStarted(told), Task.DelegationFailed(told), ended,
  ].map((fact, revision) => recorded(taskState, fact, { revision, at: later(now, revision * 1_000) }))
  const row = {
    task: subject, revision: 1, kind: 'delegation' as const, from: owner, to: other, at: later(now, 1_000), by_id: 'test', reason: null,
    forced: false, ...unopened, state: 'OFFERED' as const, retries: 2, answer_by: soon, finish_by: late, depth: 1, back: 1,
  }
  const after = (facts: number) => picture(t, delegations).after(...history.slice(0, facts))
  after(2).shows(row)
  after(3).shows({ ...row, state: 'ACCEPTED', accepted_at: later(now, 2_000) })
  const answered = { ...row, accepted_at: later(now, 2_000), started_at: later(now, 3_000) }
  after(4).shows({ ...answered, state: 'STARTED' })
  after(5).shows({ ...answered, state: 'FAILED' })
  after(6).shows({ ...answered, state: 'TIMED_OUT', outcome_reason: 'late', ended_at: later(now, 5_000) })
  picture(t, delegationPairsDaily).after(...history).shows({
    from: owner, to: other, day: '2030-01-01', delegations: 1, handoffs: 0, accepted: 1, started: 1, completed: 0, declined: 0, recalled: 0,
    timed_out: 1, failed: 0, cancelled: 0, returned: 0,
  })
})

t.test('older words for what an orchestrator handed out and was handed', async (t) => {
  const [older] = delegations.aliases
  const said = (direction: 'out' | 'in') => older!.say!({ orchestrator: owner, direction, kind: 'handoff' }, now)
  t.strictSame(said('out'), { from: owner, kind: 'handoff' })
  t.strictSame(said('in'), { to: owner, kind: 'handoff' })
})
