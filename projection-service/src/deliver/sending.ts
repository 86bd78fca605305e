import type { EventStoreDBClient } from '@eventstore/db-client'
import { LRUCache } from 'lru-cache'
import { cloudEvent } from 'shared-domain/kernel/cloud-event.ts'
import type { SettingsStand } from 'shared-domain/kernel/settings.ts'
import { streamOf } from 'shared-domain/kernel/decider.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { instant } from 'shared-domain/kernel/time.ts'
import { heard } from 'shared-service/heard.ts'
import type { Sealing } from 'shared-service/sealing.ts'
import { received, type Received } from '../facts.ts'
import type { Clock } from './clock.ts'
import type { LiveTarget } from './live-target.ts'
import type { Answered, Poster } from './posting.ts'
import type { DeliveryRow } from './rows.ts'
import { signedHeaders } from './signature.ts'

/** In characters. */
const bodies_max = 32 * 1_024 * 1_024
const settings_ms = 1_000
const events_max = 10_000

interface Parts {
  readonly client: EventStoreDBClient
  readonly definitions: Definitions
  readonly settings: SettingsStand
  readonly sealing: Sealing
  readonly networks: readonly string[]
  readonly poster: Poster
  readonly clock: Clock
}

/** The name of the setting that narrows the networks of the operator. */
const narrowing = 'webhookNetworks'

/** Sends a fact to a target as a signed CloudEvent. */
export class Sending {
  readonly #parts: Parts
  readonly #bodies = new LRUCache<string, string>({ maxSize: bodies_max, sizeCalculation: (body) => body.length })
  readonly #narrowed = new LRUCache<string, Promise<readonly string[]>>({ max: 1_000, ttl: settings_ms })

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What will be sent soon need not be read again. */
  remember(event: Received): void {
    this.#bodies.set(event.eventId, this.#bodyOf(event))
  }

  /** Throws where the log cannot be asked: then nothing was tried. */
  async send(row: DeliveryRow, live: LiveTarget): Promise<Answered> {
    const { clock, networks, poster, sealing } = this.#parts
    const body = this.#bodies.get(row.event) ?? await this.#read(row)
    const narrowed = await this.#narrowedBy(row.organization)
    const now_ms = clock.now()
    const { url, secrets } = live.view!
    const place = { organization: row.organization, stream: live.target, field: 'secret' }
    const signing = secrets.filter(({ until }) => until === null || instant(now_ms) < until).map(({ secret }) => sealing.open(secret, place))
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8', ...signedHeaders(row.event, now_ms, body, signing) }
    return poster.post(url, { networks, narrowed }, headers, body)
  }

  #bodyOf({ fact, provenance }: Received): string {
    return JSON.stringify(cloudEvent(this.#parts.definitions[fact!.type], fact!, provenance))
  }

  async #read({ stream, revision, event: wanted }: DeliveryRow): Promise<string> {
    const { client, definitions } = this.#parts
    let found: Received | undefined
    for await (const { event } of heard(client.readStream(stream, { fromRevision: BigInt(revision), maxCount: 1 })))
      if (event?.id === wanted) found = received(event as never, definitions)
    if (!found?.fact) throw new Error(`${stream} does not hold the fact ${wanted} any more`)
    this.remember(found)
    return this.#bodies.get(wanted)!
  }

  #narrowedBy(organization: string): Promise<readonly string[]> {
    const known = this.#narrowed.get(organization)
    if (known) return known
    const reading = this.#settingsOf(organization)
    this.#narrowed.set(organization, reading)
    reading.catch(() => this.#narrowed.delete(organization))
    return reading
  }

  async #settingsOf(organization: string): Promise<readonly string[]> {
    const { client, definitions, settings: { fold, of } } = this.#parts
    let state = fold.initial
    try {
      for await (const { event } of heard(client.readStream(streamOf(fold, organization), { maxCount: events_max }))) {
        const fact = event && received(event as never, definitions).fact
        if (fact) state = fold.evolve(state, fact as never, fact)
      }
    } catch (error) {
      if ((error as { type?: string }).type !== 'stream-not-found') throw error
    }
    return of(state)[narrowing] as readonly string[] ?? []
  }
}
