import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const random = new Uint8Array(4_096)
let used = random.length

/** A UUIDv7. Randomness is drawn by the page: asking the system for 16 bytes at a time took 5 % of a command. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  return v7({ random: random.subarray(used, used += 16) })
}
