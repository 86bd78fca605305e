/** How a question stands towards the log: what it was answered at, and what it has not yet got to know. */
export interface Standing {
  /** Log position of the answer. */
  readonly answered: bigint | undefined
  /** Of the last fact that may change the answer. */
  readonly wanted: bigint | undefined
  /** When the first fact came that may change the answer and is not in it. */
  readonly behindSince_ms: number | undefined
  readonly asked_ms: number | undefined
  readonly isAsking: boolean
  readonly isRefused: boolean
}

export const unasked: Standing = { answered: undefined, wanted: undefined, behindSince_ms: undefined, asked_ms: undefined, isAsking: false, isRefused: false }

/** Each question is asked at most once in so long. */
export const apart_ms = 1_000
/** What failed is tried again. */
const again_ms = 5_000
/** L-63: then it is said in words. */
export const stale_ms = 5_000

/** What a fact at this position, which may change the answer, makes of it. */
export function told(standing: Standing, position: bigint, now_ms: number): Standing {
  const { answered, wanted, behindSince_ms } = standing
  if (answered !== undefined && position <= answered) return standing
  return { ...standing, wanted: wanted === undefined || position > wanted ? position : wanted, behindSince_ms: behindSince_ms ?? now_ms }
}

export function answered(standing: Standing, position: bigint, now_ms: number): Standing {
  const isLevel = standing.wanted === undefined || position >= standing.wanted
  return {
    ...standing, answered: position, isAsking: false, isRefused: false,
    wanted: isLevel ? undefined : standing.wanted, behindSince_ms: isLevel ? undefined : standing.behindSince_ms ?? now_ms,
  }
}

/** In how many ms it is to be asked; undefined when there is no cause. */
export function dueIn(standing: Standing, now_ms: number): number | undefined {
  const { answered, wanted, asked_ms, isAsking, isRefused } = standing
  if (isAsking) return undefined
  if (asked_ms === undefined) return 0
  if (answered !== undefined && wanted === undefined && !isRefused) return undefined
  return Math.max(0, asked_ms + (isRefused ? again_ms : apart_ms) - now_ms)
}

/** For how long the answer has not been what the log says, in ms. */
export const lagOf = ({ behindSince_ms }: Standing, now_ms: number): number => (behindSince_ms === undefined ? 0 : Math.max(0, now_ms - behindSince_ms))

/** In words why a figure cannot be trusted to be of now; undefined when it can. */
export function staleness(standing: Standing, lost_ms: number | undefined, now_ms: number): string | undefined {
  if (lost_ms !== undefined && lost_ms > stale_ms) return `stale: no live connection for ${Math.round(lost_ms / 1_000)} s`
  const lag_ms = lagOf(standing, now_ms)
  return lag_ms > stale_ms ? `stale: ${Math.round(lag_ms / 1_000)} s behind the log` : undefined
}
