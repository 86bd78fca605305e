import { follow, type Followed } from '../following.ts'
import { touchedBy } from './resources.ts'

const subscriptions_max = 100
const telling_ms = 1_000

/** Tells which of the resources that somebody subscribed to have changed: each at most once a second, from one stream for all of them. */
export class Subscriptions {
  readonly #uris = new Set<string>()
  readonly #changed = new Set<string>()
  readonly #source: Pick<Followed, 'url' | 'key'>
  readonly #tell: (uri: string) => void
  #stop: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(source: Pick<Followed, 'url' | 'key'>, tell: (uri: string) => void) {
    this.#source = source
    this.#tell = tell
  }

  /** False where there are as many as may be. */
  add(uri: string): boolean {
    if (this.#uris.size >= subscriptions_max) return false
    this.#uris.add(uri)
    if (!this.#stop) void this.#follow(this.#stop = new AbortController())
    return true
  }

  delete(uri: string): void {
    this.#uris.delete(uri)
    if (this.#uris.size === 0) this.close()
  }

  close(): void {
    this.#stop?.abort()
    this.#stop = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#changed.clear()
  }

  async #follow({ signal }: AbortController) {
    const query = new URLSearchParams([['category', 'task'], ['category', 'decision']])
    try {
      for await (const { event, data } of follow({ ...this.#source, query, signal })) {
        if (event === 'message') for (const uri of touchedBy(data.stream, this.#uris)) this.#changed.add(uri)
        // What was missed may concern all of them.
        else if (event === 'gap') for (const uri of this.#uris) this.#changed.add(uri)
        if (this.#changed.size > 0) this.#timer ??= setTimeout(() => this.#flush(), telling_ms).unref()
      }
    } catch {
      // Refused, as when the key was revoked: whoever reads the resource learns why.
      this.close()
    }
  }

  #flush() {
    this.#timer = undefined
    for (const uri of this.#changed) this.#tell(uri)
    this.#changed.clear()
  }
}
