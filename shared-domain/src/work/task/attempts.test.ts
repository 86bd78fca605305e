import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { now, subject, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { attempts } from './attempts.ts'
import { Task, type TaskEvent } from './events.ts'
import { results } from './results.ts'
import {
  blocked, cancelled, completed, created, delegated, escalated, expired, failed, handedOff, lease, other, owner, released, running, slot,
  started, token,
} from './scene.ts'
import { taskState } from './state.ts'

const told = (...facts: readonly TaskEvent[]) =>
  facts.map((fact, revision) => recorded(taskState, fact, { revision, at: later(now, revision * 1_000) }))

const begun = {
  task: subject, token, holder: owner, agent: null, slot, attempt: 0, selection: null, started_at: later(now, 1_000), ended_at: null,
  outcome: null, error: null, kind: null,
} as const

t.test('every lease of a task is a row: who had it, and how it ended', async (t) => {
  picture(t, attempts).after(...told(...running)).shows(begun)
  const returned = Task.TaskReturned({
    owner: other, from: 'IN_PROGRESS', to: owner, delegation: '1', cause: 'recalled', lease: lease(token), agentSlot: null, retryAt: null,
  } as never)
  const held = { lease: lease(token) }
  const ends: readonly [outcome: string, TaskEvent][] = [
    ['completed', completed(token)], ['expired', expired()], ['released', released()], ['handed off', handedOff()], ['returned', returned],
    ['blocked', blocked('manual', 'no key', [], held)], ['escalated', escalated(null, held)], ['cancelled', cancelled(held)],
  ]
  for (const [outcome, end] of ends) picture(t, attempts).after(...told(...running, end))
    .shows({ ...begun, ended_at: later(now, 2_000), outcome: outcome as 'completed' })
  const selection = { policy: 'deadline-priority/2', candidates: [{ id: subject, score: 10 }], rejected: [] }
  const again = started({ attempt: 1, selection, agent: uuid(700) } as object)
  picture(t, attempts).after(...told(...running, failed(0), blocked('manual'), again)).shows(
    { ...begun, ended_at: later(now, 2_000), outcome: 'failed', error: 'no', kind: 'error' },
    { ...begun, token: '4', attempt: 1, selection: selection as never, agent: uuid(700), started_at: later(now, 4_000) },
  )
  picture(t, attempts).after(...told(created(), delegated(other), blocked('manual'))).shows()
})

t.test('W-6 what came of a task is a row of its own', async (t) => {
  const artifacts = [{ name: 'report', uri: 'file:report', type: 'text/plain' }]
  const byHand = { lease: lease(token, { agent: uuid(700) } as object) }
  const done = { output: { lines: 3 }, artifacts, metrics: { cost: 7 }, actualHours: 1.5, ...byHand }
  picture(t, results).after(...told(...running, completed(token, done))).shows({
    task: subject, output: { lines: 3 }, artifacts, metrics: { cost: 7 }, token, holder: owner, agent: uuid(700), actual_hours: 1.5,
    completed_at: later(now, 2_000),
  })
  picture(t, results).after(...told(...running, completed(token))).matches({ output: null, artifacts: [] })
  picture(t, results).after(...told(...running)).shows()
})
