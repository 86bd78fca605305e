import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../kernel/decider.ts'
import type { Actor } from '../kernel/fact.ts'
import { orchestrator as orchestratorActor, uuid } from '../kernel/testing.ts'
import { Courier, World } from '../kernel/world.ts'
import { actionApproval } from './approval/decider.ts'
import { actionApprovalState } from './approval/state.ts'
import { charter } from './charter/decider.ts'
import { hashOf } from './charter/envelope.ts'
import { expiries } from './expiries.ts'
import { orchestrator } from './orchestrator/decider.ts'

const [owner, id] = [uuid(1), uuid(40)] as [string, string]
const envelope = { action: 'deploy.site' }
const hash = hashOf(envelope)
const admins: readonly Actor[] = [1, 2, 3].map((n) => ({ kind: 'admin', id: `admin ${n}` }))
const expires_ms = 60_000

function scene(needed: number, asker: Actor) {
  const world = new World([orchestrator, charter, actionApproval])
  const courier = new Courier(world, [expiries])
  const wish = (command: string, data: unknown, by?: Actor) =>
    world.do({ category: 'actionApproval', id, command, data, ...(by && { by }) })
  world.do({ category: 'orchestrator', id: owner, command: 'register', data: { name: 'Ada' } })
  wish('request', { orchestrator: owner, envelope, reason: 'x', needed, expiresIn_s: expires_ms / 1_000 }, asker)
  return { world, courier, wish }
}

t.test('F-24 an approval that nobody uses in time expires, and nothing waits for one that was rejected', async (t) => {
  const { world, courier, wish } = scene(1, admins[0]!)
  wish('approve', { hash }, admins[1])
  courier.settle()
  world.pass(expires_ms - 1)
  courier.settle()
  t.equal(world.look(actionApprovalState, id).stage, 'APPROVED')
  world.pass(1)
  courier.settle()
  t.strictSame([world.look(actionApprovalState, id).stage, courier.waiting], ['EXPIRED', []])
  const other = scene(1, admins[0]!)
  other.wish('reject', { comment: 'no' }, admins[1])
  other.courier.settle()
  t.strictSame(other.courier.waiting, [])
})

const step = fc.record({
  act: fc.constantFrom('approve', 'approve', 'approve', 'take', 'take', 'use', 'giveBack', 'reject'), who: fc.nat(2), command: fc.nat(2),
  wait_ms: fc.constantFrom(0, 0, 0, 0, 9_000), settles: fc.boolean(),
})

t.test('F-102 no approval by its asker, used twice, or from expiry on', async (t) => {
  let uses = 0
  let ends = 0
  const steps = fc.array(step, { maxLength: 40, size: 'max' })
  fc.assert(fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(3), steps, (needed, asks, steps) => {
    const asker = admins[asks] ?? orchestratorActor(owner)
    const { world, courier, wish } = scene(needed, asker)
    for (const { act, who, command: n, wait_ms, settles } of steps) {
      world.pass(wait_ms)
      if (settles) courier.settle()
      const command = uuid(900 + n)
      if (act === 'approve') wish('approve', { hash }, admins[who])
      else if (act === 'reject' && n === 2) wish('reject', { comment: 'no' }, admins[who])
      else if (act === 'take') wish('take', { orchestrator: owner, hash, command })
      else if (act === 'use') wish('use', { envelope }, orchestratorActor(owner))
      else if (act === 'giveBack') wish('giveBack', { command })
    }
    world.pass(expires_ms)
    courier.settle()
    if (courier.waiting.length > 0) throw new Error('something waits for nothing')
    const facts = world.log.filter(({ category }) => category === 'actionApproval')
    const until = (facts[0]!.data as { expiresAt: string }).expiresAt
    let isOut = false
    for (const { type, at, by, data } of facts) {
      const approvers = (data as { approvers?: string[]; signatures?: string[] }).approvers ?? []
      if (type === 'ApprovalSigned' && by.id === asker.id) throw new Error('signed by its asker')
      const isWell = new Set(approvers).size === needed && !approvers.includes(asker.id)
      if (type === 'ApprovalGranted' && !isWell) throw new Error('granted by too few')
      if (type !== 'ApprovalExpired' && type !== 'ApprovalReturned' && at >= until) throw new Error(`${type} from its expiry on`)
      if (type === 'ApprovalUsed' && isOut) throw new Error('used twice')
      if (type === 'ApprovalUsed') uses++
      if (type === 'ApprovalExpired') ends++
      isOut = type === 'ApprovalUsed' || (isOut && type !== 'ApprovalReturned')
    }
  }), { seed: 2030, numRuns: 1_000 })
  t.ok(uses > 100 && ends > 100, `${uses} uses, ${ends} ends`)
  t.ok(scene(1, admins[0]!).wish('approve', { hash }, admins[0]) instanceof Rejection)
})
