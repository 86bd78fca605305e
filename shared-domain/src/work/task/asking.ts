import { z } from 'zod'
import { approving, sound, unaskable } from '../../council/decision/approving.ts'
import { reject, type Context } from '../../kernel/decider.ts'
import { DecisionId, type OrchestratorId } from '../../vocabulary.ts'
import { Task } from './events.ts'

/** By whom, and how, it is to be approved that a task starts; without an electorate by its owner and who helps. */
export const Approval = z.object(approving).superRefine(sound)
type Approval = z.output<typeof Approval>

type Helper = { readonly orchestrator: OrchestratorId }

/** What is to be asked before the task starts, with everything that is known of it now. */
function questionOf(approval: Approval, owner: OrchestratorId, helpers: readonly Helper[]) {
  const concerned = new Set([owner, ...helpers.map(({ orchestrator }) => orchestrator)])
  return { ...approval, electorate: approval.electorate ?? [...concerned].map((elector) => ({ elector, weight: undefined })) }
}

/** Why the approval cannot be asked for, in the words of a task, if it cannot. */
function impossible(question: Approval, context: Context) {
  const why = unaskable(question, context)
  switch (why?.code) {
    case undefined: return undefined
    case 'FORBIDDEN': return reject('FORBIDDEN')
    case 'ORCHESTRATOR_UNKNOWN': return reject('ORCHESTRATOR_UNKNOWN', why!.detail)
    case 'DEADLINE_PASSED': return reject('DEADLINE_PASSED')
    case 'DEADLINE_TOO_FAR': return reject('DEADLINE_TOO_FAR')
    default: return reject('ELECTORATE_TOO_SMALL', why!.detail)
  }
}

/** The task waits from its creation on, and no time ends that: the decision has the id of the command. */
export function approvalAsked(approval: Approval, owner: OrchestratorId, helpers: readonly Helper[], context: Context) {
  const asked = questionOf(approval, owner, helpers)
  const refusal = impossible(asked, context)
  if (refusal) return refusal
  const decision = DecisionId.parse(context.commandId)
  const { electorate, protocol = null, quorum = null, threshold = null, weights = null, deadline = null } = asked
  // An elector without a weight of its own is named alone.
  const seats = electorate.map(({ elector, weight }) => (weight === undefined ? elector : { elector, weight }))
  const question = { electorate: seats, protocol, quorum, threshold, weights, deadline }
  return [Task.ApprovalRequired({ owner, decision, decisions: [decision], lasting: true, question })]
}
