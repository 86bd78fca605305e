import { BACKWARDS, END, type EventStoreDBClient, type ReadPosition, type RecordedEvent } from '@eventstore/db-client'
import { fromText } from 'shared-service/columns.ts'
import { Problem } from 'shared-service/problems.ts'
import { z } from 'zod'
import { Fact, type Facts } from '../facts.ts'
import { Position, question } from '../question.ts'
import { readWithin } from '../reading.ts'

const facts_max = 200
const chunk = 400
/** What belongs to others is read as well: no further back than so many events is looked for one answer. */
const looked_max = 4_000

const unreachable = (cause: unknown): never => { throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be reached.', { retryAfter_s: 2, cause }) }

interface Bounds { readonly eventStoreTimeout_ms: number }

/** What happened last, out of the log itself: also what is in no read model yet. */
export const latest = (store: EventStoreDBClient, facts: Facts, { eventStoreTimeout_ms }: Bounds) => question({
  operation: 'events.latest',
  about: 'What happened last, fact by fact, the newest first, out of the log itself.',
  tag: 'events',
  path: '/events/latest',
  params: z.object({}),
  query: z.object({
    limit: z.preprocess((text) => fromText(z.number(), text), z.int().min(1).max(facts_max).default(50)).describe('How many.'),
    before: Position.optional().describe('Only what happened before this log position: `next` of the answer before.'),
  }),
  answer: z.object({
    items: z.array(Fact),
    next: Position.nullable().describe('Before which to go on; null at the beginning of the log.'),
  }),
  scope: 'read',
  reads: [],
  async reply({ query, caller: { organization } }) {
    const { limit, before } = query as { limit: number; before?: string }
    const items: Fact[] = []
    let from: ReadPosition = before === undefined ? END : { commit: BigInt(before), prepare: BigInt(before) }
    let head = before
    let next: string | null = null
    for (let looked = 0; looked < looked_max; looked += chunk) {
      const events: readonly RecordedEvent[] = await readWithin(eventStoreTimeout_ms, store.readAll({ direction: BACKWARDS, fromPosition: from, maxCount: chunk }) as never).catch(unreachable)
      const last = events.at(-1)
      head ??= String(events[0]?.position?.commit ?? 0)
      items.push(...events.flatMap((event) => facts.read(event as never, organization) ?? []))
      next = last?.position && events.length === chunk ? String(last.position.commit) : null
      if (next === null || items.length >= limit) break
      from = last!.position!
    }
    const shown = items.slice(0, limit)
    return { body: { items: shown, next: items.length > limit ? shown.at(-1)!.position : next }, position: head ?? '0' }
  },
})
