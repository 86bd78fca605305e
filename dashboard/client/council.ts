import type { Deed } from './deeds.ts'
import { ownOrchestrator } from './session.ts'
import type { DecisionRow } from './tally.ts'

export function decisionDeeds(row: DecisionRow, shown?: Deed['shown']): readonly Deed[] {
  const path = `/decisions/${row.decision}`
  const one = (label: string, command: string, more: Partial<Deed> = {}): Deed => ({ label, path: `${path}/${command}`, about: row.title, ...more })
  const own = ownOrchestrator()
  const isPending = row.status === 'pending'
  return [
    ...(isPending && own !== undefined && row.electors.includes(own) ? [one('Vote', 'votes', { scope: 'execute', fields: [
      row.options === null ? { name: 'vote', label: 'Vote', kind: 'choice', options: ['APPROVE', 'REJECT', 'ABSTAIN'] } : { name: 'ranking', label: 'Ranking', kind: 'words', initial: row.options.join(', '), hint: 'The best first, separated by commas.' },
      { name: 'comment', label: 'Comment', isOptional: true },
    ] })] : []),
    ...(isPending ? [
      one('Argue', 'arguments', { scope: 'execute', fields: [{ name: 'side', label: 'Side', kind: 'choice', options: ['for', 'against', 'neutral'] }, { name: 'text', label: 'Argument', kind: 'long' }] }),
      ...(row.deadline ? [one('Extend', 'extend', { shown, fields: [{ name: 'deadline', label: 'Deadline', kind: 'instant', hint: 'In your zone.' }, { name: 'reason', label: 'Why' }] })] : []),
      one('Withdraw', 'cancel', { shown, fields: [{ name: 'reason', label: 'Why', isOptional: true }], warning: 'The question ends without an answer.' }),
    ] : []),
    ...(row.status === 'approved' && row.effect_state === 'failed' ? [one('Try the effect again', 'apply', { scope: 'admin' })] : []),
  ]
}

export interface ConflictRow { readonly conflict: string; readonly kind: string; readonly subject: string; readonly state: string; readonly severity: string; readonly orchestrators: readonly string[]; readonly tasks: readonly string[]; readonly detected_at: string; readonly note: string | null }

export const conflictDeeds = ({ conflict, state, subject }: ConflictRow): readonly Deed[] => (state !== 'OPEN' ? [] : [
  { label: 'Resolve', path: `/conflicts/${conflict}/resolve`, about: subject, fields: [{ name: 'strategy', label: 'How', kind: 'choice', options: ['first', 'priority', 'split', 'reschedule', 'transfer', 'cancel', 'other'] }] },
  { label: 'Dismiss', path: `/conflicts/${conflict}/dismiss`, about: subject, fields: [{ name: 'reason', label: 'Why it is none' }] },
])

export interface ApprovalRow { readonly approval: string; readonly orchestrator: string; readonly envelope: { readonly action?: string; readonly command?: string; readonly path?: string }; readonly hash: string; readonly reason: string; readonly needed: number; readonly approvers: readonly unknown[]; readonly status: string; readonly expires_at: string; readonly asked_at: string }

export const approvalDeeds = ({ approval, hash, status, envelope }: ApprovalRow): readonly Deed[] => (status !== 'PENDING' ? [] : [
  { label: 'Approve', path: `/approvals/${approval}/approve`, scope: 'admin', body: { hash }, about: JSON.stringify(envelope), warning: 'It is then done, once, as it stands here.' },
  { label: 'Reject', path: `/approvals/${approval}/reject`, scope: 'admin', about: JSON.stringify(envelope), fields: [{ name: 'comment', label: 'Why not', kind: 'long' }] },
])
