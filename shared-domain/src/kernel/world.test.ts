import t from 'tap'
import { z } from 'zod'
import { decider, fold, reject, Rejection, type Circumstances, type Evolve } from './decider.ts'
import { events, type EventOf } from './events.ts'
import { cited, Cited, groundsOf, rowsOf, type RowsAsked } from './grounds.ts'
import { forget, type Intent } from './intent.ts'
import { selected } from './picture.ts'
import { process, send, tell } from './process.ts'
import { readModel } from './read-model.ts'
import { busy, conflict } from './refusal.ts'
import { Outcome } from './report.ts'
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

const Log = events({ LogWritten: { about: 'It was written down.', data: z.object({ door: z.uuid(), outcome: Outcome }) } })
const log = decider(fold('log', Log, {}, { LogWritten: () => ({}) }), {
  collection: 'logs',
  rejections: {},
  commands: {
    note: {
      about: 'Write it down.', internal: true, data: z.object({ door: z.uuid(), outcome: Outcome }),
      decide: (_, said) => [Log.LogWritten(said)],
    },
  },
})

t.test('R-3 whoever wants to know is told what became of an intent, also of one that waited or was refused', async (t) => {
  const world = new World([door, log])
  const guarding = process<EventOf<typeof Door>>({
    name: 'guarding',
    about: 'Closes what was opened, and has it written down.',
    react: {
      DoorOpened: ({ id, at, data: { guard } }) => [
        send(door, id, 'close', {}, { report: tell(log, subject, 'note', { door: id }) }),
        send(door, guard, 'close', { locked: true }, {
          due: later(at, 1), key: guard, report: tell(log, subject, 'note', { door: guard }),
        }),
      ],
    },
  })
  const courier = new Courier(world, [guarding])
  world.append(door, subject, [Door.DoorOpened({ guard: uuid(2) })], world.contextOf({ id: subject }))
  courier.settle()
  const told = () => world.log.filter(({ type }) => type === 'LogWritten').map(({ data }) => data)
  const first = { door: subject, outcome: { changed: true, revision: '1', code: null, detail: {} } }
  t.strictSame(told(), [first])
  world.pass(1)
  courier.settle()
  t.strictSame(told(), [first, { door: uuid(2), outcome: { changed: false, revision: null, code: 'LOCKED', detail: {} } }])
})

const Seat = events({
  SeatTaken: { about: 'Taken.', data: z.object({ party: z.uuid() }) },
  SeatFreed: { about: 'Free.', data: z.object({}) },
  SeatMade: { about: 'There is one more.', data: z.object({ comfort: z.int() }) },
})
const taking: Evolve<{ readonly by: string | null }, EventOf<typeof Seat>> = {
  SeatTaken: (_, { party: by }) => ({ by }), SeatFreed: () => ({ by: null }), SeatMade: (state) => state,
}
const seat = decider(fold('seat', Seat, { by: null }, taking), {
  collection: 'seats',
  rejections: { OCCUPIED: busy('Somebody sits there.') },
  commands: {
    make: { about: 'Bring one.', data: z.object({ comfort: z.int() }), decide: (_, { comfort }) => [Seat.SeatMade({ comfort })] },
    take: {
      about: 'Sit down.', data: z.object({ party: z.uuid() }),
      decide: ({ by }, { party }) => (by === null ? [Seat.SeatTaken({ party })] : by === party ? [] : reject('OCCUPIED')),
    },
    free: { about: 'Stand up.', data: z.object({}), decide: () => [Seat.SeatFreed({})] },
  },
})
const seats = readModel({
  name: 'seats', about: 'Where one sits.', version: 1, path: '/seats', key: ['seat'], row: z.object({ seat: z.uuid(), comfort: z.int() }),
  project: { SeatMade: ({ id, data }: { id: string; data: { comfort: number } }) => [{ put: { seat: id, comfort: data.comfort } }] },
})

const Party = events({ PartySeated: { about: 'It sits.', data: z.object({ seats: z.array(z.uuid()), grounds: Cited.nullable() }) } })
const seating: Evolve<{ readonly seated: boolean }, EventOf<typeof Party>> = { PartySeated: () => ({ seated: true }) }
const holding = (ids: readonly string[], party: string) =>
  ids.map((id) => ({ take: send(seat, id, 'take', { party }), giveBack: () => send(seat, id, 'free', {}), within_ms: 1 }))

const best = ({ grounds, refused }: Circumstances) =>
  grounds!.rows.seats!.map(({ seat }) => seat as string).filter((id) => !refused!.some((one) => one.id === id)).slice(0, 2)

const party = decider(fold('party', Party, { seated: false }, seating), {
  collection: 'parties',
  rejections: { OCCUPIED: busy('A seat is occupied.'), FULL: conflict('There are not two seats.') },
  commands: {
    seat: {
      about: 'Sit on these.', data: z.object({ seats: z.array(z.uuid()) }),
      holds: (_, { seats }, { id }) => holding(seats, id),
      decide: (_, { seats }) => [Party.PartySeated({ seats, grounds: null })],
    },
    seatWell: {
      about: 'Sit on the two best.', data: z.object({}),
      grounds: () => ({ seats: rowsOf(seats, { columns: ['seat'], order: ['comfort'], descending: true }) }),
      holds: (_, __, context) => holding(best(context), context.id),
      decide: (_, __, context) => {
        const seats = best(context)
        return seats.length < 2 ? reject('FULL') : [Party.PartySeated({ seats, grounds: cited(context.grounds!) })]
      },
    },
  },
})

t.test('E-2 a world holds several streams or none, and chooses again without what is refused', async (t) => {
  const world = new World([seat, party])
  const [a, b, c, d] = [11, 12, 13, 14].map(uuid) as [string, string, string, string]
  const occupied = () => [a, b, c, d].map((id) => world.look(seat, id).by)
  for (const [id, comfort] of [[a, 1], [b, 4], [c, 3], [d, 2]] as const)
    world.do({ category: 'seat', id, command: 'make', data: { comfort } })
  const asks = (id: string, command: string, data: object = {}) => world.do({ category: 'party', id, command, data })
  t.match(asks(uuid(1), 'seat', { seats: [c] }), [{ type: 'PartySeated' }])
  t.match(asks(uuid(2), 'seat', { seats: [c, b] }), { code: 'OCCUPIED' }, 'what was named is not chosen again')
  t.strictSame(occupied(), [null, null, uuid(1), null])
  t.strictSame(world.log.filter(({ id }) => id === b).map(({ type }) => type), ['SeatMade', 'SeatTaken', 'SeatFreed'])
  const found = world.find({ seats: rowsOf(seats, { columns: ['seat'], order: ['comfort'], descending: true }) })
  t.strictSame(found.rows.seats, [b, c, d, a].map((seat) => ({ seat })))
  const seated = asks(uuid(3), 'seatWell')
  t.match(seated, [{ data: { seats: [b, d] } }])
  t.match(seated, [{ data: { grounds: cited(groundsOf(found.rows, String(found.position))) } }], 'E-1 the fact names the rows')
  t.match(asks(uuid(4), 'seatWell'), { code: 'FULL' }, 'after b, c and d only a is left')
  t.strictSame(occupied(), [null, uuid(3), uuid(1), uuid(3)])
})

t.test('E-1 rows are selected in memory as they are in Postgres', async (t) => {
  const rows = [1, 2, 3, 4].map((n) => ({ seat: uuid(n), comfort: n === 2 ? null : n % 3 }))
  const found = (asked: Partial<RowsAsked>) =>
    selected(rows, { from: seats, columns: ['seat'], ...asked }).map(({ seat }) => rows.findIndex((row) => row.seat === seat) + 1)
  t.strictSame(found({}), [1, 2, 3, 4])
  t.strictSame(found({ order: ['comfort'] }), [3, 1, 4, 2])
  t.strictSame(found({ order: ['comfort'], descending: true, limit: 3 }), [4, 1, 3], 'nulls last, and the key turned as well')
  t.strictSame(found({ where: { comfort: [null, 0] } }), [2, 3])
  t.strictSame(found({ where: { seat: uuid(4) } }), [4])
  t.strictSame(found({ atLeast: { comfort: 1 } }), [1, 4])
  t.strictSame(found({ atMost: { comfort: 0 } }), [3])
})
