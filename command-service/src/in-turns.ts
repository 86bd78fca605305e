import { Busy } from './queues.ts'

/** Does something for each of them, so many at once. Throws `Busy` when it takes too long: what is not begun by then is not begun any more. */
export async function inTurns<Item, Result>(
  items: readonly Item[], atOnce_max: number, within_ms: number, each: (item: Item, isLate: () => boolean) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const left = items.entries()
  const late = Promise.withResolvers<never>()
  let isLate = false
  const alarm = setTimeout(() => {
    isLate = true
    late.reject(new Busy('there was not time enough for all'))
  }, within_ms)
  const work = async () => {
    for (const [index, item] of left) {
      results[index] = await each(item, () => isLate)
      if (isLate) return
    }
  }
  try {
    await Promise.race([Promise.all(Array.from({ length: Math.min(atOnce_max, items.length) }, work)), late.promise])
    return results
  } finally {
    clearTimeout(alarm)
  }
}
