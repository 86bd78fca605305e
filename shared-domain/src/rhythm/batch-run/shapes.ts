import { z } from 'zod'
import { BatchCommand } from '../batch/plan.ts'

export const ItemOutcome = z.enum(['done', 'unchanged', 'failed', 'skipped', 'unfinished'])
export type ItemOutcome = z.output<typeof ItemOutcome>

/** How many items ended how. */
export const Counts = z.object({ done: z.int(), unchanged: z.int(), failed: z.int(), skipped: z.int(), unfinished: z.int() })

/** Why a run is over: every item was gone through, or the rest was given up. */
export const RunCause = z.enum(['finished', 'failure', 'cancelled', 'timeout'])

/** What a run does: as a batch has it, or passing tasks on to even pressure, each to an orchestrator of its own. */
export const RunCommand = z.enum([...BatchCommand.options, 'even'])
