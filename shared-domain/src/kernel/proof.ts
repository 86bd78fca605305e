import type { Rejection } from './decider.ts'
import type { EventDefinition } from './events.ts'
import type { Actor } from './fact.ts'
import type { Refusals } from './refusal.ts'

/** A fact as it was stored: what it says in the words of its version, and by what it can be found in the log again. */
export interface Written {
  readonly revision: number
  readonly position: string
  readonly eventId: string
  readonly type: string
  readonly version: number
  readonly at: string
  readonly by: Actor
  readonly commandId: string
  /** It was taken over from another log. */
  readonly imported?: true | undefined
  readonly data: unknown
}

export interface Made {
  readonly body: Readonly<Record<string, unknown>>
  /** What the signature is over: digests of the body's parts are part of it. */
  readonly signed: Readonly<Record<string, unknown>>
}

/**
 * What a stream proves about itself, as data: a document made of nothing but its facts, which a host serves at `path` with the public
 * keys that lead to the one that signs. The same facts make the same bytes.
 */
export interface Proof {
  readonly name: string
  readonly about: string
  /** With one parameter, the id of the stream. */
  readonly path: string
  readonly category: string
  readonly definitions: Readonly<Record<string, EventDefinition<any>>>
  readonly rejections: Refusals
  /** A rejection where there is nothing to prove yet. */
  readonly make: (facts: readonly Written[], of: { readonly id: string; readonly organization: string }) => Made | Rejection
}
