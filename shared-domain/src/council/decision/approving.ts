import { z } from 'zod'
import { isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { DueInstant } from '../../vocabulary.ts'
import { ShareSaid, ShareText } from '../tally/share.ts'
import { counting, faults } from './counted-by.ts'
import { electors_max, frozen, isFrozen, membership, misweighed } from './electorate.ts'
import { untimely } from './guards.ts'

/** How it may be said with a task by whom it is approved. */
export const approving = {
  electorate: membership.electorate.unwrap().min(2).max(electors_max).optional(),
  protocol: counting.protocol.unwrap().optional(),
  threshold: counting.threshold,
  quorum: counting.quorum,
  weights: membership.weights.unwrap().exclude(['earned']).optional(),
  deadline: DueInstant.optional(),
}

const Membership = z.object(membership)

type Approving = z.output<z.ZodObject<typeof approving>>

/** Whether it could be asked so. */
export function sound({ electorate, weights, protocol = 'majority', threshold, quorum }: Approving, { addIssue }: z.RefinementCtx) {
  const wrong = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message })
  // What is no share at all has been told of where it was said.
  if (threshold !== undefined && !ShareText.safeParse(threshold).success) return
  // It is said again when the question is put.
  for (const [name, share] of Object.entries({ threshold, quorum }))
    if (share !== undefined && !ShareSaid.safeParse(share).success) wrong(name, 'is finer than can be kept')
  const rule = { protocol, threshold, options: undefined, vetoers: [] }
  for (const { path, message } of [...misweighed({ electorate, weights: weights ?? 'profile' }), ...faults(rule)]) wrong(path, message)
}

/** Why the question could not be put as it is asked for, if it could not. */
export function unaskable({ electorate, weights, deadline }: Approving, context: Context) {
  if (weights === 'given' && !isPrivileged(context)) return reject('FORBIDDEN')
  const found = frozen({ ...Membership.parse({ electorate, weights }), type: 'task_approval' }, null, context)
  return isFrozen(found) ? untimely(deadline, context.at) : found
}
