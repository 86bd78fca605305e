import type { Store } from './contract.ts'

/** The same store; a test is told what is asked of it. */
export const watched = (store: Store, ask: (what: keyof Store, args: readonly unknown[]) => void): Store => new Proxy(store, {
  get(target, key) {
    const value: unknown = Reflect.get(target, key, target)
    if (typeof value !== 'function') return value
    return (...args: readonly unknown[]) => {
      ask(key as keyof Store, args)
      return value.apply(target, args) as unknown
    }
  },
})
