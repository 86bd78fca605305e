import { join } from 'node:path'
import { EventStoreDBClient } from '@eventstore/db-client'
import { decider, fold, Rejection, scopes, type Decider, type Evolve, type SettingValues } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { groundsOf, rowsOf } from 'shared-domain/kernel/grounds.ts'
import { readModel } from 'shared-domain/kernel/read-model.ts'
import { conflict } from 'shared-domain/kernel/refusal.ts'
import { settingsStand } from 'shared-domain/kernel/settings.ts'
import { newId } from 'shared-service/new-id.ts'
import t from 'tap'
import { z } from 'zod'
import { startEventStore } from '../../infra/embedded/engines.ts'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { until } from './fixture.ts'
import { handler } from './handle.ts'
import { Queues } from './queues.ts'
import { settingsFrom } from './organizations.ts'
import { counted, eventStore } from './store/event-store.ts'
import { database, migrate } from './store/database.ts'
import { Streams } from './store/streams.ts'
import { Timers } from './timers.ts'

/** A house says which colour its walls are to have; whoever paints reads it, whoever sweeps does not. */
const House = events({ HousePainted: { about: 'It wants this colour.', data: z.object({ colour: z.string() }) } })
const Wall = events({ WallPainted: { about: 'It has this colour.', data: z.object({ colour: z.string(), from: z.string() }) }, WallSwept: { about: 'Clean.', data: z.object({}) } })

const painted: Evolve<string, EventOf<typeof House>> = { HousePainted: (_, { colour }) => colour }
const worked: Evolve<number, EventOf<typeof Wall>> = { WallPainted: (n) => n + 1, WallSwept: (n) => n + 1 }

const house = decider(fold('house', House, 'white', painted), {
  collection: 'houses',
  rejections: {},
  commands: { paint: { about: 'Want this colour.', data: z.object({ colour: z.string() }), decide: (_, { colour }) => [House.HousePainted({ colour })] } },
})

const pots = readModel({ name: 'pot', about: 'Paint.', version: 1, path: '/pots', key: ['pot'], row: z.object({ pot: z.string() }) })
const asked: SettingValues[] = []

const wall = decider(fold('wall', Wall, 0, worked), {
  collection: 'walls',
  rejections: { BARE: conflict('There is no colour for it.') },
  commands: {
    paint: {
      about: 'Give it the colour of the house.', data: z.object({}), settings: ['colour'],
      grounds: (_state, _data, { settings = {} }) => {
        asked.push(settings)
        return { pots: rowsOf(pots, { columns: ['pot'], where: { pot: settings.colour } }) }
      },
      decide: (_state, _data, { settings = {}, grounds }) =>
        (settings.colour === 'none' ? new Rejection('BARE') : [Wall.WallPainted({ colour: String(settings.colour), from: String(grounds!.rows.pots![0]!.pot) })]),
    },
    sweep: { about: 'Sweep it.', data: z.object({}), decide: (_state, _data, { settings }) => (settings ? [] : [Wall.WallSwept({})]) },
  },
})

const engine = await startEventStore({ dir: folderFor(t, 'settings') })
const client = EventStoreDBClient.connectionString`${engine.url}`
t.teardown(async () => {
  await client.dispose()
  await engine.stop()
})

function replica() {
  const store = counted(eventStore(client))
  const streams = new Streams(store, 100)
  const findSettings = settingsFrom(streams, settingsStand(house, (colour) => ({ colour, size: 'large' })))
  const findRows = async (_: string, { pots: { where } }: any) => groundsOf({ pots: [{ pot: where.pot }] }, '7')
  const handle = handler({ store, streams, queues: new Queues(100), deciders: [house, wall], findRows, findSettings })
  const asks = (decider: Decider, id: string, command: string, wish: object = {}, by: 'admin' | 'process' = 'admin') => handle(decider, command, wish, {
    id, by: { kind: by, id: 'ada' }, actsFor: null, allowed: scopes, organization: 'acme', at: new Date().toISOString(), commandId: newId(), repeatable: false,
    correlationId: 'c', causationId: 'c',
  })
  return { asks, store }
}

const lastOf = async (id: string) => {
  const seen: any[] = []
  await eventStore(client).read(`wall-${id}`, 0, ({ data }) => seen.push(data))
  return seen.at(-1)
}

t.test('O-3 a command that declares it reads a setting of its organization, which costs no round trip as long as it is a moment old', async (t) => {
  const { asks, store } = replica()
  const id = newId()
  await asks(wall, id, 'paint')
  t.strictSame(await lastOf(id), { colour: 'white', from: 'white' }, 'what holds where nothing is set')
  await asks(house, 'acme', 'paint', { colour: 'red' })
  const { reads } = store.made
  await asks(wall, id, 'paint')
  await asks(wall, id, 'paint', {}, 'process')
  t.strictSame(await lastOf(id), { colour: 'red', from: 'red' }, 'the rows that it rests on were asked for by it, too')
  t.equal(store.made.reads, reads, 'of the setting it was known here, whoever asks')
  t.strictSame(asked.at(-1), { colour: 'red' }, 'none that it does not declare')
  await asks(wall, id, 'sweep')
  t.strictSame(await lastOf(id), {}, 'who declares none is told none')
})

t.test('O-3 what another replica has set is known a moment later', async (t) => {
  const [here, there] = [replica(), replica()]
  const id = newId()
  await here.asks(wall, id, 'paint')
  await there.asks(house, 'acme', 'paint', { colour: 'none' })
  await until(async () => await here.asks(wall, id, 'paint') instanceof Rejection)
  await there.asks(house, 'acme', 'paint', { colour: 'blue' })
  await until(async () => !(await here.asks(wall, id, 'paint') instanceof Rejection))
  t.match(await lastOf(id), { colour: 'blue' })
})

t.test('O-2 timers of an organization that is suspended wait, and come in their order after it is resumed', async (t) => {
  const postgres = await startPostgres({ dir: join(folderFor(t, 'timers'), 'postgres') })
  const db = database(postgres.url, () => undefined)
  await migrate(db)
  let isSuspended = true
  const timers = new Timers(db, async (organization) => organization === 'acme' && isSuspended)
  const rung: string[] = []
  const ending = new AbortController()
  const timer = (key: string, ago_ms: number, organization: string, patience_ms?: number) => ({
    key, due: new Date(Date.now() - ago_ms).toISOString(), position: 1n,
    errand: { intent: { category: 'x', id: key, command: 'y', data: {}, ...(patience_ms ? { patience_ms } : {}) }, process: 'p', commandId: newId(), organization, correlationId: 'c', causationId: 'c' },
  })
  const running = timers.run(async ({ intent }) => void rung.push(intent.id), { error() {} } as never, ending.signal)
  await timers.change([timer('third', 1_000, 'acme'), timer('first', 3_000, 'acme'), timer('second', 2_000, 'acme'), timer('silence', 9_000, 'acme', 600_000)], [])
  await timers.change([timer('other', 1_000, 'globex')], [])
  await until(async () => rung.length > 0)
  t.strictSame(rung, ['other'])
  await timers.change([timer('another', 0, 'globex')], [])
  await until(async () => rung.length > 1)
  t.strictSame(rung, ['other', 'another'], 'again and again')
  isSuspended = false
  await until(async () => rung.length > 4)
  t.strictSame(rung.slice(2), ['first', 'second', 'third'], 'but who could not be heard is listened to anew')
  ending.abort()
  await running
  await db.destroy()
  await postgres.stop()
})
