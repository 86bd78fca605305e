import { fold, type Evolve } from '../../kernel/decider.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import type { Rule } from '../charter/verdict.ts'
import { ActionApproval, type ActionApprovalEvent } from './events.ts'

export const stages = ['PENDING', 'APPROVED', 'REJECTED', 'USED', 'EXPIRED'] as const
type Stage = (typeof stages)[number]

export interface Asked {
  readonly orchestrator: OrchestratorId
  readonly organization: string
  readonly hash: string
  readonly rule: Rule | null
  readonly needed: number
  readonly expiresAt: string
  /** Whoever asked: nobody signs for itself. */
  readonly asker: string
  readonly signatures: readonly string[]
}

export type ActionApprovalState =
  | { readonly stage: 'unknown' }
  | Asked & { readonly stage: Exclude<Stage, 'USED'> }
  | Asked & { readonly stage: 'USED'; readonly command: string }

const to = (state: ActionApprovalState, stage: Exclude<Stage, 'USED'>, more: Partial<Asked> = {}): ActionApprovalState =>
  ({ ...(state as Asked), ...more, stage })

const evolve: Evolve<ActionApprovalState, ActionApprovalEvent> = {
  ApprovalRequested: (_, { orchestrator, hash, rule, needed, expiresAt }, { by, organization }) =>
    ({ stage: 'PENDING', orchestrator, organization, hash, rule, needed, expiresAt, asker: by.id, signatures: [] }),
  ApprovalSigned: (state, { signatures }) => to(state, 'PENDING', { signatures }),
  ApprovalGranted: (state) => to(state, 'APPROVED'),
  ApprovalRejected: (state) => to(state, 'REJECTED'),
  ApprovalUsed: (state, { command }) => ({ ...(state as Asked), stage: 'USED', command }),
  ApprovalReturned: (state) => to(state, 'APPROVED'),
  ApprovalExpired: (state) => to(state, 'EXPIRED'),
}

export const actionApprovalState = fold('actionApproval', ActionApproval, { stage: 'unknown' }, evolve)
