/** Asks until it is so, for half a minute at the most. */
export async function until<T>(probe: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await probe()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('what was told did not come to pass within half a minute')
}
