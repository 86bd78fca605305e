import { randomUUID } from 'node:crypto'
import { ANY, type ProposedEvent, type Store } from '../contract.ts'
import { shown, type Entry } from './entry.ts'

/** Where a group puts what it could not deal with: links in a stream of its own, until they are tried anew. */
export class ParkedStream {
  readonly name: string
  readonly #store: Store

  constructor(store: Store, name: string) {
    this.#store = store
    this.name = name
  }

  get count(): number {
    const { status, first, lastVisible } = this.#store.stream(this.name)
    return status === 'live' ? lastVisible - first + 1 : 0
  }

  /** Done when the link is durable. */
  async park(entry: Entry, reason: string): Promise<void> {
    const { revision, stream, data } = shown(entry)
    const target = entry.event ? Buffer.from(`${revision}@${stream}`) : data
    const metadata = { added: new Date().toISOString(), reason }
    await this.#store.append(this.name, ANY, [{ id: randomUUID(), type: '$>', json: false, data: target, metadata: Buffer.from(JSON.stringify(metadata)) }])
  }

  /** Ordinals of what is parked, oldest first, up to a revision of the parked stream (exclusive). */
  ordinals(stopAt: number | undefined): { readonly stop: number; readonly ordinals: readonly number[] } {
    const view = this.#store.stream(this.name)
    const stop = Math.min(stopAt ?? Infinity, view.lastVisible + 1)
    const ordinals = []
    if (view.status === 'live') for (let revision = view.first; revision < stop; revision++) ordinals.push(view.ordinalOf(revision))
    return { stop, ordinals }
  }

  /** Forgets what lies before a revision. */
  async truncate(before: number): Promise<void> {
    await this.#store.append(`$$${this.name}`, ANY, [metadataEvent({ $tb: before })])
  }
}

export const metadataEvent = (metadata: Record<string, unknown>): ProposedEvent => systemEvent('$metadata', metadata)

export const systemEvent = (type: string, data: unknown): ProposedEvent =>
  ({ id: randomUUID(), type, json: true, metadata: Buffer.alloc(0), data: Buffer.from(JSON.stringify(data)) })
