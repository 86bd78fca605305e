import type { Fold } from './decider.ts'
import type { Recorded } from './fact.ts'
import type { Intent } from './intent.ts'
import { sha256 } from './sha-256.ts'
import { hour_ms, second_ms, minute_ms } from './time.ts'

/** A fact as an outlet is asked about it, with what only the host knows of it. */
export interface Told {
  readonly fact: Recorded
  /** The orchestrator that it concerns first. */
  readonly recipient: string | null
  /** The label of its stream, as it stands with it; asked for only where somebody wants to know. */
  readonly label: () => string | null
}

/** One to whom facts are sent, as things stand. */
export interface Target {
  readonly url: string
  /** Sealed, as the field of this name: the last one first, and until when the others sign. */
  readonly secrets: readonly { readonly secret: string; readonly until: string | null }[]
  readonly parallel: number
  /** Nothing is read or sent for one that is closed; it keeps its place. */
  readonly isOpen: boolean
  readonly wantsLabel: boolean
  readonly wants: (told: Told) => boolean
}

/** Facts behind a position, up to another, of these types. */
export interface Stretch {
  readonly from: string
  readonly to: string | null
  readonly types: ((fact: Recorded) => boolean) | null
}

/** What a fact of a target's own stream asks for. */
export type Directive =
  /** Read from a position on, or from this fact on. */
  | { readonly begin: string | 'here' }
  /** Send this fact, whatever is wanted. */
  | { readonly send: 'this' }
  /** Send again: these events, or what is wanted behind a position, up to another. */
  | { readonly again: { readonly events: readonly string[] } | Stretch }

/** Facts that are sent outside: one stream for each target, whose fold says what it wants. */
export interface Outlet<State = any> {
  readonly name: string
  readonly about: string
  readonly fold: Fold<State>
  /** Undefined for one that there is no more, or not yet. */
  readonly target: (state: State) => Target | undefined
  readonly directive: (fact: Recorded) => Directive | undefined
  /** What is wanted of a target that has failed for too long, or says that it is gone. */
  readonly gaveUp: (id: string, cause: 'failing' | 'gone') => Intent
}

export const outlet = <State>(definition: Outlet<State>): Outlet<State> => definition

export const attempts_max = 10
const wait_max_s = 14_400
const wait_first_s = 5
const jitter = .1
export const retryAfter_max_s = 3_600

/** A number of 0 to 1 that is fixed by words. */
const fixedBy = (...words: readonly string[]): number => Number.parseInt(sha256(JSON.stringify(words)).slice(0, 8), 16) / 0xffff_ffff

/** How long after the n-th attempt the next one comes; null when there is none. What the other side asked for counts if it is longer. */
export function waitAfter(event: string, attempt: number, retryAfter_s = 0): number | null {
  if (attempt >= attempts_max) return null
  const wait_ms = Math.min(wait_max_s, wait_first_s * 4 ** (attempt - 1)) * second_ms
  const spread = 1 - jitter + 2 * jitter * fixedBy(event, String(attempt))
  return Math.max(Math.round(wait_ms * spread), Math.min(retryAfter_s, retryAfter_max_s) * second_ms)
}

/** Seconds that a header `Retry-After` asks for, as a number or as a date. */
export function patienceIn(header: string | undefined, at_ms: number): number {
  if (header === undefined) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const date_ms = Date.parse(header)
  return Number.isNaN(date_ms) ? 0 : Math.max(0, Math.ceil((date_ms - at_ms) / second_ms))
}

const failures_max = 20
const failing_ms = 24 * hour_ms

/** Failures since something last arrived, and since when. */
export interface Failures {
  readonly count: number
  readonly since_ms: number | null
}

export const noFailures: Failures = { count: 0, since_ms: null }

export const failedOnce = ({ count, since_ms }: Failures, at_ms: number): Failures => ({ count: count + 1, since_ms: since_ms ?? at_ms })

export const isFailing = ({ count, since_ms }: Failures, at_ms: number): boolean =>
  count >= failures_max && since_ms !== null && at_ms - since_ms >= failing_ms

/** A target with so much on its way is left where it stands, and read on for below the other. */
export const pending_max = 10_000
export const pending_low = 5_000

/** How long what was delivered, or given up, is still shown. */
export const delivered_ms = 7 * 24 * 60 * minute_ms
export const dead_ms = 30 * 24 * 60 * minute_ms
/** So many facts are looked at to send them again. */
export const again_max = 100_000
