import type { Slots } from './strategies.ts'
import type { Entry } from './entry.ts'

/** What the call behind a consumer offers. */
export interface Line {
  readonly from: string
  readonly name: string
  /** While the other side does not read what was sent. */
  readonly isBusy: boolean
  send(entry: Entry): void
  drop(error: Error): void
}

/** Whatever a consumer asks for: what it holds must be put in order when it leaves. */
export const inFlight_max = 10_000

/** How many latest latencies are remembered where a group keeps extra statistics. */
const latencies_max = 1_000

/** One client of a group: it holds at most `bufferSize` events that it has not answered. */
export class Consumer implements Slots {
  readonly line: Line
  readonly bufferSize: number
  readonly since_ms: number
  readonly entries = new Set<Entry>()
  readonly #latencies_ms: number[] = []
  /** Events ever given to it, and those of them before it was last measured. */
  total = 0
  #measured = 0

  constructor(line: Line, bufferSize: number, now_ms: number) {
    this.line = line
    this.bufferSize = Math.min(bufferSize, inFlight_max)
    this.since_ms = now_ms
  }

  get free(): number {
    return this.line.isBusy ? 0 : this.bufferSize - this.entries.size
  }

  answered(latency_ms: number): void {
    if (this.#latencies_ms.push(latency_ms) > latencies_max) this.#latencies_ms.shift()
  }

  /** How many since this was last asked. */
  measure(): number {
    const count = this.total - this.#measured
    this.#measured = this.total
    return count
  }

  /** Latencies by the names that the protocol gives them, in milliseconds. */
  latencies(): readonly (readonly [name: string, value: number])[] {
    const sorted = this.#latencies_ms.toSorted((a, b) => a - b)
    if (sorted.length === 0) return []
    const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!)
    const quintiles = [0.2, 0.4, 0.6, 0.8, 1].map((share, nth) => [`Quintile ${nth + 1}`, at(share)] as const)
    const high = [0.9, 0.95, 0.99, 0.995, 0.999].map((share) => [`${100 * share}%`, at(share)] as const)
    const mean = Math.round(sorted.reduce((sum, each) => sum + each, 0) / sorted.length)
    return [['Mean', mean], ['Median', at(0.5)], ['Fastest', at(0)], ...quintiles, ...high, ['Highest', at(1)]]
  }
}
