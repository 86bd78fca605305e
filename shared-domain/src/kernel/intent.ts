/** Something the system itself wants done, now or when `due` has come. A due intent has a key. */
export interface Intent {
  readonly category: string
  readonly id: string
  readonly command: string
  readonly data: unknown
  /** Instant at which it becomes a command; at once when not given. */
  readonly due?: string
  /** A later intent under the same key replaces an earlier one that is still waiting. */
  readonly key?: string
  /** The wait measures silence, which means nothing while nobody listens: whoever takes the lead lets at least so much time pass. */
  readonly patience_ms?: number
  /** Who is told what becomes of it. */
  readonly report?: Report
}

/** An internal command that is told what became of an intent: its data has a field `outcome` of the shape that `report.ts` says besides. */
export interface Report {
  readonly category: string
  readonly id: string
  readonly command: string
  readonly data: object
}

/** Withdraws the intent that still waits under this key, or all whose keys begin so. */
export interface Forget {
  readonly forget: string
  readonly isPrefix?: true
}

export const forget = (key: string): Forget => ({ forget: key })

/** For keys of which nobody knows any more which there are. A prefix ends where a part of the keys does. */
export const forgetAll = (prefix: string): Forget => ({ forget: prefix, isPrefix: true })

export type Reaction = readonly (Intent | Forget)[]
