import { fold, type Evolve } from '../../kernel/decider.ts'
import { StatusPost, type StatusPostEvent } from './events.ts'

/** A post stands alone on its stream, and nothing comes after it. */
export interface StatusPostState {
  readonly isPosted: boolean
}

const evolve: Evolve<StatusPostState, StatusPostEvent> = { OrchestratorStatusPosted: () => ({ isPosted: true }) }

export const statusPostState = fold('statusPost', StatusPost, { isPosted: false }, evolve)
