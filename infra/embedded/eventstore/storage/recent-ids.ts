/** Ids that are recognised as repetitions when no revision is expected: at least so many of the newest. */
export const ids_min = 100_000

/** A power of two, and so large that most slots are free. */
const slots = 2 ** 18

/** FNV-1a: ids are random already. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Hashes and ordinals in the order in which they came, and a table of where a hash may be found. */
class Generation {
  readonly hashes = new Uint32Array(ids_min)
  readonly ordinals = new Uint32Array(ids_min)
  readonly #slots = new Uint32Array(slots)
  count = 0

  add(hash: number, ordinal: number): void {
    this.hashes[this.count] = hash
    this.ordinals[this.count] = ordinal
    let slot = hash & (slots - 1)
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (slots - 1)
    this.#slots[slot] = ++this.count
  }

  /** Oldest first. */
  collect(hash: number, found: number[]): void {
    for (let slot = hash & (slots - 1); this.#slots[slot] !== 0; slot = (slot + 1) & (slots - 1)) {
      const nth = this.#slots[slot]! - 1
      if (this.hashes[nth] === hash) found.push(this.ordinals[nth]!)
    }
  }
}

/**
 * Which of the newest events may have an id: 12 bytes each, as hashes. Whoever asks must look whether the event has that very id; one
 * that was taken back, or another one with the same hash, may be among the answers.
 */
export class RecentIds {
  /** When the young generation is full, it becomes the old one. */
  #young = new Generation()
  #old: Generation | undefined

  add(id: string, ordinal: number): void {
    this.load(hashOf(id), ordinal)
  }

  load(hash: number, ordinal: number): void {
    if (this.#young.count === ids_min) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    this.#young.add(hash, ordinal)
  }

  /** Ordinals of events that may have this id, newest first. */
  find(id: string): readonly number[] {
    const [hash, found] = [hashOf(id), [] as number[]]
    this.#old?.collect(hash, found)
    this.#young.collect(hash, found)
    return found.reverse()
  }

  /** The newest ones below an ordinal, oldest first, as `load` takes them. */
  * newest(below: number): Generator<readonly [hash: number, ordinal: number]> {
    const generations = this.#old ? [this.#old, this.#young] : [this.#young]
    let passed = Math.max(0, generations.reduce((sum, { count }) => sum + count, 0) - ids_min)
    for (const { hashes, ordinals, count } of generations) {
      for (let nth = Math.min(passed, count); nth < count; nth++) if (ordinals[nth]! < below) yield [hashes[nth]!, ordinals[nth]!]
      passed = Math.max(0, passed - count)
    }
  }
}
