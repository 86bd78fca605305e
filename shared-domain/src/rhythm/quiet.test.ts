import t from 'tap'
import { conversation } from '../fleet/conversation/decider.ts'
import { conversationState } from '../fleet/conversation/state.ts'
import { Rejection } from '../kernel/decider.ts'
import { orchestrator as actor, tool, uuid } from '../kernel/testing.ts'
import { hour_ms } from '../kernel/time.ts'
import { ada, bob, night, opens } from './scene.ts'

const evening = [{ start: '20:00', end: '09:00' }]
const day = [{ start: '09:00', end: '17:00' }]
const autoReply = 'I am asleep.'

/** One o'clock at night: whoever is told, and what comes of it. */
function house(terms: object = {}) {
  const { world } = night({ quietHours: evening, officeHours: day, autoReply, ...terms })
  const say = (category: string, id: string, command: string, data: object, by = actor(ada), imported = false) => {
    const wish = { category, id, command, data, by, actsFor: by.kind === 'orchestrator' ? by.id : null }
    const said = world.do(wish, { ...world.contextOf(wish), imported })
    return said instanceof Rejection ? said : said.map(({ type }) => type)
  }
  const open = (kind: string, by = actor(ada), id = uuid(20)) =>
    say('conversation', id, 'open', { orchestrator: ada, target: { kind, id: 'eve' }, content: 'Ahoy.' }, by)
  const admin = { kind: 'admin', id: 'root' } as const
  return { world, say, open, admin }
}

t.test('R-24 in quiet hours an orchestrator says nothing to users and posts nothing; admins pass', async (t) => {
  const refused = new Rejection('QUIET_HOURS', { orchestrator: ada, nextAvailableAt: opens })
  const { world, say, open, admin } = house()
  t.strictSame(open('user'), refused)
  t.strictSame(open('user', tool), refused)
  t.strictSame(open('channel'), ['ConversationInitiated', 'MessagePosted'], 'a channel is nobody who sleeps')
  t.strictSame(say('conversation', uuid(20), 'post', { content: 'x' }), ['MessagePosted'])
  t.strictSame(open('user', admin, uuid(21)), ['ConversationInitiated', 'MessagePosted'])
  t.strictSame(say('conversation', uuid(21), 'post', { content: 'x' }), refused)
  t.strictSame(say('conversation', uuid(21), 'post', { content: 'x', from: 'eve' }, tool), ['MessagePosted'], 'the user may speak')
  t.strictSame(say('conversation', uuid(21), 'post', { content: 'x' }, actor(ada), true), ['MessagePosted'], 'what is imported was said')
  t.strictSame(say('conversation', uuid(21), 'post', { content: 'x' }, admin), ['MessagePosted'])
  const post = { orchestrator: ada, kind: 'progress', message: 'x' }
  t.strictSame(say('statusPost', uuid(22), 'post', post), refused)
  t.strictSame(say('statusPost', uuid(22), 'post', post, admin), ['OrchestratorStatusPosted'])
  t.strictSame(say('statusPost', uuid(23), 'post', { ...post, orchestrator: bob }, actor(bob)), ['OrchestratorStatusPosted'])
  world.pass(8 * hour_ms)
  t.strictSame(say('conversation', uuid(21), 'post', { content: 'x' }), ['MessagePosted'])
  t.strictSame(house({ quietHours: [] }).open('user'), ['ConversationInitiated', 'MessagePosted'])
})

t.test('R-24 outside office hours whoever talks to it is answered at once', async (t) => {
  const { world, open, admin } = house()
  open('user', admin)
  const { open: opening, post } = conversation.commands
  const answered = (command: typeof opening | typeof post, at = world) =>
    command.answers!.of(at.look(conversationState, uuid(20)), at.contextOf({ id: uuid(20) }))
  t.strictSame(answered(opening), { autoReply })
  t.strictSame(answered(post), { no: 1, autoReply })
  world.pass(8 * hour_ms)
  t.strictSame(answered(opening), { autoReply: null })
  for (const terms of [{ officeHours: [] }, { autoReply: null }]) {
    const other = house(terms)
    other.open('user', other.admin)
    t.strictSame(answered(opening, other.world), { autoReply: null })
  }
  t.strictSame(answered(opening, night().world), { autoReply: null })
})
