import { randomUUID } from 'node:crypto'
import { jsonEvent, type EventStoreDBClient } from '@eventstore/db-client'
import type pg from 'pg'
import { events } from 'shared-domain/kernel/events.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { readModel, type ReadModel } from 'shared-domain/kernel/read-model.ts'
import { z } from 'zod'
import type { Catalogue } from './app.ts'

export const Thing = events({
  ThingPut: { about: 'A thing is there.', data: z.object({ name: z.string(), size: z.int(), tags: z.array(z.string()), note: z.string().nullable() }), recipient: () => 'someone' },
  ThingGrown: { about: 'A thing grew.', data: z.object({ by: z.int() }) },
  ThingRenamed: { about: 'A thing has another name.', data: z.object({ name: z.string() }) },
  ThingGone: { about: 'A thing is gone.', data: z.object({}) },
})

const category = 'thing'

export const catalogueOf = (...readModels: ReadModel[]): Catalogue => ({ deciders: [{ category, events: Thing }], readModels })

export const row = z.object({ thing: z.string(), name: z.string(), size: z.int(), tags: z.array(z.string()), note: z.string().nullable(), position: z.string().meta({ sql: 'bigint' }), at: z.iso.datetime({ precision: 3 }) })

export const things = (version = 1, more: Partial<Parameters<typeof readModel>[0]> = {}) => readModel({
  name: 'thing', about: 'Things.', version, path: '/things', row, key: ['thing'], filters: ['name'], order: ['at'],
  project: {
    ThingPut: ({ id, at, position, data }: Recorded<any>) => [{ put: { thing: id, ...data, position, at } }],
    ThingGrown: ({ id, data }: Recorded<any>) => {
      if (data.by > 1_000) throw new Error('too much\0 for this projection')
      return [{ add: { size: data.by }, at: { thing: id } }]
    },
    ThingRenamed: ({ id, data }: Recorded<any>) => [{ patch: { name: data.name }, at: { thing: id } }],
    ThingGone: ({ id }: Recorded<any>) => [{ remove: { thing: id } }],
  },
  ...more,
} as never) as unknown as ReadModel

export const counts = readModel({
  name: 'count', about: 'How many of each name.', version: 1, path: '/counts', key: ['name'],
  row: z.object({ name: z.string(), seen: z.int(), total_size: z.int().meta({ sql: 'bigint' }) }),
  project: { ThingPut: ({ data }: Recorded<any>) => [{ add: { seen: 1, total_size: data.size }, at: { name: data.name } }] },
} as never) as unknown as ReadModel

export const put = (name = 'a', size = 1, note: string | null = null) => Thing.ThingPut({ name, size, tags: ['x', 'y\\\t\n'], note })

export async function until<T>(probe: () => Promise<T | undefined | false | null>): Promise<T> {
  for (let tries = 0; tries < 800; tries++) {
    const found = await probe()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  throw new Error('it did not become so in twelve seconds')
}

export const reached = (db: pg.Pool, model: string, position: bigint) =>
  until(async () => (await db.query('select 1 from checkpoint where model = $1 and active and commit >= $2', [model, String(position)])).rowCount)

/** Appends facts of a thing; answers the position of the last. */
export const writer = (client: EventStoreDBClient) => async (id: string, facts: readonly { type: string; data: any }[], metadata: object = {}) => {
  const { position } = await client.appendToStream(`${category}-${id}`, facts.map(({ type, data }) => jsonEvent({
    type, data, metadata: { version: 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'a' }, organization: 'acme', commandId: randomUUID(), $correlationId: 'c', $causationId: 'c', ...metadata } as never,
  })))
  return position!.commit
}
