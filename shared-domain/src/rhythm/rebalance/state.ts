import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import { Rebalance, type Moves, type RebalanceEvent } from './events.ts'

export type RebalanceState = { readonly stage: 'unknown' } | Known

interface Known {
  readonly stage: 'proposed' | 'applied'
  readonly organization: string
  readonly at: string
  readonly policy: string
  readonly run: string | null
  readonly moves: z.output<typeof Moves>
}

const evolve: Evolve<RebalanceState, RebalanceEvent> = {
  RebalanceProposed: (_, { policy, moves }, { at, organization }) => ({ stage: 'proposed', organization, at, policy, run: null, moves }),
  RebalanceApplied: (state, { run }) => ({ ...(state as Known), stage: 'applied', run }),
}

export const rebalanceState = fold('rebalance', Rebalance, { stage: 'unknown' }, evolve)
