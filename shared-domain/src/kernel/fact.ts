export type AnyEvent = { readonly type: string; readonly data: unknown }

export const actorKinds = ['orchestrator', 'agent', 'daemon', 'admin', 'tool', 'process'] as const

/**
 * Who acts: an orchestrator with its key, an agent or a daemon with one of its own, a person with an admin key, a tool with a lesser
 * key of the organization, or a process of Baton itself.
 */
export interface Actor {
  readonly kind: (typeof actorKinds)[number]
  readonly id: string
}

/** What the log says of a fact besides its data. */
export interface Meta {
  readonly at: string
  readonly by: Actor
  readonly organization: string
  /** Revision of the fact in its stream, from 0. */
  readonly revision: number
  /** Where it stands in the log, as a decimal string; of facts that were appended together it may be where the last one stands. */
  readonly position: string
  readonly commandId: string
  /** The fact was taken over from another system's log, together with its time. */
  readonly imported?: boolean
}

/** A fact as readers see it: what happened, to which stream, when, through whom, and where it stands in the log. */
export type Recorded<Event extends AnyEvent = AnyEvent> = Event & Meta & {
  readonly category: string
  /** The id part of the stream's name. */
  readonly id: string
  /** The orchestrator that it concerns first, if one. */
  readonly recipient?: string | null
}
