import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { admin, agent, behaviour, daemon, now, orchestrator as himself, subject, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { elsewhere, owner, registered } from '../../work/task/scene.ts'
import { capacity } from '../capacity/decider.ts'
import { idleConversations, silence_ms } from '../idle-conversations.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { conversationMessages, conversations } from './conversations.ts'
import { conversation } from './decider.ts'
import { Conversation, messages_max } from './events.ts'
import { conversationState } from './state.ts'

const target = { kind: 'user' as const, id: 'ada' }
const slot = uuid(900) as never
const begun = Conversation.ConversationInitiated({ orchestrator: owner as never, target, slot })
const said = (no: number, more: object = {}) =>
  Conversation.MessagePosted({ orchestrator: owner as never, no, content: 'Ahoy.', parent: null, from: 'ada', ...more })
const over = (more: object = {}) =>
  Conversation.ConversationClosed({ orchestrator: owner as never, cause: 'asked', reason: null, messages: 1, slot, ...more })
const opening = { orchestrator: owner, target, content: 'Ahoy.' }
const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

t.test('F-50 an orchestrator begins to talk, once a conversation, and the first message is its own', async () => {
  const given = behaviour(t, conversation).given().seeing(orchestratorState, owner, registered)
  given.when('open', opening).yields(begun, said(1))
  given.by(himself(owner)).when('open', opening).yields(begun, said(1, { from: owner }))
  given.by(daemon, owner).when('open', opening).yields(begun, said(1, { from: owner }))
  const known = behaviour(t, conversation).given(begun, said(1), said(2), over()).seeing(orchestratorState, owner, registered)
  known.when('open', opening).changesNothing()
  for (const more of [{ content: 'Farewell.' }, { target: { kind: 'channel' as const, id: 'ada' } }, { target: { ...target, id: 'bob' } }])
    known.when('open', { ...opening, ...more }).refuses('ALREADY_EXISTS')
})

t.test('F-50 nobody begins for another, for nobody, or for who has left', async (t) => {
  const given = behaviour(t, conversation).given()
  const known = given.seeing(orchestratorState, owner, registered)
  known.by(himself(uuid(9))).when('open', opening).refuses('FORBIDDEN')
  known.by(agent).when('open', opening).refuses('FORBIDDEN')
  given.when('open', opening).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, elsewhere).when('open', opening).refuses('NOT_FOUND')
  given.seeing(orchestratorState, owner, registered, left).when('open', opening)
    .refuses('INVALID_STATE_TRANSITION', { action: 'open', status: 'ARCHIVED' })
  const takes = (more: object) => conversation.commands.open.data.safeParse({ ...opening, ...more }).success
  t.ok(takes({ content: 'x'.repeat(10_000) }))
  const targets = [{ kind: 'ship', id: 'x' }, { kind: 'user', id: '' }].map((wrong) => ({ target: wrong }))
  const wrong = [{ content: '' }, { content: 'x'.repeat(10_001) }, ...targets]
  for (const more of wrong) t.notOk(takes(more), JSON.stringify(more).slice(0, 60))
})

/** What is said in a conversation that has begun: the fact, or the code of the refusal. */
const talk = () => {
  const world = new World([orchestrator, conversation, capacity])
  world.carryOut(send(orchestrator, owner, 'register', { name: 'Ada' }))
  const tell = (command: string, data: object, by = admin) => {
    const decided = world.do({ category: 'conversation', id: subject, command, data, by })
    return decided instanceof Rejection ? decided.code : decided.map(({ data }) => data)
  }
  tell('open', opening)
  return { world, tell }
}

t.test('F-51 messages are numbered, answer earlier ones, and are from whoever asks unless they say from whom', async (t) => {
  const { tell } = talk()
  const concerned = { orchestrator: owner, parent: null }
  t.strictSame(tell('post', { content: 'Who?' }, himself(owner)), [{ ...concerned, no: 2, content: 'Who?', from: owner }])
  const answer = { content: 'Me.', parent: 2, from: 'Bob' }
  for (const no of [3, 4]) t.strictSame(tell('post', answer, tool), [{ ...concerned, ...answer, no }], 'said twice, it stands there twice')
  t.equal(tell('post', { content: 'Later.', parent: 5 }), 'PARENT_UNKNOWN', 'no message answers itself')
  t.equal(tell('post', { content: 'x' }, himself(uuid(9))), 'FORBIDDEN')
  t.equal(tell('post', { content: 'x' }, agent), 'FORBIDDEN')
  t.equal(tell('close', {}, himself(uuid(9))), 'FORBIDDEN')
  const reason = 'All is said.'
  t.match(tell('close', { reason }), [{ orchestrator: owner, cause: 'asked', reason, messages: 4 }])
  t.strictSame(tell('close', {}), [], 'what is over ends no more')
  t.equal(tell('post', { content: 'x' }), 'INVALID_STATE_TRANSITION')
  behaviour(t, conversation).given().when('post', { content: 'x' }).refuses('NOT_FOUND')
  behaviour(t, conversation).given().when('close', {}).refuses('NOT_FOUND')
})

t.test('F-51 a conversation has 1,000 messages at the most', async () => {
  const full = behaviour(t, conversation).given(begun, said(messages_max))
  full.when('post', { content: 'One more.' }).refuses('LIMIT_REACHED', { max: 1_000 })
  full.when('close', {}).yields(over({ messages: messages_max }))
})

t.test('F-51 after a day in which nothing was said a conversation ends, and whatever is said begins the day anew', async (t) => {
  const { world, tell } = talk()
  const courier = new Courier(world, [idleConversations])
  courier.settle()
  world.pass(silence_ms - 1)
  tell('post', { content: 'Still here.' })
  courier.settle()
  world.pass(silence_ms - 1)
  courier.settle()
  t.equal(world.look(conversationState, subject).stage, 'open')
  world.pass(1)
  courier.settle()
  t.match(world.log.at(-1), { type: 'ConversationClosed', data: { cause: 'idle', reason: null, messages: 2 } })
  t.equal(courier.waiting.length, 0)
  behaviour(t, conversation).given(begun, said(1), said(2)).when('lapse', { message: '1' }).changesNothing()
  behaviour(t, conversation).given(begun, said(1), over()).when('lapse', { message: '1' }).changesNothing()
})

t.test('F-51 whatever is said and whenever, numbers have no gap and an open conversation was heard within a day', async (t) => {
  const step = fc.record({ command: fc.constantFrom('post', 'post', 'post', 'close'), hours: fc.constantFrom(0, 1, 13, 23, 25) })
  let ended = 0
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
    const { world, tell } = talk()
    const courier = new Courier(world, [idleConversations])
    for (const { command, hours } of steps) {
      courier.settle()
      world.pass(hours * hour_ms)
      courier.settle()
      tell(command, command === 'post' ? { content: 'Ahoy.' } : {})
    }
    courier.settle()
    const messages = world.log.filter(({ type }) => type === 'MessagePosted')
    if (messages.some(({ data }, index) => (data as { no: number }).no !== index + 1)) throw new Error('a number is missing')
    const [end, ...more] = world.log.filter(({ type }) => type === 'ConversationClosed')
    if (more.length > 0) throw new Error('it ended twice')
    if (!end && world.at >= later(messages.at(-1)!.at, silence_ms)) throw new Error('nobody ended it')
    ended += end ? 1 : 0
  }), { seed: 2030, numRuns: 200 })
  t.ok(ended > 20, `${ended} ended`)
})

t.test('F-50 F-51 the read models show conversations and what was said in them', async (t) => {
  const at = (revision: number) => ({ at: later(now, revision * 1_000), revision })
  const facts = [begun, said(1), said(2, { parent: 1 }), over({ messages: 2 })].map((fact, n) => recorded(conversationState, fact, at(n)))
  const row = { conversation: subject, orchestrator: owner, target_kind: 'user' as const, target: 'ada', opened_at: now }
  picture(t, conversations).after(...facts.slice(0, 2)).shows({ ...row, status: 'OPEN', messages: 1, last_at: later(now, 1_000) })
  picture(t, conversations).after(...facts).shows({ ...row, status: 'CLOSED', messages: 2, last_at: later(now, 2_000) })
  const message = { conversation: subject, orchestrator: owner, content: 'Ahoy.', from: 'ada' }
  picture(t, conversationMessages).after(...facts).shows(
    { ...message, no: 1, parent: null, at: later(now, 1_000) }, { ...message, no: 2, parent: 1, at: later(now, 2_000) })
})
