/** Waits, at most until the signal. */
export const pause = (wait_ms: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal.aborted) return resolve()
  const done = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
    resolve()
  }
  const timer = setTimeout(done, wait_ms)
  signal.addEventListener('abort', done, { once: true })
})
