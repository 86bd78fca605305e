import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { Rejection } from '../kernel/decider.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { hour_ms, later } from '../kernel/time.ts'
import { World } from '../kernel/world.ts'
import { decision } from './decision/decider.ts'
import { decisionState } from './decision/state.ts'

const [a, b, c, question] = [11, 12, 13, 31].map(uuid) as [string, string, string, string]

t.test('C-15 nothing that happens to an elector later changes an open decision', async (t) => {
  const world = new World([orchestrator, capacity, decision])
  for (const id of [a, b, c]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', consensusWeight: 2 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const ask = (command: string, data: object, by?: string) => {
    const outcome = world.do({ category: 'decision', id: question, command, data, ...(by === undefined ? {} : { by: actor(by) }) })
    if (outcome instanceof Rejection) throw new Error(outcome.code)
    return outcome
  }
  ask('open', { title: 'Shall we?', electorate: [a, b, c], protocol: 'weighted', deadline: later(world.at, hour_ms) })
  ask('cast', { vote: 'APPROVE' }, a)
  world.carryOut(send(orchestrator, a, 'update', { consensusWeight: 100 }))
  world.carryOut(send(orchestrator, b, 'deactivate', {}))
  for (const id of [a, c]) world.carryOut(send(orchestrator, id, 'archive', {}))
  t.match(ask('cast', { vote: 'REJECT' }, b), [{ data: { tally: { approvals: 1, weights: { all: '6', approve: '2', reject: '2' } } } }, {}],
    'who is away votes, and the vote of who has left stays')
  const outcome = world.log.at(-2)!
  t.match(outcome, { type: 'DecisionRejected', data: { missing: [c] } }, 'who has left without a vote is missing')
  t.equal(world.look(decisionState, question).stage, 'rejected')
})
