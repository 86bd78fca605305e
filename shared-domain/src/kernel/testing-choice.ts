import { z } from 'zod'
import { criterion, type Choice, type Selection } from './choice.ts'
import { downTo, upTo } from './condition.ts'
import { decider, fold, reject, type Evolve } from './decider.ts'
import { events, type EventOf } from './events.ts'
import { Cited, rowsOf } from './grounds.ts'
import { readModel, type Project } from './read-model.ts'
import { conflict } from './refusal.ts'
import { later } from './time.ts'

/** Parcels that wait in depots, and two choices among them that use every word of choices: for tests alone. */

const Instant = z.iso.datetime({ precision: 3 })
const hour_ms = 3_600_000
export const urgencies = ['express', 'normal', 'slow'] as const

const posted = z.object({
  depot: z.uuid(), urgency: z.enum(urgencies), size: z.int(), due: Instant.nullable(), since: Instant,
  tags: z.array(z.string()), handling: z.array(z.string()),
})
const Selected = z.object({
  policy: z.string(), candidates: z.array(z.object({ id: z.string(), score: z.number() })),
  rejected: z.array(z.object({ id: z.string(), code: z.string() })), grounds: Cited.nullable(),
})

export const Parcel = events({
  ParcelPosted: { about: 'It waits in a depot.', data: posted },
  ParcelSealed: { about: 'It cannot be sent for now.', data: z.object({}) },
  ParcelSent: { about: 'It is on its way.', data: z.object({ selection: Selected }) },
})
type ParcelEvent = EventOf<typeof Parcel>
type State = 'unknown' | 'waiting' | 'sealed' | 'sent'
const evolve: Evolve<State, ParcelEvent> = { ParcelPosted: () => 'waiting', ParcelSealed: () => 'sealed', ParcelSent: () => 'sent' }

export const parcel = decider(fold('parcel', Parcel, 'unknown' as State, evolve), {
  collection: 'parcels',
  rejections: { GONE: conflict('It is on its way, or never was.'), SEALED: conflict('It is sealed.') },
  commands: {
    post: { about: 'Bring it.', creates: true, data: posted, decide: (_, data) => [Parcel.ParcelPosted(data)] },
    seal: { about: 'Keep it.', data: z.object({}), decide: () => [Parcel.ParcelSealed({})] },
    send: {
      about: 'Send it.', internal: true, data: z.object({ selection: Selected }),
      decide: (state, { selection }) =>
        (state === 'waiting' ? [Parcel.ParcelSent({ selection })] : reject(state === 'sealed' ? 'SEALED' : 'GONE')),
    },
  },
})

const project: Project<typeof row, 'parcel', ParcelEvent> = {
  ParcelPosted: ({ id, data }) => [{ put: { parcel: id, ...data, status: 'waiting', rest: null } }],
  ParcelSent: ({ id }) => [{ patch: { status: 'sent' }, at: { parcel: id } }],
}
const row = posted.extend({ parcel: z.uuid(), status: z.enum(['waiting', 'sent']), rest: Instant.nullable() })

export const parcels = readModel({
  name: 'parcel', about: 'What waits.', version: 1, path: '/parcels', row, key: ['parcel'], order: ['since'], contains: { tag: 'tags' },
  indexes: [['depot', 'status', 'urgency', 'due', 'since', 'parcel'], ['status', 'due', 'since', 'parcel']], project,
})
export type ParcelRow = z.output<typeof row>

export const depots = readModel({
  name: 'depot', about: 'Where they wait.', version: 1, path: '/depots', key: ['depot'],
  row: z.object({ depot: z.uuid(), city: z.string(), bonus: z.int() }),
})
export const vans = readModel({
  name: 'van', about: 'What they are sent in.', version: 1, path: '/vans', key: ['van'], row: z.object({ van: z.uuid(), room: z.int() }),
})
export const limits = readModel({
  name: 'patience', about: 'How long one waits.', version: 1, path: '/patience', key: ['name'],
  row: z.object({ name: z.string(), hours: z.int() }),
})

const weights = { express: 100, normal: 10, slow: 1 }
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const ties = (a: ParcelRow, b: ParcelRow) =>
  weights[b.urgency] - weights[a.urgency]
  || compare(a.due ?? 'never', b.due ?? 'never') || compare(a.since, b.since) || compare(a.parcel, b.parcel)

const criteria = {
  exclude: criterion({
    about: 'None of these.', schema: z.array(z.uuid()).max(100), asks: (ids) => [{ column: 'parcel', notAmong: ids }],
  }),
  maxUrgency: criterion({
    about: 'None more urgent.', schema: z.enum(urgencies), asks: (most) => [downTo('urgency', urgencies, most)],
  }),
  minUrgency: criterion({ about: 'None less urgent.', schema: z.enum(urgencies), asks: (least) => [upTo('urgency', urgencies, least)] }),
  minSize: criterion({ about: 'None smaller.', schema: z.int().min(0), asks: (size) => [{ column: 'size', atLeast: size }] }),
  tags: criterion({ about: 'All of these.', schema: z.array(z.string()).max(10), asks: (tags) => [{ column: 'tags', holdsAll: tags }] }),
  skills: criterion({
    about: 'Who has these can handle it.', schema: z.array(z.string()).max(50),
    asks: (skills) => [{ column: 'handling', holdsOnly: skills }],
  }),
  dueWithinHours: criterion({
    about: 'Due within so many hours, or before.', schema: z.int().min(1).max(720),
    asks: (hours, at) => [{ column: 'due', atMost: later(at, hours * hour_ms) }],
  }),
  city: criterion({
    about: 'In depots of this city.', schema: z.string(), joins: { column: 'depot', in: depots },
    asks: (city) => [{ column: 'city', among: [city] }],
  }),
}

const sends = {
  to: parcel, command: 'send',
  data: ({ grounds, ...selection }: Selection) => ({ selection: { ...selection, grounds: grounds ?? null } }),
}
const same = {
  from: parcels, where: { status: 'waiting' }, notBefore: ['rest'], ties, idOf: ({ parcel: id }: ParcelRow) => id, sends,
  outdated: ['GONE'], passing: ['SEALED'],
}

/** A depot sends what is most urgent; but first, in their order, what waited too long. */
export const nextParcel: Choice<ParcelRow> = {
  ...same, name: 'nextParcel', about: 'What a depot should send next.', path: '/depots', question: 'next', command: 'send',
  aliases: [{
    route: 'POST /depots/:id/dispatch', fields: { priority: z.enum(['A', 'B', 'C']).optional() },
    say: ({ priority, ...said }) => (priority === undefined ? said : { ...said, minUrgency: urgencies['ABC'.indexOf(String(priority))] }),
  }],
  policy: 'urgency/1', of: 'depot', criteria, among: { urgency: urgencies }, order: ['due', 'since'], top: 3, chooser: depots,
  grounds: { limits: rowsOf(limits, { columns: ['hours'] }) },
  first: ({ limits: all = [] }, { at }) => ({
    meets: [{ column: 'since', atMost: later(at, -Math.min(168, ...all.map(({ hours }) => hours as number)) * hour_ms) }], order: ['since'],
  }),
  score: ({ urgency }, { bonus }: { bonus: number }) => weights[urgency] + bonus,
  nothing: { code: 'NOTHING_TO_SEND', ...conflict('Nothing waits here.') },
}

/** Whoever has room sends what was due first, of all depots, and fits into a van. */
export const anyParcel: Choice<ParcelRow> = {
  ...same, name: 'anyParcel', about: 'What fits into a van.', path: '/parcels', question: 'next', command: 'load', policy: 'room/1',
  criteria: { city: criteria.city, exclude: criteria.exclude }, among: {}, order: ['due', 'since'], top: 3, score: ({ size }) => -size,
  grounds: { vans: rowsOf(vans, { columns: ['van', 'room'] }) },
  fits({ vans: all = [] }) {
    const room = Math.max(0, ...all.map((van) => van.room as number))
    return ({ size }) => (size <= room ? undefined : reject('TOO_BIG', { size, room }))
  },
  nothing: { code: 'NOTHING_FITS', ...conflict('Nothing waits that fits.') },
}

const { question: _, ...unasked } = anyParcel

/** A depot, or whoever may act for all of them, loads what fits, and is told what does not: nobody asks beforehand. */
export const ownParcel: Choice<ParcelRow> = {
  ...unasked, name: 'ownParcel', command: 'load-own', onBehalf: 'depot',
  criteria: { depot: criterion({ about: 'Of this depot.', schema: z.uuid(), asks: (depot) => [{ column: 'depot', among: [depot] }] }) },
  policyOf: ({ wish }) => (wish.depot === undefined ? 'room-of-all/1' : 'room/1'),
  nothing: { code: 'NOTHING_WAITS', ...conflict('Nothing waits.') },
  unfit: {
    code: 'NOTHING_FITS', ...conflict('Nothing waits that fits.'), detail: (rejected) => ({ left: rejected.map(({ id }) => id) }),
  },
  answers: {
    fields: z.object({ loaded: z.uuid(), left: z.array(z.uuid()) }),
    of: ({ id, rejected }) => ({ loaded: id, left: rejected.map((one) => one.id) }),
  },
}
