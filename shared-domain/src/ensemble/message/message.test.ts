import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import type { Actor, Recorded } from '../../kernel/fact.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { admin, now, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import { later, minute_ms, second_ms } from '../../kernel/time.ts'
import { translated } from '../../kernel/alias.ts'
import { hands, house, other } from '../session/scene.ts'
import { sessions } from '../session/sessions.ts'
import { sessionMessage } from './decider.ts'
import { messageReceipts } from './message-receipts.ts'
import { communicating } from './older-words.ts'
import { sessionReplay } from './questions.ts'
import { sessionMessages } from './session-messages.ts'

const [first, second, third] = hands as [string, string, string]
const swarm = { title: 'Draw it', pattern: 'swarm', members: hands.map((agent) => ({ agent })) }
const as = (id: string): Actor => ({ kind: 'agent', id })
const message = (n: number) => uuid(600 + n)

/** A session of three that is at work. */
function scene() {
  const home = house()
  home.wish('form', swarm)
  const told = (decided: ReturnType<typeof home.world.do>) => {
    home.courier.settle()
    return decided instanceof Rejection ? decided.code : decided.map(({ type }) => type)
  }
  const send = (n: number, data: object, by: Actor = as(first)) => told(home.world.do({
    category: 'sessionMessage', id: message(n), command: 'send', by,
      data: { session: subject, from: first, type: 'coordination', payload: n, ...data },
  }))
  const answer = (n: number, command: string, by: Actor, data: object = {}) =>
    told(home.world.do({ category: 'sessionMessage', id: message(n), command, data, by }))
  const replay = (query: object = {}) =>
    (home.world.ask(sessionReplay, { params: { session: subject }, query }) as any)?.items.map(({ payload }: any) => payload)
  return { ...home, send, answer, replay }
}

const recipients = (log: readonly Recorded[]) =>
  log.filter(({ type }) => type.startsWith('Message')).map(({ type, recipient }) => [type, recipient])

t.test('E-40 E-45 a message is for one member, or for all others, each of whom is told as its recipient', async (t) => {
  const { world, send } = scene()
  t.strictSame(send(1, { to: second }), ['MessageSent'])
  t.strictSame(send(2, {}), ['MessageSent', 'MessageAddressed', 'MessageAddressed'])
  t.strictSame(recipients(world.log), [['MessageSent', second], ['MessageSent', null], ['MessageAddressed', second],
    ['MessageAddressed', third]])
  t.equal(send(2, {}), 'ALREADY_EXISTS')
  t.match(rowsAfter(sessions, world.log), [{ messages: 2 }])
})

t.test('E-40 members write as themselves, to other members, of a session that is at work', async (t) => {
  const { send, wish, tell } = scene()
  t.equal(send(1, { to: first }), 'NOT_A_MEMBER')
  t.equal(send(1, { to: uuid(99) }), 'NOT_A_MEMBER')
  t.equal(send(1, { from: uuid(99) }), 'NOT_A_MEMBER')
  t.equal(send(1, { from: second }), 'FORBIDDEN')
  t.equal(send(1, {}, orchestrator(other)), 'FORBIDDEN')
  t.equal(send(1, { session: uuid(9) }), 'NOT_FOUND')
  t.strictSame(send(1, { from: second, to: third }, admin), ['MessageSent'])
  wish('form', { ...swarm, autoStart: false }, admin, uuid(2))
  t.equal(send(2, { session: uuid(2) }), 'COMMUNICATION_FAILED')
  tell('ensemble', subject, 'complete', {})
  t.equal(send(2, {}), 'COMMUNICATION_FAILED')
})

t.test('E-41 E-42 whoever was addressed takes note once, and says once what came of it', async (t) => {
  const { world, send, answer } = scene()
  send(1, { to: second, requireAcknowledgment: true })
  t.equal(answer(1, 'acknowledge', as(third)), 'NOT_ADDRESSED')
  t.equal(answer(1, 'acknowledge', as(first)), 'NOT_ADDRESSED')
  t.equal(answer(9, 'acknowledge', as(second)), 'NOT_FOUND')
  t.strictSame(answer(1, 'acknowledge', as(second)), ['MessageAcknowledged'])
  t.strictSame(answer(1, 'acknowledge', as(second)), [])
  t.strictSame(answer(1, 'process', as(second), { result: { done: true } }), ['MessageProcessed'])
  t.strictSame(answer(1, 'process', as(second)), [])
  send(2, {})
  t.equal(answer(2, 'process', admin), 'VALIDATION_ERROR', 'for which of the two')
  t.equal(answer(2, 'process', admin, { agent: first }), 'NOT_ADDRESSED')
  t.strictSame(answer(2, 'process', admin, { agent: third }), ['MessageAcknowledged', 'MessageProcessed'])
  t.match(rowsAfter(messageReceipts, world.log), [
    { message: message(1), agent: second, session: subject, acknowledged_at: now, late: false, processed_at: now, result: { done: true } },
    { message: message(2), agent: third, result: null, late: false },
  ])
  t.match(rowsAfter(sessionMessages, world.log).map(({ missing }) => missing), [0, 0])
})

t.test('E-43 who has taken no note in time is told once, and whoever does later is late', async (t) => {
  const { world, courier, send, answer } = scene()
  const timeouts = () => world.log.filter(({ type }) => type === 'MessageAcknowledgementTimedOut')
  send(1, { requireAcknowledgment: true, ackTimeout_ms: 1_000 })
  send(2, { to: second, requireAcknowledgment: true })
  send(3, { to: second })
  t.strictSame(courier.waiting.filter(({ category }) => category === 'sessionMessage').map(({ key }) => key),
    [`ack-${message(1)}`, `ack-${message(2)}`])
  answer(1, 'acknowledge', as(second))
  answer(2, 'acknowledge', as(second))
  t.strictSame(courier.waiting.filter(({ category }) => category === 'sessionMessage').map(({ key }) => key), [`ack-${message(1)}`])
  world.pass(second_ms)
  courier.settle()
  t.match(timeouts(), [{ id: message(1), recipient: first, data: { missing: [third], reason: 'COORDINATION_TIMEOUT' } }])
  const due = later(now, second_ms)
  t.strictSame(answer(1, 'expire', admin), [], 'once')
  t.strictSame([answer(2, 'expire', admin), answer(3, 'expire', admin), answer(9, 'expire', admin)], [[], [], []], 'not due, or never')
  world.pass(minute_ms)
  t.strictSame(answer(2, 'expire', admin), [])
  answer(1, 'acknowledge', as(third))
  t.match(rowsAfter(messageReceipts, world.log).map(({ agent, late }) => [agent, late]), [[second, false], [second, false], [third, true]])
  t.match(rowsAfter(sessionMessages, world.log), [{ missing: 0, timed_out: true, ack_due_at: due }, { missing: 0, timed_out: false },
    { ack_due_at: null }])
})

t.test('E-45 replay is in the order of acceptance, from a position on, and the same again', async (t) => {
  const { world, send, answer, replay } = scene()
  send(1, { to: second })
  send(2, { requireAcknowledgment: true })
  send(3, { from: second, to: first, type: 'error_report', inReplyTo: message(1) }, as(second))
  t.strictSame([replay(), replay()], [[1, 2, 3], [1, 2, 3]])
  t.strictSame(replay({ to: second }), [1, 2], 'what is addressed to all, too')
  t.strictSame([replay({ type: 'error_report' }), replay({ missing: true }), replay({ missing: false })], [[3], [2], [1, 3]])
  const { log_position } = rowsAfter(sessionMessages, world.log)[0]!
  t.strictSame(replay({ after: log_position }), [2, 3])
  for (const agent of [second, third]) answer(2, 'acknowledge', as(agent))
  t.strictSame(replay({ missing: true }), [])
  t.equal(world.ask(sessionReplay, { params: { session: uuid(9) } }), undefined)
})

t.test('E-44 in older words', async (t) => {
  const said = { sessionId: subject, fromAgentId: first, messageType: 'coordination', payload: {} }
  const canonical = { session: subject, from: first, type: 'coordination', payload: {} }
  const { data } = sessionMessage.commands.send!
  t.strictSame(translated(communicating[0]!, data, { ...said, toAgentId: null }, now), canonical)
  t.strictSame(translated(communicating[0]!, data, said, now), canonical)
  t.strictSame(translated(communicating[0]!, data, { ...said, toAgentId: second }, now), { ...canonical, to: second })
})

t.test('E-82 after the end nothing is taken, only addressees take note, once, and replay is the order of acceptance', async (t) => {
  const deed = fc.record({
    command: fc.constantFrom('send', 'send', 'acknowledge', 'process', 'complete'), n: fc.nat(8), by: fc.nat(2), to: fc.option(fc.nat(2)),
    isAwaited: fc.boolean(), wait_ms: fc.constantFrom(0, 0, second_ms, minute_ms), isEnd: fc.nat(5).map((n) => n === 0),
  })
  let [taken, refused] = [0, 0]
  fc.assert(fc.property(fc.array(deed, { maxLength: 40, size: 'max' }), (deeds) => {
    const { world, courier, tell, send, answer, replay } = scene()
    let isOver = false
    for (const { command, n, by, to, isAwaited, wait_ms, isEnd } of deeds) {
      world.pass(wait_ms)
      courier.settle()
      const who = hands[by]!
      if (command === 'complete') {
        if (isEnd) tell('ensemble', subject, 'complete', {})
        isOver ||= isEnd
      } else if (command === 'send') {
        const outcome = send(n, { from: who, ...(to === null ? {} : { to: hands[to] }), requireAcknowledgment: isAwaited }, as(who))
        if (Array.isArray(outcome) && isOver) throw new Error('something was said after the end')
        if (Array.isArray(outcome)) taken++
        else refused++
      } else {
        answer(n, command, as(who))
      }
    }
    const sent = world.log.filter(({ type }) => type === 'MessageSent') as readonly any[]
    const notes = world.log.filter(({ type }) => type === 'MessageAcknowledged') as readonly any[]
    const names = notes.map(({ id, data: { agent } }) => `${id} ${agent}`)
    if (new Set(names).size < names.length) throw new Error('somebody has taken note twice')
    for (const { id, data: { agent } } of notes)
      if (!sent.find((one) => one.id === id).data.addressees.includes(agent)) throw new Error('a stranger has taken note')
    t.strictSame(replay(), sent.map(({ data }) => data.payload))
    t.strictSame(replay(), replay())
  }), { seed: 2030, numRuns: 120 })
  t.ok(taken > 200 && refused > 200, `${taken} were taken, ${refused} refused`)
})
