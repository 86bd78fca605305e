import { z } from 'zod'
import { decider, isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { day_ms, later, second_ms } from '../../kernel/time.ts'
import { CommandId, OrchestratorId, text } from '../../vocabulary.ts'
import { Envelope, Hash, hashOf } from '../charter/envelope.ts'
import { mayAskFor } from '../charter/guards.ts'
import { judgedFor } from '../charter/judging.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { ActionApproval, needed_max, type ActionApprovalEvent } from './events.ts'
import { actionApprovalState, type ActionApprovalState, type Asked } from './state.ts'

type Known = Exclude<ActionApprovalState, { stage: 'unknown' }>

const own = ({ orchestrator, hash }: Asked) => ({ orchestrator, hash })
const unfit = (command: string, { stage: status }: Known) => reject('INVALID_STATE_TRANSITION', { command, status })

/** As it stands at this instant: the timer that ends it may be late. */
const standing = (state: Known, { at }: Pick<Context, 'at'>): Known =>
  ((state.stage === 'PENDING' || state.stage === 'APPROVED') && at >= state.expiresAt ? { ...state, stage: 'EXPIRED' } : state)

const isHere = (state: ActionApprovalState, { organization }: Context): state is Known =>
  state.stage !== 'unknown' && state.organization === organization

/** One command uses it, if it is approved and is for exactly this. */
function used(state: Known, hash: string, command: CommandId, context: Context) {
  const now = standing(state, context)
  if (now.hash !== hash) return reject('ACTION_MISMATCH', { hash: now.hash })
  if (now.stage === 'USED' && now.command === command) return []
  if (now.stage !== 'APPROVED') return reject('APPROVAL_NOT_GRANTED', { status: now.stage })
  return [ActionApproval.ApprovalUsed({ ...own(now), command })]
}

export const actionApproval = decider(actionApprovalState, {
  collection: 'approvals',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator or approval.'),
    FORBIDDEN: forbidden('An orchestrator and its agents ask for themselves; only an admin approves or rejects.'),
    SELF_APPROVAL: forbidden('Nobody approves what it has asked for.'),
    ALREADY_EXISTS: conflict('An approval with this id was asked for, and for something else.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left, or this is decided or has expired.'),
    ACTION_MISMATCH: conflict('The approval is for another action.'),
    APPROVAL_NOT_GRANTED: conflict('It is not approved, was used already or has expired.'),
  },

  commands: {
    request: {
      about: 'Ask to be let do exactly this once. What the charter approves or denies by itself is decided at once.',
      creates: true,
      scope: 'execute',
      data: z.object({
        orchestrator: OrchestratorId, envelope: Envelope, reason: text(200),
        needed: z.int().min(1).max(needed_max).default(1), expiresIn_s: z.int().min(60).max(7 * day_ms / second_ms).default(3_600),
      }),
      decide(state, { orchestrator, envelope, expiresIn_s, ...asked }, context) {
        const known = context.look(orchestratorState, orchestrator)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayAskFor(orchestrator, context)) return reject('FORBIDDEN')
        const hash = hashOf(envelope)
        if (state.stage !== 'unknown')
          return state.hash === hash && state.orchestrator === orchestrator ? [] : reject('ALREADY_EXISTS')
        if (known.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { command: 'request', status: 'ARCHIVED' })
        const { verdict, rule, charterVersion } = judgedFor(orchestrator, envelope, context)
        const expiresAt = later(context.at, expiresIn_s * second_ms)
        const decided = { orchestrator, hash, auto: true, rule }
        const facts: ActionApprovalEvent[] = [ActionApproval.ApprovalRequested({
          orchestrator, hash, envelope, ...asked, expiresAt, verdict, rule, charterVersion,
        })]
        if (verdict === 'denied') facts.push(ActionApproval.ApprovalRejected({ ...decided, comment: null }))
        else if (rule?.list === 'autoApprove') facts.push(ActionApproval.ApprovalGranted({ ...decided, approvers: [] }))
        return facts
      },
    },

    approve: {
      about: 'Be for it, by each key once. The last of as many as are needed grants it.',
      scope: 'admin',
      data: z.object({ hash: Hash }),
      decide(state, { hash }, context) {
        if (!isHere(state, context)) return reject('NOT_FOUND')
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        if (state.hash !== hash) return reject('ACTION_MISMATCH', { hash: state.hash })
        if (state.asker === context.by.id) return reject('SELF_APPROVAL')
        if (state.signatures.includes(context.by.id)) return []
        if (standing(state, context).stage !== 'PENDING') return unfit('approve', standing(state, context))
        const signatures = [...state.signatures, context.by.id]
        const signed = ActionApproval.ApprovalSigned({ ...own(state), signatures, needed: state.needed })
        if (signatures.length < state.needed) return [signed]
        return [signed, ActionApproval.ApprovalGranted({ ...own(state), auto: false, rule: state.rule, approvers: signatures })]
      },
    },

    reject: {
      about: 'Say that it must not be done, and why.',
      scope: 'admin',
      data: z.object({ comment: text(1_000) }),
      decide(state, { comment }, context) {
        if (!isHere(state, context)) return reject('NOT_FOUND')
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        const now = standing(state, context)
        if (now.stage === 'REJECTED') return []
        if (now.stage !== 'PENDING') return unfit('reject', now)
        return [ActionApproval.ApprovalRejected({ ...own(state), auto: false, rule: state.rule, comment })]
      },
    },

    use: {
      about: 'Do what was approved, which is not a command here: the approval is used up.',
      scope: 'execute',
      data: z.object({ envelope: Envelope }),
      decide(state, { envelope }, context) {
        if (!isHere(state, context)) return reject('NOT_FOUND')
        if (!mayAskFor(state.orchestrator, context)) return reject('FORBIDDEN')
        return used(state, hashOf(envelope), CommandId.parse(context.commandId), context)
      },
    },

    take: {
      about: 'A command at the gate is about to do what was approved for its orchestrator.',
      internal: true,
      data: z.object({ orchestrator: OrchestratorId, hash: Hash, command: CommandId }),
      decide(state, { orchestrator, hash, command }, context) {
        if (!isHere(state, context)) return reject('NOT_FOUND')
        return state.orchestrator === orchestrator ? used(state, hash, command, context) : reject('FORBIDDEN')
      },
    },

    giveBack: {
      about: 'The command led to nothing: the approval is good again, as long as it lasts.',
      internal: true,
      data: z.object({ command: CommandId }),
      decide(state, { command }, { at }) {
        if (state.stage !== 'USED' || state.command !== command) return []
        const returned = ActionApproval.ApprovalReturned({ ...own(state), command })
        return at < state.expiresAt ? [returned] : [returned, ActionApproval.ApprovalExpired(own(state))]
      },
    },

    expire: {
      about: 'Its time is up.',
      internal: true,
      data: z.object({}),
      decide(state, _, context) {
        if (state.stage === 'unknown' || state.stage === 'EXPIRED') return []
        return standing(state, context).stage === 'EXPIRED' ? [ActionApproval.ApprovalExpired(own(state))] : []
      },
    },
  },
})
