import { z } from 'zod'

export const ItemOutcome = z.enum(['done', 'unchanged', 'failed', 'skipped', 'unfinished'])
export type ItemOutcome = z.output<typeof ItemOutcome>

/** How many items ended how. */
export const Counts = z.object({ done: z.int(), unchanged: z.int(), failed: z.int(), skipped: z.int(), unfinished: z.int() })

/** Why a run is over: every item was gone through, or the rest was given up. */
export const RunCause = z.enum(['finished', 'failure', 'cancelled', 'timeout'])
