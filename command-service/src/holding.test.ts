import { EventStoreDBClient } from '@eventstore/db-client'
import fc from 'fast-check'
import { decider, fold, reject, Rejection, scopes, type Circumstances, type Context, type Decider, type Evolve, type Hold } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { cited, groundsOf, rowsOf } from 'shared-domain/kernel/grounds.ts'
import { send } from 'shared-domain/kernel/process.ts'
import { readModel } from 'shared-domain/kernel/read-model.ts'
import { busy, unknown } from 'shared-domain/kernel/refusal.ts'
import t from 'tap'
import { z } from 'zod'
import { startEventStore } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { handler } from './handle.ts'
import { newId } from 'shared-service/new-id.ts'
import { Queues } from './queues.ts'
import type { Request } from './request.ts'
import { eventStore, type EventStore } from './store/event-store.ts'
import { Streams } from './store/streams.ts'

const Chair = events({
  ChairTaken: { about: 'Somebody sits there.', data: z.object({ party: z.string(), command: z.string() }) },
  ChairFreed: { about: 'Nobody sits there any more.', data: z.object({ command: z.string() }) },
})
interface Taken { readonly party: string; readonly command: string }
const sitting: Evolve<Taken | null, EventOf<typeof Chair>> = { ChairTaken: (_, taken) => taken, ChairFreed: () => null }
const chairState = fold('chair', Chair, null, sitting)

const Party = events({
  PartySeated: {
    about: 'A party has its chairs.',
    data: z.object({ chairs: z.array(z.string()), command: z.string(), grounds: z.object({ position: z.string(), digest: z.string() }).nullable() }),
  },
})
const evolve: Evolve<{ readonly commands: readonly string[] }, EventOf<typeof Party>> = {
  PartySeated: ({ commands }, { command }) => ({ commands: [...commands, command] }),
}
const partyState = fold('party', Party, { commands: [] }, evolve)

const freed = (state: Taken | null, command: string) => (state?.command === command ? [Chair.ChairFreed({ command })] : [])

const chair = decider(chairState, {
  collection: 'chairs',
  rejections: { OCCUPIED: busy('Somebody sits there.') },
  commands: {
    take: {
      about: 'Sit down.', internal: true, data: z.object({ party: z.string(), command: z.string() }),
      decide: (state, wish) => (state === null ? [Chair.ChairTaken(wish)] : state.command === wish.command ? [] : reject('OCCUPIED', { by: state.party })),
    },
    free: { about: 'Stand up.', internal: true, data: z.object({ command: z.string() }), decide: (state, { command }) => freed(state, command) },
    expire: {
      about: 'The time is up: whoever was not seated stands up.', internal: true, data: z.object({}),
      decide: (state, _, { look }) => (state && !look(partyState, state.party).commands.includes(state.command) ? freed(state, state.command) : []),
    },
  },
})

const chairs = readModel({
  name: 'chairs', about: 'Where one sits.', version: 1, path: '/chairs', row: z.object({ chair: z.string(), comfort: z.int() }), key: ['chair'],
})

const taking = (ids: readonly string[], { id: party, commandId: command }: Circumstances): readonly Hold[] => ids.map((chairId) => ({
  take: send(chair, chairId, 'take', { party, command }), giveBack: () => send(chair, chairId, 'free', { command }), within_ms: 30_000,
}))

/** The best chairs that did not turn out to be occupied. */
const best = (count: number, { grounds, refused }: Pick<Context, 'grounds' | 'refused'>) => {
  const free = grounds!.rows.chairs!.map(({ chair }) => chair as string).filter((chair) => !refused!.some(({ id }) => id === chair))
  return free.length < count ? undefined : free.slice(0, count)
}

const asked = (by: 'comfort') => ({ chairs: rowsOf(chairs, { columns: ['chair'], order: [by] }) })

const party = decider(partyState, {
  collection: 'parties',
  rejections: { OCCUPIED: busy('A chair is occupied.'), NO_CHAIRS: unknown('There are not enough chairs.') },
  commands: {
    seat: {
      about: 'Sit on these.', data: z.object({ chairs: z.array(z.string()) }),
      holds: (_, { chairs }, context) => taking(chairs, context),
      decide: (_, { chairs }, { commandId }) => [Party.PartySeated({ chairs, command: commandId, grounds: null })],
    },
    seatWell: {
      about: 'Sit on the best.', data: z.object({ count: z.int() }),
      grounds: () => asked('comfort'),
      holds: (_, { count }, context) => taking(best(count, context) ?? [], context),
      decide(_, { count }, context) {
        const chairs = best(count, context)
        return chairs ? [Party.PartySeated({ chairs, command: context.commandId, grounds: cited(context.grounds!) })] : reject('NO_CHAIRS', { refused: context.refused })
      },
    },
    seatStubbornly: {
      about: 'Sit on this, whatever the rows say.', data: z.object({ chairs: z.array(z.string()) }),
      grounds: () => asked('comfort'),
      holds: (_, { chairs }, context) => taking(chairs, context),
      decide: (_, { chairs }, { commandId }) => [Party.PartySeated({ chairs, command: commandId, grounds: null })],
    },
  },
})

const engine = await startEventStore({ dir: folderFor(t, 'holding') })
const client = EventStoreDBClient.connectionString`${engine.url}`
t.teardown(async () => {
  await client.dispose()
  await engine.stop()
})
const whole = eventStore(client)
const deciders: readonly Decider[] = [chair, party]

/** A process of its own, that finds these chairs by their comfort. */
function replica(store: EventStore = whole, found: readonly string[] = []) {
  const streams = new Streams(store, 100)
  let questions = 0
  const findRows = async () => {
    questions++
    return groundsOf({ chairs: found.map((chair) => ({ chair })) }, '7')
  }
  const handle = handler({ store, streams, queues: new Queues(100), deciders, findRows, findSettings: () => Promise.reject(new Error('nothing is set')) })
  const asks = (decider: Decider, id: string, command: string, wish: object = {}, commandId = newId(), more: Partial<Request> = {}) =>
    handle(decider, command, decider.commands[command]!.data.parse(wish), {
      id, by: { kind: 'admin', id: 'ada' }, actsFor: null, allowed: scopes, organization: 'acme', at: new Date().toISOString(), commandId, repeatable: true,
      correlationId: 'c', causationId: 'c', ...more,
    })
  const occupants = async (ids: readonly string[]) => {
    const states = []
    for (const id of ids) states.push((await streams.refreshed(chair, id)).state as Taken | null)
    return states
  }
  return { asks, occupants, questions: () => questions, streams }
}

async function read(stream: string) {
  const found: { type: string; data: any; revision: number }[] = []
  await whole.read(stream, 0, ({ type, data, revision }) => found.push({ type, data, revision }))
  return found
}

const room = (size: number) => Array.from({ length: size }, newId).sort()

t.test('E-2 several are taken in the order of their names, or none of them', async (t) => {
  const [a, b, c] = room(3) as [string, string, string]
  const { asks, occupants } = replica()
  const [first, second] = [newId(), newId()]
  t.match(await asks(party, first, 'seat', { chairs: [c, a] }), { changed: true })
  t.match(await occupants([a, b, c]), [{ party: first }, null, { party: first }])
  const refused = await asks(party, second, 'seat', { chairs: [c, b] })
  t.match(refused, new Rejection('OCCUPIED', { by: first }), 'what was named is not given up')
  t.match(await occupants([a, b, c]), [{ party: first }, null, { party: first }])
  t.strictSame((await read(`chair-${b}`)).map(({ type }) => type), ['ChairTaken', 'ChairFreed'], 'b comes before c')
  t.strictSame(await read(`party-${second}`), [])
})

t.test('E-2 what older words add concerns the command, and nothing that it holds', async (t) => {
  const [a, b] = room(2) as [string, string]
  const { asks, occupants } = replica()
  const older = { fill: (_: unknown, { chairs }: { chairs: string[] }) => ({ chairs: [...chairs, b] }), guard: (state: object) => ('commands' in state ? undefined : reject('OCCUPIED')) }
  t.match(await asks(party, newId(), 'seat', { chairs: [a] }, newId(), older), { changed: true })
  t.notOk((await occupants([a, b])).includes(null), 'what they left unsaid is held, too')
})

t.test('E-2 a choice is made again without what is refused: what it still wants stays, the rest goes back', async (t) => {
  const [a, b, c, d] = room(4) as [string, string, string, string]
  const { asks, occupants, questions } = replica(whole, [a, c, b, d])
  await asks(party, newId(), 'seat', { chairs: [c] })
  const before = questions()
  const guests = newId()
  t.match(await asks(party, guests, 'seatWell', { count: 3 }), { changed: true })
  t.match(await occupants([a, b, c, d]), [{ party: guests }, { party: guests }, {}, { party: guests }])
  const [seated] = await read(`party-${guests}`)
  t.strictSame(seated!.data.chairs, [a, b, d])
  t.strictSame(seated!.data.grounds, cited(groundsOf({ chairs: [a, c, b, d].map((chair) => ({ chair })) }, '7')), 'E-1 the fact names the rows that it rests on')
  t.strictSame((await read(`chair-${a}`)).map(({ type }) => type), ['ChairTaken'], 'what it still wanted was taken once')
  t.equal(questions() - before, 1, 'E-1 the rows were asked for once')
})

t.test('E-2 it is chosen at most five times, and what the caller named is not chosen again', async (t) => {
  const chairs = room(8)
  const { asks, occupants } = replica(whole, chairs)
  const others = chairs.slice(0, 6)
  const first = newId()
  await asks(party, first, 'seat', { chairs: others })
  t.match(await asks(party, newId(), 'seatWell', { count: 2 }), new Rejection('OCCUPIED', { by: first }), 'the sixth would have been free')
  t.match(await asks(party, newId(), 'seatStubbornly', { chairs: [chairs[7], chairs[0]] }), new Rejection('OCCUPIED', { by: first }))
  t.match(await occupants(chairs), [...others.map(() => ({ party: first })), null, null])
  t.match(await asks(party, newId(), 'seatWell', { count: 9 }), { code: 'NO_CHAIRS' }, 'and nothing is taken for what is refused anyhow')
})

t.test('E-1 rows are asked for after the check for a repetition, and are no part of what was said', async (t) => {
  const [a] = room(1) as [string]
  const { asks, questions } = replica(whole, [a])
  const [guests, commandId] = [newId(), newId()]
  const first = await asks(party, guests, 'seatWell', { count: 1 }, commandId)
  t.equal(questions(), 1)
  t.strictSame(await asks(party, guests, 'seatWell', { count: 1 }, commandId), first)
  t.equal(questions(), 1, 'a repetition asks for nothing')
  const elsewhere = replica(whole, [])
  t.strictSame(await elsewhere.asks(party, guests, 'seatWell', { count: 1 }, commandId), first, 'other rows are not another request')
  t.match(await elsewhere.asks(party, guests, 'seatWell', { count: 2 }, commandId), { code: 'IDEMPOTENCY_MISMATCH' })
  await asks(chair, a, 'free', { command: commandId })
  t.equal(questions(), 1, 'who declares no grounds asks for none')
})

/** A process that dies with its n-th append, before or after it is done. */
function dying(appends: number, isDone: boolean): EventStore {
  let left = appends
  return {
    ...whole,
    async append(stream, expected, events) {
      if (left-- > 0) return whole.append(stream, expected, events)
      if (left === -1 && isDone) await whole.append(stream, expected, events)
      throw new Error('the process is gone')
    },
  }
}

t.test('E-2 whatever is refused and whenever a process dies, nobody sits where no party was seated once the time is up', async (t) => {
  let [died, seated, refused] = [0, 0, 0]
  const guests = fc.record({
    wanted: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 4 }), isChoice: fc.boolean(), lives: fc.option(fc.nat(6), { nil: 99 }), isDone: fc.boolean(),
  })
  await fc.assert(fc.asyncProperty(fc.array(guests, { minLength: 1, maxLength: 4 }), async (all) => {
    const chairs = room(5)
    const parties: string[] = []
    for (const { wanted, isChoice, lives, isDone } of all) {
      const [id, before] = [newId(), await replica().occupants(chairs)]
      const { asks } = replica(dying(lives, isDone), wanted.map((index) => chairs[index]!))
      const asking = isChoice ? asks(party, id, 'seatWell', { count: Math.ceil(wanted.length / 2) }) : asks(party, id, 'seat', { chairs: wanted.map((index) => chairs[index]) })
      const outcome = await asking.catch(() => undefined)
      if (!outcome) died++
      else if (outcome instanceof Rejection) refused++
      else seated++
      if (outcome instanceof Rejection && JSON.stringify(await replica().occupants(chairs)) !== JSON.stringify(before)) throw new Error('a refusal left something taken')
      parties.push(id)
    }
    const { asks, occupants } = replica()
    for (const id of chairs) await asks(chair, id, 'expire')
    const facts = (await Promise.all(parties.map((id) => read(`party-${id}`)))).flat()
    const now = await occupants(chairs)
    for (const [index, id] of chairs.entries()) {
      const sitting = facts.filter(({ data }) => data.chairs.includes(id)).map(({ data }) => data.command)
      const expected = now[index] === null ? [] : [now[index]!.command]
      if (JSON.stringify(sitting) !== JSON.stringify(expected)) throw new Error(`chair ${index}: ${sitting} were seated, ${expected} sits`)
    }
  }), { seed: 2030, numRuns: 30 })
  t.ok(died > 5 && seated > 5 && refused > 5, `${died} died, ${seated} were seated, ${refused} refused`)
})
