import { held } from './held.ts'

/** What is said to whoever listens instead of looking. */
export const announced = held('')
const apart_ms = 5_000

let waiting: string | undefined
let last_ms = -apart_ms
let timer: ReturnType<typeof setTimeout> | undefined

/** Politely: one in five seconds, and of several that wait the last. */
export function announce(text: string) {
  waiting = text
  timer ??= setTimeout(speak, Math.max(0, last_ms + apart_ms - performance.now()))
}

function speak() {
  timer = undefined
  last_ms = performance.now()
  announced.set(waiting ?? '')
}
