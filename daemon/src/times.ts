/** How long what takes. All of it is the chapter's; tests go faster. */
export interface Times {
  /** A beat shows that the daemon lives. */
  readonly beat_ms: number
  /** It looks for work at least so often. */
  readonly look_ms: number
  /** Without announcements it asks so often for facts while programs run. */
  readonly ask_ms: number
  /** A heartbeat of a lease is due each time. */
  readonly heartbeat_ms: number
  /** So long after the last heartbeat that was accepted was sent the guard asks the program to end, and so long it kills it. */
  readonly fence_ms: { readonly term: number; readonly kill: number }
  /** Between asking a program to end and killing it. */
  readonly grace_ms: number
  readonly flush_ms: number
  readonly progress_ms: number
  /** How long what runs may go on when the daemon is asked to end. */
  readonly drain_ms: number
  readonly retry_ms: { readonly first: number; readonly most: number }
}

export const times: Times = {
  beat_ms: 30_000, look_ms: 30_000, ask_ms: 2_500, heartbeat_ms: 20_000, fence_ms: { term: 45_000, kill: 55_000 }, grace_ms: 10_000, flush_ms: 2_000,
  progress_ms: 1_000, drain_ms: 10_000, retry_ms: { first: 1_000, most: 60_000 },
}
