import fc from 'fast-check'
import t from 'tap'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { hour_ms, later } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { deadlines } from './deadlines.ts'
import { decision } from './decision/decider.ts'
import { electors } from './decision/scene.ts'
import { decisionState } from './decision/state.ts'

const question = uuid(1)

function scene() {
  const world = new World([orchestrator, decision])
  const courier = new Courier(world, [deadlines])
  for (const id of electors) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const open = (data: object) => {
    world.do({ category: 'decision', id: question, command: 'open', data: { title: 'Shall we?', electorate: electors, ...data } })
    courier.settle()
  }
  const vote = (index: number, vote: string) => {
    const decided = world.do({ category: 'decision', id: question, command: 'cast', data: { vote }, by: actor(electors[index]!) })
    courier.settle()
    return decided
  }
  return { world, courier, open, vote, stage: () => world.look(decisionState, question).stage }
}

t.test('S-53 the timer closes a question at its deadline, and a question that ended needs none', async (t) => {
  const { world, courier, open, vote, stage } = scene()
  open({ deadline: later(world.at, hour_ms) })
  vote(0, 'APPROVE')
  world.pass(hour_ms - 1)
  courier.settle()
  t.equal(stage(), 'pending')
  world.pass(1)
  courier.settle()
  t.equal(stage(), 'expired')

  const other = scene()
  other.open({ deadline: later(other.world.at, hour_ms), reminders_s: [600, 60] })
  t.equal(other.courier.waiting.length, 3)
  for (const index of [0, 1, 2]) other.vote(index, 'REJECT')
  t.strictSame([other.stage(), other.courier.waiting], ['rejected', []])
})

t.test('C-17 C-6 those who have not voted are reminded at the times that are still ahead, anew when there is more time', async (t) => {
  const { world, courier, open, vote } = scene()
  const deadline = later(world.at, 2 * hour_ms)
  open({ deadline, reminders_s: [86_400, 3_600, 60] })
  t.strictSame(courier.waiting.map(({ command }) => command).sort(), ['close', 'remind', 'remind'])
  vote(0, 'APPROVE')
  const reminded = () => world.log.filter(({ type }) => type === 'VoteReminded')
    .map(({ data }) => data as { elector: string; left_s: number })
  world.pass(hour_ms)
  courier.settle()
  t.strictSame(reminded().map(({ elector, left_s }) => [elector, left_s]), electors.slice(1).map((elector) => [elector, 3_600]))
  world.do({ category: 'decision', id: question, command: 'extend', data: { deadline: later(deadline, 2 * hour_ms), reason: 'late' } })
  courier.settle()
  world.pass(2 * hour_ms)
  courier.settle()
  t.strictSame(reminded().map(({ left_s }) => left_s), Array(8).fill(3_600), 'the minute before the first deadline is none any more')
})

t.test('S-52 S-53 however electors vote and change their minds, the end is what a count of all votes gives', async (t) => {
  const ends = new Set<string>()
  const ballot = fc.record({ index: fc.nat(4), vote: fc.constantFrom('APPROVE', 'REJECT', 'ABSTAIN') })
  fc.assert(fc.property(fc.array(ballot, { maxLength: 9 }), fc.constantFrom(0.2, 0.5, 0.6, 1), (ballots, quorum) => {
    const { world, courier, open, vote, stage } = scene()
    open({ quorum, deadline: later(world.at, hour_ms) })
    const asked = new Map<string, { vote: 'APPROVE' | 'REJECT' | 'ABSTAIN' }>()
    for (const { index, vote: said } of ballots) {
      const wasOpen = stage() === 'pending'
      vote(index, said)
      // Those who vote for the first time after the end are counted as well: they could not have changed it.
      if (wasOpen || !asked.has(electors[index]!)) asked.set(electors[index]!, { vote: said as 'APPROVE' })
    }
    world.pass(hour_ms)
    courier.settle()
    const said = [...asked.values()].map(({ vote }) => vote)
    const [approvals, rejections] = (['APPROVE', 'REJECT'] as const).map((vote) => said.filter((one) => one === vote).length)
    const expected = said.length / electors.length < quorum ? 'expired' : approvals! > rejections! ? 'approved' : 'rejected'
    if (stage() !== expected) throw new Error(`${stage()}, not ${expected}`)
    ends.add(expected)
  }), { seed: 2030, numRuns: 300 })
  t.strictSame([...ends].sort(), ['approved', 'expired', 'rejected'])
})
