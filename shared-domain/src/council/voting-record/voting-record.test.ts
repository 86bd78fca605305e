import t from 'tap'
import { organization } from '../../fleet/organization/decider.ts'
import { Organization } from '../../fleet/organization/events.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { behaviour, orchestrator as actor, organization as acme, subject, system, uuid } from '../../kernel/testing.ts'
import { Courier, World } from '../../kernel/world.ts'
import { DecisionId, OrchestratorId } from '../../vocabulary.ts'
import { decision } from '../decision/decider.ts'
import { judging } from '../judging.ts'
import { votingRecord } from './decider.ts'
import { VotingRecord, type VotingRecordEvent } from './events.ts'
import { votingRecordState } from './state.ts'
import { votingRecords } from './voting-records.ts'
import { brierOf, earnedWeight } from './weight.ts'

const times = (count: number, brier: number) => ({ n: count, sum: count * brier })
const [right, wrong] = [brierOf(0.8, true), brierOf(0.8, false)]

t.test('C-50 a record of right votes makes a weight grow, a record of wrong ones makes it shrink, within bounds', async (t) => {
  const briers = [right, wrong, brierOf(0.5, true), brierOf(1, false), brierOf(0.57, true), brierOf(1, true)]
  t.strictSame(briers, [400, 6_400, 2_500, 10_000, 1_849, 0])
  const mixed = { n: 4, sum: 3 * right + wrong }
  const examples = [
    [1, times(0, 0), 1_000n], [1, times(20, right), 1_560n], [1, times(20, wrong), 500n], [1, mixed, 1_069n], [3, mixed, 3_206n],
  ] as const
  for (const [base, judged, weight] of examples) t.equal(earnedWeight(base, judged), weight, `base ${base} ${JSON.stringify(judged)}`)
  t.equal(earnedWeight(100, times(1_000_000, 0)), 199_999n, 'never as much as twice')
})

const judged = (over: object = {}) => VotingRecord.VoteJudged({
  decision: DecisionId.parse(uuid(31)), type: 'decision', orchestrator: OrchestratorId.parse(uuid(11)), brier: right, n: 1, sum: right,
  ...over,
})

t.test('C-50 each decision is judged once, anew where the result is another', async (t) => {
  const given = (...facts: readonly VotingRecordEvent[]) => behaviour(t, votingRecord).given(...facts).by(system)
  const wish = { decision: uuid(31), type: 'decision' as const, orchestrator: uuid(11), confidence: 0.8, wasRight: true }
  given().when('judge', wish).yields(judged())
  given(judged()).when('judge', wish).changesNothing()
  given(judged()).when('judge', { ...wish, decision: uuid(32), wasRight: false })
    .yields(judged({ decision: uuid(32), brier: wrong, n: 2, sum: right + wrong }))
  given(judged()).when('judge', { ...wish, wasRight: false }).yields(judged({ brier: wrong, sum: wrong }))
  given(judged()).when('judge', { ...wish, decision: uuid(32), type: 'other' }).yields(judged({ decision: uuid(32), type: 'other' }))
  const facts = [judged(), judged({ decision: uuid(32), n: 2, sum: 800 })].map((fact) => recorded(votingRecordState, fact))
  picture(t, votingRecords).after(...facts)
    .shows({ elector: subject, type: 'decision', n: 2, sum: 800, weight_factor: 1_140 })
})

t.test('C-50 what was right is judged for everybody who voted for or against, and weighs in questions that are opened later', async (t) => {
  const world = new World([organization, orchestrator, decision, votingRecord])
  const founded = Organization.OrganizationCreated({ slug: acme, name: 'Acme', zone: 'UTC' })
  world.append(organization, acme, [founded], world.contextOf({ id: acme }))
  const courier = new Courier(world, [judging])
  const [a, b, c] = [11, 12, 13].map(uuid) as [string, string, string]
  for (const [index, id] of [a, b, c].entries())
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', consensusWeight: index + 1 }))
  const ask = (id: string, command: string, data: object, by?: string) =>
    world.do({ category: 'decision', id, command, data, ...(by === undefined ? {} : { by: actor(by) }) })
  const wish = { title: 'Shall we?', electorate: [a, b, c], protocol: 'weighted', weights: 'earned' }
  t.match(ask(uuid(30), 'open', wish), { code: 'EARNED_WEIGHTS_OFF' })
  world.do({ category: 'organization', id: acme, command: 'configure', data: { earnedWeights: true } })
  ask(uuid(31), 'open', wish)
  ask(uuid(31), 'cast', { vote: 'APPROVE', confidence: 0.9 }, b)
  ask(uuid(31), 'cast', { vote: 'REJECT' }, c)
  t.match(world.log.at(-2), { type: 'DecisionRejected' })
  ask(uuid(31), 'recordResult', { right: 'APPROVE' })
  courier.settle()
  const weights = (id: string) => {
    const facts = ask(id, 'open', wish)
    if (facts instanceof Rejection) throw new Error(facts.code)
    return (facts[0]!.data as { electorate: object[] }).electorate
  }
  t.match(weights(uuid(32)), [
    { elector: a, base: '1', weight: '1000', judged: { n: 0, sum: 0 } },
    { elector: b, base: '2', weight: String(earnedWeight(2, times(1, 100))), judged: { n: 1, sum: 100 } },
    { elector: c, base: '3', weight: String(earnedWeight(3, times(1, wrong))), judged: { n: 1, sum: wrong } },
  ])
  ask(uuid(31), 'recordResult', { right: 'REJECT' })
  courier.settle()
  t.match(weights(uuid(33)), [{}, { judged: { n: 1, sum: 8_100 } }, { judged: { n: 1, sum: right } }], 'a corrected result replaces')
  const before = world.log.length
  ask(uuid(31), 'recordResult', { right: 'REJECT', note: 'again' })
  courier.settle()
  t.equal(world.log.length, before + 1, 'and what is only said anew judges nobody')
})
