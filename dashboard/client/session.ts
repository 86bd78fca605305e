import { held } from './held.ts'

/** Whom the key speaks for, as `GET /keys/validate` says it. */
export interface Who {
  readonly key: string
  readonly organization: string
  readonly actor: { readonly kind: string; readonly id: string }
  readonly scopes: readonly string[]
  readonly expiresAt: string | null
}

export interface Session {
  /** In memory and in this tab's sessionStorage, and nowhere else. */
  readonly key: string | undefined
  readonly who: Who | undefined
  /** Why the key was forgotten, in a sentence. */
  readonly farewell: string | undefined
}

const place = 'baton.key'

export const session = held<Session>({ key: sessionStorage.getItem(place) ?? undefined, who: undefined, farewell: undefined })

export function remember(key: string, who: Who) {
  sessionStorage.setItem(place, key)
  session.set({ key, who, farewell: undefined })
}

/** The address stays, so that whoever signs in again is where they were. */
export function forget(farewell?: string) {
  sessionStorage.removeItem(place)
  session.set({ key: undefined, who: undefined, farewell })
}

export const may = (scope: string): boolean => session.get().who?.scopes.some((one) => one === scope || one === 'admin') ?? false

/** The orchestrator that the key speaks for, if any. */
export const ownOrchestrator = (): string | undefined => {
  const actor = session.get().who?.actor
  return actor?.kind === 'orchestrator' ? actor.id : undefined
}
