import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import type { EventStoreDBClient } from '@eventstore/db-client'
import fc from 'fast-check'
import t from 'tap'
import { batches } from './follow.ts'

/** The class that the client makes of every subscription: it calls `checkpointReached` while events still wait in its buffer. */
const { Subscription } = createRequire(import.meta.url)('@eventstore/db-client/dist/streams/utils/Subscription.js')

type Said = { readonly event: number } | { readonly checkpoint: number }

const response = (said: Said) => ({
  hasEvent: () => 'event' in said,
  getEvent: () => said,
  hasCheckpoint: () => 'checkpoint' in said,
  getCheckpoint: () => ({ getCommitPosition: () => ('checkpoint' in said ? said.checkpoint : 0), getPreparePosition: () => 0 }),
})

const recorded = ({ event }: { event: number }) => {
  const at = BigInt(event)
  const position = { commit: at, prepare: at }
  return { event: { id: String(event), streamId: 'thing-1', type: 'ThingSeen', revision: at, position, data: {} } }
}

/** A store that says all this at once. */
function storeThatSays(said: readonly Said[]) {
  const source = Readable.from(said.map(response))
  const call = Object.assign(source, { cancel: () => source.destroy() })
  return {
    subscribeToAll: ({ filter }: any) => new Subscription(async () => call, recorded, {}, filter.checkpointReached),
  } as unknown as EventStoreDBClient
}

const wanted = { categories: ['thing'], definitions: {}, from: -1n, signal: new AbortController().signal }

t.test('a checkpoint never overtakes a fact, however the store mixes them and however late they are taken', async () => {
  const kinds = fc.array(fc.constantFrom('event', 'checkpoint'), { minLength: 1, maxLength: 60 })
  await fc.assert(fc.asyncProperty(kinds, fc.integer({ min: 1, max: 9 }), async (kinds, batch_max) => {
    const said = kinds.map((kind, n) => ({ [kind]: n + 1 }) as Said)
    const facts = said.flatMap((one) => ('event' in one ? [BigInt(one.event)] : []))
    const taken: bigint[] = []
    let behind = 0n
    for await (const { events, position } of batches({ ...wanted, client: storeThatSays(said), batch_max })) {
      const stray = events.find((event) => event.position <= behind || event.position > position)
      if (stray) throw new Error(`the fact at ${stray.position} stands outside of its batch, from ${behind} to ${position}`)
      taken.push(...events.map((event) => event.position))
      behind = position
      await new Promise((resolve) => { setImmediate(resolve) })
    }
    if (String(taken) !== String(facts)) throw new Error(`${taken} are not ${facts}`)
  }), { seed: 2030, numRuns: 200 })
})
