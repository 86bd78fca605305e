import { pause } from 'shared-service/pause.ts'

const every_ms = 3_600_000

/** Forgets what nobody asks for any more: once an hour, until the signal. */
export async function tidy(forget: readonly (() => Promise<unknown>)[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const one of forget) await one()
    await pause(every_ms, signal)
  }
}
