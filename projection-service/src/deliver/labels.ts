import type { EventStoreDBClient } from '@eventstore/db-client'
import { LRUCache } from 'lru-cache'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { heard } from 'shared-service/heard.ts'
import { received, type Received } from '../facts.ts'

const known_max = 10_000
const facts_max = 10_000

/** The field of a fact that labels its stream from then on. */
const field = 'workspace'

const saidIn = ({ fact }: Received): string | null | undefined => {
  const said = (fact?.data as Record<string, unknown> | undefined)?.[field]
  return said === null || typeof said === 'string' ? said : undefined
}

/** The labels of streams, as facts said them last. */
export class Labels {
  readonly #known = new LRUCache<string, { readonly label: string | null; readonly revision: number }>({ max: known_max })
  readonly #client: EventStoreDBClient
  readonly #definitions: Definitions

  constructor(client: EventStoreDBClient, definitions: Definitions) {
    this.#client = client
    this.#definitions = definitions
  }

  /** With this fact, as far as it is the latest that was heard of. */
  async of(event: Received): Promise<string | null> {
    const { stream, revision } = event
    const said = saidIn(event)
    const known = this.#known.get(stream)
    if (known && known.revision >= revision) return known.label
    const label = said !== undefined ? said : known && known.revision === revision - 1 ? known.label : await this.#read(stream, revision)
    this.#known.set(stream, { label, revision })
    return label
  }

  async #read(stream: string, revision: number): Promise<string | null> {
    let label: string | null = null
    for await (const { event } of heard(this.#client.readStream(stream, { maxCount: Math.min(facts_max, revision + 1) }))) {
      const said = event && saidIn(received(event as never, this.#definitions))
      if (said !== undefined) label = said
    }
    return label
  }
}
