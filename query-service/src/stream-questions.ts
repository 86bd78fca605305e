import type { EventStoreDBClient } from '@eventstore/db-client'
import type { StreamQuestion } from 'shared-domain/kernel/stream-question.ts'
import { factOf } from 'shared-domain/kernel/stored.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { Problem } from 'shared-service/problems.ts'
import { z } from 'zod'
import { question } from './question.ts'
import { readWithin } from './reading.ts'

/** A stream that is longer would be too much to hold. */
const facts_max = 20_000

/** Answers out of the stream itself. The position is that of its last fact. */
export function ofStream(store: EventStoreDBClient, { name, about, path, stands, answer, shows }: StreamQuestion, timeout_ms: number) {
  const [, parameter] = /:(\w+)/.exec(path)!
  return question({
    operation: `${name}.item`, about, tag: name, path, params: z.object({ [parameter!]: Id }), query: z.object({}), answer, scope: 'read', reads: [],
    async reply({ params, caller: { organization } }) {
      const reading = store.readStream(`${stands.category}-${params[parameter!]}`, { maxCount: facts_max + 1 })
      const events = await readWithin(timeout_ms, reading).catch((cause: unknown) => {
        throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be reached.', { retryAfter_s: 2, cause })
      })
      if (events.length > facts_max) throw new Problem('SERVICE_UNAVAILABLE', `The stream has more than ${facts_max} facts.`, { retryAfter_s: 3_600 })
      const facts = events.map((event) => factOf(event as never, stands.events.definitions))
      const isOwn = facts[0]?.organization === organization
      const shown = isOwn ? shows(facts.reduce((state, fact) => stands.evolve(state, fact, fact), stands.initial)) : undefined
      if (shown === undefined) throw new Problem('NOT_FOUND')
      return { body: shown, position: facts.at(-1)!.position }
    },
  })
}
