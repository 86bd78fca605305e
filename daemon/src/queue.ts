const weights: Readonly<Record<string, number>> = { CRITICAL: 4, HIGH: 3, MEDIUM: 2, LOW: 1 }

export interface Waiting {
  readonly task: string
  readonly priority: string
  readonly memoryProfile?: string | undefined
  /** Which program is meant, where that is said. */
  readonly program?: string | undefined
}

export const waiting_max = 50

/** Tasks that wait here for a free place: the weightiest first, then who came first. It is memory only; in Baton they are TODO. */
export class Queue {
  #waiting: Waiting[] = []

  get size(): number {
    return this.#waiting.length
  }

  has(task: string): boolean {
    return this.#waiting.some((one) => one.task === task)
  }

  /** False when there is no room. */
  add(one: Waiting): boolean {
    if (this.#waiting.length >= waiting_max) return false
    this.#waiting.push(one)
    return true
  }

  next(): Waiting | undefined {
    const best = this.#waiting.reduce<Waiting | undefined>((best, one) => (best && weightOf(best) >= weightOf(one) ? best : one), undefined)
    this.#waiting = this.#waiting.filter((one) => one !== best)
    return best
  }
}

const weightOf = ({ priority }: Waiting): number => weights[priority] ?? 0
