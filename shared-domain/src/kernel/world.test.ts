import t from 'tap'
import { z } from 'zod'
import { decider, fold, reject, Rejection, type Evolve } from './decider.ts'
import { events, type EventOf } from './events.ts'
import { forget, type Intent } from './intent.ts'
import { process, send } from './process.ts'
import { conflict } from './refusal.ts'
import { now, subject, system, uuid } from './testing.ts'
import { later } from './time.ts'
import { Courier, World } from './world.ts'

const Door = events({
  DoorOpened: { about: 'It is open.', data: z.object({ guard: z.string() }) },
  DoorClosed: { about: 'It is closed.', data: z.object({}) },
})

interface State { readonly open: boolean }
const evolve: Evolve<State, EventOf<typeof Door>> = { DoorOpened: () => ({ open: true }), DoorClosed: () => ({ open: false }) }
const doorState = fold('door', Door, { open: false }, evolve)

const shut = (id: string): Intent => ({ category: 'door', id, command: 'close', data: {} })

const door = decider(doorState, {
  collection: 'doors',
  rejections: { LOCKED: conflict('It is locked.') },
  commands: {
    open: {
      about: 'Open it; whoever does holds the guard meanwhile.',
      data: z.object({ guard: z.uuid() }),
      holds: (_, { guard }) => ({ take: shut(guard), giveBack: () => shut(guard), within_ms: 1 }),
      decide: ({ open }, { guard }) => (open ? [] : [Door.DoorOpened({ guard })]),
    },
    close: {
      about: 'Close it.',
      data: z.object({ locked: z.boolean().default(false) }),
      decide: (_, { locked }, { id }) => (locked || id === uuid(9) ? reject('LOCKED') : [Door.DoorClosed({})]),
    },
  },
})
const opening = (id: string, guard: string) => ({ category: 'door', id, command: 'open', data: { guard } })

t.test('a world decides, appends and takes what must be held, or leaves everything as it was', async (t) => {
  const world = new World([door])
  t.match(world.do(opening(subject, uuid(9))), { code: 'LOCKED' }, 'what cannot be held cannot be had')
  t.strictSame(world.log, [])
  world.pass(1_000)
  t.match(world.do(opening(subject, uuid(2))), [{ type: 'DoorOpened', id: subject, revision: 0, position: '1', at: later(now, 1_000) }])
  t.strictSame(world.log.map(({ type, id }) => [type, id]), [['DoorClosed', uuid(2)], ['DoorOpened', subject]], 'the hold comes first')
  t.strictSame(world.do(opening(subject, uuid(2))), [])
  t.strictSame([subject, uuid(3)].map((id) => world.look(doorState, id)), [{ open: true }, { open: false }])
})

const closing = process<EventOf<typeof Door>>({
  name: 'closing',
  about: 'Closes doors after a minute.',
  react: {
    DoorOpened: ({ id, at }) => [send(door, id, 'close', {}, { due: later(at, 60_000), key: id })],
    DoorClosed: ({ id }) => [forget(id)],
  },
})

t.test('a courier keeps one timer for each key: a later one replaces it, and it can be taken back', async (t) => {
  const world = new World([door])
  const courier = new Courier(world, [closing])
  const open = (id: string) => world.append(door, id, [Door.DoorOpened({ guard: '' })], world.contextOf({ id }))
  open(subject)
  courier.settle()
  world.pass(30_000)
  open(subject)
  open(uuid(2))
  courier.settle()
  t.strictSame(courier.waiting.map(({ key, due }) => [key, due]), [[subject, later(now, 90_000)], [uuid(2), later(now, 90_000)]])
  world.carryOut(shut(subject))
  courier.settle()
  t.strictSame(courier.waiting.map(({ key }) => key), [uuid(2)])
  world.pass(59_999)
  courier.settle()
  t.equal(world.look(doorState, uuid(2)).open, true)
  world.pass(1)
  courier.settle()
  t.strictSame([world.look(doorState, uuid(2)).open, courier.waiting], [false, []])
  t.strictSame(world.log.at(-1)!.by, system)
  t.notOk(world.do({ category: 'door', id: subject, command: 'close', data: {} }) instanceof Rejection)
})
