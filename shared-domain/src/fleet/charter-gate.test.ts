import t from 'tap'
import { Rejection, type Command, type Context, type Decider } from '../kernel/decider.ts'
import type { Barrier, Said } from '../kernel/gate.ts'
import {
  admin, agent as agentActor, daemon, orchestrator as orchestratorActor, subject as id, system, tool, uuid,
} from '../kernel/testing.ts'
import { World } from '../kernel/world.ts'
import { task } from '../work/task/decider.ts'
import { agent } from './agent/decider.ts'
import { actionApproval } from './approval/decider.ts'
import { charterGate } from './charter-gate.ts'
import { charter } from './charter/decider.ts'
import { hashOf, type Envelope } from './charter/envelope.ts'
import { orchestrator } from './orchestrator/decider.ts'
import { charterViolation } from './violation/decider.ts'

const itself = orchestratorActor(id)

function scene(document: object | null) {
  const world = new World([orchestrator, charter, charterViolation, actionApproval, agent])
  const wish = (category: string, command: string, data: unknown = {}, stream = id) =>
    world.do({ category, id: stream, command, data })
  wish('orchestrator', 'register', { name: 'Ada' })
  wish('agent', 'register', { name: 'A', orchestrator: id }, agentActor.id)
  if (document) wish('charter', 'publish', { document })
  wish('orchestrator', 'guard')
  const looks: string[] = []
  const ask = (decider: Decider, name: string, said: Said, more: Partial<Context> = {}): Barrier | undefined => {
    const command: Command = decider.commands[name]!
    const context = world.contextOf({ id, by: itself })
    const look: Context['look'] = (fold, stream) => {
      looks.push(fold.category)
      return context.look(fold, stream)
    }
    return charterGate.ask({ decider, name, command, said }, { ...context, look, ...more })
  }
  return { world, wish, ask, looks }
}

const creating = { id: undefined, payload: { title: 'x' } }
const envelope: Envelope = { action: 'task.create', path: '/tasks', payload: { title: 'x' } }
const hash = hashOf(envelope)

t.test('F-78 the gate is there for what is written, started or claimed, and for nothing else', async (t) => {
  const guarded = ({ commands }: Decider) => Object.keys(commands).filter((name) => charterGate.guards(commands[name]!))
  t.ok(['create', 'start', 'startSelected', 'handoff'].every((name) => guarded(task).includes(name)))
  t.notOk(['heartbeat', 'complete', 'breakCircle', 'retire'].some((name) => guarded(task).includes(name)))
  t.notOk(['publish', 'activate', 'rollback', 'clearIntervention'].some((name) => guarded(charter).includes(name)))
  t.strictSame([...guarded(charterViolation), ...guarded(actionApproval)], [], 'asking is free')
})

t.test('F-8 F-78 where no charter is noted nothing else is looked at', async (t) => {
  const { ask, looks } = scene(null)
  t.equal(ask(task, 'create', creating), undefined)
  t.strictSame(looks, ['orchestrator'])
})

t.test('F-78 who heeds a charter: an orchestrator, its daemons and its agents; no admin, tool or process', async (t) => {
  const { ask, looks } = scene({ constraints: { forbiddenActions: ['task.*'] } })
  for (const by of [admin, tool, system]) t.equal(ask(task, 'create', creating, { by, actsFor: null }), undefined)
  t.strictSame(looks, [])
  t.match(ask(task, 'create', creating, { by: daemon, actsFor: id }), { refusal: { code: 'CHARTER_DENIED' } })
  t.match(ask(task, 'create', creating, { by: agentActor, actsFor: null }), { refusal: { code: 'CHARTER_DENIED' } })
  t.equal(ask(task, 'create', creating, { by: { kind: 'agent', id: uuid(9) }, actsFor: null }), undefined, 'an agent of nobody')
  t.equal(ask(task, 'create', creating, { by: daemon, actsFor: null }), undefined)
})

t.test('F-78 an envelope names the command, the stream and what was said; a claim is a start', async (t) => {
  const { ask } = scene({ constraints: { requireApprovalFor: ['*'] } })
  const said = (decider: Decider, name: string, what: Said) => (ask(decider, name, what)!.refusal.detail as { envelope: Envelope }).envelope
  t.strictSame(said(task, 'create', creating), envelope)
  t.strictSame(said(task, 'startSelected', { id: uuid(2), payload: {} }), { action: 'task.start', path: `/tasks/${uuid(2)}`, payload: {} })
  t.strictSame(said(task, 'start', { id: uuid(2), payload: {} }), said(task, 'startSelected', { id: uuid(2), payload: {} }))
  t.strictSame(ask(task, 'create', creating)!.refusal, new Rejection('APPROVAL_REQUIRED', { envelope, hash }))
})

t.test('F-78 what is denied is recorded like a check', async (t) => {
  const { ask, world } = scene({ constraints: { forbiddenActions: ['task.create'] } })
  const barrier = ask(task, 'create', creating)!
  const rule = { list: 'forbiddenActions', pattern: 'task.create' }
  t.strictSame(barrier.refusal, new Rejection('CHARTER_DENIED', { rule }))
  t.match(world.carryOut(barrier.record!), [{
    id: `${id}.2030010100`,
    data: { orchestrator: id, action: 'task.create', command: null, path: '/tasks', hash, rule, charterVersion: 1 },
  }])
  t.equal(ask(task, 'cancel', creating), undefined)
})

t.test('F-78 an approval opens the gate once, for exactly that and for nobody else', async (t) => {
  const { ask, world, wish } = scene({ constraints: { requireApprovalFor: ['task.create'] } })
  const approval = uuid(40)
  world.do({ category: 'actionApproval', id: approval, command: 'request', data: { orchestrator: id, envelope, reason: 'x' }, by: itself })
  const taken = (said: Said) => world.carryOut(ask(task, 'create', said, { approval })!.hold!.take)
  t.match(taken(creating), { code: 'APPROVAL_NOT_GRANTED' })
  wish('actionApproval', 'approve', { hash }, approval)
  t.match(taken({ id: undefined, payload: { title: 'y' } }), { code: 'ACTION_MISMATCH' })
  const barrier = ask(task, 'create', creating, { approval })!
  t.match(world.carryOut(barrier.hold!.take), [{ type: 'ApprovalUsed' }])
  t.match(taken(creating), { code: 'APPROVAL_NOT_GRANTED' }, 'another command')
  t.match(world.carryOut(barrier.hold!.giveBack('0')), [{ type: 'ApprovalReturned' }])
  t.match(taken(creating), [{ type: 'ApprovalUsed' }])
  t.equal(ask(task, 'create', creating)!.hold, undefined, 'nobody is let through who shows nothing')
})
