import { ANY, type Store } from '../contract.ts'
import { readRecord } from '../wire/recorded-event.ts'
import { metadataEvent, systemEvent } from './parked.ts'
import { placeFrom, placeText } from './settings.ts'

/** How far a group has come, kept in a stream of its own. One write at a time. */
export class Checkpoint {
  readonly #store: Store
  readonly #stream: string
  readonly #source: string
  #isWriting = false
  /** Last place that was written, undefined for none. */
  place: number | undefined

  constructor(store: Store, stream: string, source: string) {
    this.#store = store
    this.#stream = stream
    this.#source = source
  }

  async load(): Promise<void> {
    const { status, first, lastVisible, ordinalOf } = this.#store.stream(this.#stream)
    if (status !== 'live' || lastVisible < first) return
    const [record] = await this.#store.records([ordinalOf(lastVisible)])
    this.place = placeFrom(readRecord(record!).data.toString().replaceAll('"', ''))
  }

  get isWriting(): boolean {
    return this.#isWriting
  }

  async write(place: number): Promise<void> {
    this.#isWriting = true
    try {
      const isFirst = this.#store.stream(this.#stream).status !== 'live'
      // Both are judged at once: a deletion of the group comes before them or after them.
      await Promise.all([
        isFirst && this.#store.append(`$$${this.#stream}`, ANY, [metadataEvent({ $maxCount: 2 })]),
        this.#store.append(this.#stream, ANY, [systemEvent('$SubscriptionCheckpoint', placeText(this.#source, place))]),
      ])
      this.place = place
    } finally {
      this.#isWriting = false
    }
  }
}
