import type { EntryView } from '../contract.ts'
import type { LogIndex } from './index.ts'

/** Names are made only for those who ask. */
export class Entry implements EntryView {
  readonly #index: LogIndex
  readonly ordinal: number

  constructor(index: LogIndex, ordinal: number) {
    this.#index = index
    this.ordinal = ordinal
  }

  get position(): number {
    return this.#index.positions.get(this.ordinal)
  }

  get stream(): string {
    return this.#index.nameOf(this.#index.streamKeys.get(this.ordinal))
  }

  get type(): string {
    return this.#index.types.names[this.#index.typeKeys.get(this.ordinal)]!
  }

  get revision(): number {
    return this.#index.revisions.get(this.ordinal)
  }
}
