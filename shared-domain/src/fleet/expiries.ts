import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { actionApproval } from './approval/decider.ts'
import type { ActionApprovalEvent } from './approval/events.ts'

const keyOf = (id: string) => `expire actionApproval-${id}`

export const expiries = process<ActionApprovalEvent>({
  name: 'expiries',
  about: 'Ends approvals of actions when their time is up.',
  react: {
    ApprovalRequested: ({ id, data: { expiresAt: due } }) => [send(actionApproval, id, 'expire', {}, { due, key: keyOf(id) })],
    ApprovalRejected: ({ id }) => [forget(keyOf(id))],
  },
})
