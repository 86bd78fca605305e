import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, now, subject, uuid } from '../../kernel/testing.ts'
import { choiceRows } from './choices.ts'
import { Task, type TaskEvent } from './events.ts'
import { assigned, delegated, hand, handedOff, other, owner, place, started, toHand } from './scene.ts'
import { taskState } from './state.ts'

const told = (fact: TaskEvent) => recorded(taskState, fact, { revision: 3, by: admin })
const row = { task: subject, revision: 3, counts: {}, reason: null, by: 'ada', at: now, candidates: [], rejected: [] }
const grounds = { position: '7', digest: 'ab'.repeat(32) }
const policy = 'capability-reliability/1'

t.test('W-22 W-30 every choice by a policy has a row with whom it was made among, and why not others', async (t) => {
  const shows = picture(t, choiceRows)
  const candidates = [{ id: hand.id, score: 0.5 }]
  const rejected = [{ id: uuid(701), code: 'FULL' }]
  const counts = { FULL: 1 }
  const chosen = { policy, candidates, rejected, grounds }
  shows.after(told(toHand({ agentSlot: place(), ...chosen as object, counts, reason: 'queue-order/1' })))
    .shows({ ...row, kind: 'assign', policy, chosen: hand.id, candidates, rejected, counts, reason: 'queue-order/1' })
  shows.after(told(Task.TaskPlacementFailed({ owner: owner as never, policy, rejected: rejected as never, since: now, counts, grounds })))
    .shows({ ...row, kind: 'none', policy, chosen: null, rejected, counts })
  const selection = { policy: 'deadline-priority/2', candidates: [{ id: subject, score: 10 }], rejected }
  shows.after(told(started({ selection: selection as never })))
    .shows({ ...row, ...selection, kind: 'claim', chosen: subject })
  const federation = { policy: 'federation/1', candidates: [{ id: other, score: 89 }], rejected: [] }
  const move = { ...federation as object, grounds, note: 'yours' }
  for (const fact of [delegated(other, owner, move), handedOff(move)])
    shows.after(told(fact)).shows({ ...row, ...federation, kind: 'delegate', chosen: other, reason: 'yours' })
  shows.after(told(assigned('a person', { policy: 'any' }))).matches({ chosen: null })
})

t.test('W-22 what was done by hand is no choice', async (t) => {
  for (const fact of [toHand(), started(), delegated(other), handedOff()]) picture(t, choiceRows).after(told(fact)).shows()
})
