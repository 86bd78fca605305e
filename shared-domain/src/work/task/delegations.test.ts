import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { now, subject } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { delegationPairs, delegations } from './delegations.ts'
import { created, delegated, handedOff, other, owner, third } from './scene.ts'
import { taskState } from './state.ts'

const handed = (from: string, to: string) => handedOff({ owner: from, to, note: 'halfway', forced: true })
const facts = [created(), delegated(other), handed(other, third), delegated(other, third), delegated(owner, other), delegated(other)]
  .map((fact, revision) => recorded(taskState, fact, { revision, at: later(now, revision * 1_000) }))

t.test('S-16 S-17 every move of a task has a row', async (t) => {
  const move = { task: subject, kind: 'delegation', by_id: 'test', reason: null, forced: false } as const
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

t.test('older words for what an orchestrator handed out and was handed', async (t) => {
  const [older] = delegations.aliases
  const said = (direction: 'out' | 'in') => older!.say!({ orchestrator: owner, direction, kind: 'handoff' }, now)
  t.strictSame(said('out'), { from: owner, kind: 'handoff' })
  t.strictSame(said('in'), { to: owner, kind: 'handoff' })
})
