/** What a daemon tells the guard of a program, a line each. */
export type ToGuard =
  | {
    readonly run: {
      readonly command: readonly [string, ...string[]]
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      /** What stands in the environment of the program and of all that it starts. */
      readonly mark: string
      readonly fence_ms: { readonly term: number; readonly kill: number }
      readonly grace_ms: number
      readonly alive: Sign
    }
  }
  /** A heartbeat was accepted that was sent then. */
  | { readonly alive: Sign }
  | { readonly kill: true }
  | { readonly still: boolean }

/** An instant by two clocks of one machine: one that never jumps, and one that goes on while the machine sleeps. */
export interface Sign {
  readonly steady_ms: number
  readonly wall_ms: number
}

/** What a guard tells, a line each. */
export type FromGuard =
  | { readonly ready: true }
  | { readonly started: number; readonly since: string }
  | { readonly failed: string }
  /** `isFenced`: nothing was heard of the lease for too long. */
  | { readonly exit: number | null; readonly signal: NodeJS.Signals | null; readonly isFenced: boolean }

export const signNow = (): Sign => ({ steady_ms: Number(process.hrtime.bigint() / 1_000_000n), wall_ms: Date.now() })

/** How long ago it was, by whichever clock says more. */
export const sinceSign = ({ steady_ms, wall_ms }: Sign, now: Sign = signNow()): number => Math.max(now.steady_ms - steady_ms, now.wall_ms - wall_ms)
