import { useLayoutEffect, useState } from 'preact/hooks'

/** One value that several look at. */
export interface Held<T> {
  get(): T
  set(next: T): void
  /** Calls back after every change; the answer ends that. */
  watch(changed: () => void): () => void
}

export function held<T>(initial: T): Held<T> {
  let value = initial
  const watchers = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const changed of [...watchers]) changed()
    },
    watch(changed) {
      watchers.add(changed)
      return () => { watchers.delete(changed) }
    },
  }
}

/** The value in a component, which is rendered again when it changes. */
export function useHeld<T>(one: Held<T>): T {
  const [, again] = useState(0)
  useLayoutEffect(() => {
    const before = one.get()
    const end = one.watch(() => again((n) => n + 1))
    if (!Object.is(before, one.get())) again((n) => n + 1)
    return end
  }, [one])
  return one.get()
}

/** The clock, once a second, for whatever shows how long ago something was. It stands still while nobody looks. */
export const clock = held(Date.now())
setInterval(() => { if (typeof document === 'undefined' || !document.hidden) clock.set(Date.now()) }, 1_000)
