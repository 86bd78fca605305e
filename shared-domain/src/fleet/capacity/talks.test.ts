import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { behaviour, subject, system, uuid } from '../../kernel/testing.ts'
import { Courier, World } from '../../kernel/world.ts'
import { conversationSlots } from '../conversation-slots.ts'
import { conversation } from '../conversation/decider.ts'
import { Conversation } from '../conversation/events.ts'
import { conversationState } from '../conversation/state.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { capacities } from './capacities.ts'
import { capacity } from './decider.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { set } from './scene.ts'
import { reservation_ms } from './slots.ts'
import { capacityState, talking } from './state.ts'

const place = (n: number) => ({ conversation: uuid(n), command: uuid(900 + n) })
const one = set(5, 0, 0, { maxConcurrentConversations: 1 })
const counts = (open: number, reserved: number, max = 1) => ({ open, reserved, max })
const reserved = Capacity.ConversationSlotReserved({ ...place(7), ...counts(0, 1) })
const confirmed = Capacity.ConversationSlotConfirmed({ ...place(7), ...counts(1, 0) })
const released = (reason: 'ended' | 'not-started' | 'expired') =>
  Capacity.ConversationSlotReleased({ ...place(7), ...counts(0, 0), reason })

const target = { kind: 'user' as const, id: 'ada' }
const begun = (slot: string, orchestrator = subject) =>
  Conversation.ConversationInitiated({ orchestrator: orchestrator as never, target, slot: slot as never })
const over = Conversation.ConversationClosed({ orchestrator: subject as never, cause: 'asked', reason: null, messages: 1, slot: null })

t.test('R-30 a place for a conversation is taken, confirmed, and given back once', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(one, ...facts).by(system)
  given().when('reserveConversation', place(7)).yields(reserved)
  given(reserved).when('reserveConversation', place(8)).refuses('CAPACITY_EXCEEDED', { kind: 'conversations', ...counts(0, 1) })
  given(reserved, confirmed).when('reserveConversation', place(8)).refuses('CAPACITY_EXCEEDED', { kind: 'conversations', ...counts(1, 0) })
  given(reserved).when('confirmConversation', place(7)).yields(confirmed)
  given(reserved).when('releaseConversation', { ...place(7), reason: 'not-started' }).yields(released('not-started'))
  given(reserved, confirmed).when('releaseConversation', { ...place(7), reason: 'ended' }).yields(released('ended'))
  given().when('releaseConversation', { ...place(7), reason: 'ended' }).changesNothing()
  given(Capacity.CapacityClosed({ max: 5, active: 0, reserved: 0, slots: [] })).when('reserveConversation', place(7))
    .refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: subject })
  behaviour(t, capacity).given().by(system).when('reserveConversation', place(7))
    .yields(set(5), Capacity.ConversationSlotReserved({ ...place(7), ...counts(0, 1, 10) }))
})

t.test('R-30 a place whose time is up is confirmed when its conversation goes on, else given back; late, if there is room', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(one, ...facts).by(system)
  const goesOn = [conversationState, uuid(7), begun(place(7).command)] as const
  given(reserved).when('expireConversation', place(7)).yields(released('expired'))
  given(reserved).seeing(...goesOn).when('expireConversation', place(7)).yields(confirmed)
  given(reserved).seeing(...goesOn, over).when('expireConversation', place(7)).yields(released('expired'))
  for (const another of [begun(uuid(1)), begun(place(7).command, uuid(9))])
    given(reserved).seeing(conversationState, uuid(7), another).when('expireConversation', place(7)).yields(released('expired'))
  given(reserved, confirmed).when('expireConversation', place(7)).changesNothing()
  given().when('confirmConversation', place(7)).changesNothing()
  given().seeing(...goesOn).when('confirmConversation', place(7)).yields(confirmed)
  given(reserved, confirmed).when('confirmConversation', place(7)).changesNothing()
  given(Capacity.ConversationSlotReserved({ ...place(8), ...counts(0, 1) })).seeing(...goesOn).when('confirmConversation', place(7))
    .refuses('CAPACITY_EXCEEDED', { kind: 'conversations' })
})

t.test('R-30 F-50 as many conversations as may are open at once, each from the beginning to the end', async (t) => {
  const world = new World([capacity, conversation, orchestrator])
  const courier = new Courier(world, [conversationSlots])
  world.carryOut(send(orchestrator, subject, 'register', { name: 'Ada' }))
  world.do({ category: 'capacity', id: subject, command: 'adjust', data: { maxConcurrentConversations: 2 } })
  const talk = (n: number, command: string, data: object) => {
    const decided = world.do({ category: 'conversation', id: uuid(n), command, data })
    courier.settle()
    return decided instanceof Rejection ? decided.code : decided.length
  }
  const open = (n: number) => talk(n, 'open', { orchestrator: subject, target, content: 'Ahoy.' })
  t.strictSame([open(1), open(2), open(3)], [2, 2, 'CAPACITY_EXCEEDED'])
  t.strictSame(talking(world.look(capacityState, subject)), counts(0, 2, 2))
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame([talking(world.look(capacityState, subject)), courier.waiting], [counts(2, 0, 2), []])
  talk(1, 'close', {})
  t.strictSame([open(3), open(1)], [2, 0], 'what is over begins no more')
  t.strictSame(talking(world.look(capacityState, subject)), counts(1, 1, 2))
  // What nobody knows the fate of goes back in time, and comes back when it began after all.
  talk(3, 'close', {})
  world.carryOut(send(capacity, subject, 'reserveConversation', place(9)))
  courier.settle()
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame(talking(world.look(capacityState, subject)), counts(1, 0, 2))
  world.append(conversationState, uuid(9), [begun(place(9).command)], world.contextOf({ id: uuid(9) }))
  courier.settle()
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame([talking(world.look(capacityState, subject)), courier.waiting.length], [counts(2, 0, 2), 0])
})

t.test('R-30 the row counts conversations that have begun or are about to', async (t) => {
  const facts = [one, reserved, confirmed].map((fact) => recorded(capacityState, fact))
  picture(t, capacities).after(...facts).matches({ conversations: 1, max_conversations: 1 })
  picture(t, capacities).after(...facts, recorded(capacityState, released('ended'))).matches({ conversations: 0 })
  picture(t, capacities).after(recorded(capacityState, reserved)).matches({ conversations: 1, max: 5, band: 'idle' })
})
