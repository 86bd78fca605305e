import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Envelope, Hash } from '../charter/envelope.ts'
import { Version } from '../charter/events.ts'
import { Rule, Verdict } from '../charter/verdict.ts'
import type { ActionApprovalEvent } from './events.ts'
import { stages } from './state.ts'

const row = z.object({
  approval: Id,
  orchestrator: OrchestratorId,
  envelope: Envelope,
  hash: Hash,
  reason: z.string(),
  needed: z.int(),
  expires_at: StoredInstant,
  verdict: Verdict,
  rule: Rule.nullable(),
  charter_version: Version.nullable(),
  /** The keys by which somebody has signed so far. */
  approvers: z.array(z.string()),
  status: z.enum(stages),
  /** Whether the charter decided by itself; null while nobody has. */
  auto: z.boolean().nullable(),
  asked_by: z.string(),
  asked_at: StoredInstant,
  ended_at: StoredInstant.nullable(),
  comment: z.string().nullable(),
})

type Row = z.output<typeof row>

const patched = <E extends ActionApprovalEvent>(patch: (event: Recorded<E>) => Partial<Row>) => (event: Recorded<E>) =>
  [{ patch: patch(event), at: { approval: event.id } }]

const project: Project<typeof row, 'approval', ActionApprovalEvent> = {
  ApprovalRequested: ({ id: approval, at: asked_at, by, data: { expiresAt: expires_at, charterVersion: charter_version, ...asked } }) => [{
    put: {
      approval, ...asked, expires_at, charter_version, approvers: [], status: 'PENDING', auto: null, asked_by: by.id, asked_at,
      ended_at: null, comment: null,
    },
  }],
  ApprovalSigned: patched(({ data: { signatures: approvers } }) => ({ approvers })),
  ApprovalGranted: patched(({ data: { auto } }) => ({ status: 'APPROVED', auto })),
  ApprovalRejected: patched(({ at, data: { auto, comment } }) => ({ status: 'REJECTED', auto, comment, ended_at: at })),
  ApprovalUsed: patched(({ at }) => ({ status: 'USED', ended_at: at })),
  ApprovalReturned: patched(() => ({ status: 'APPROVED', ended_at: null })),
  ApprovalExpired: patched(({ at }) => ({ status: 'EXPIRED', ended_at: at })),
}

export const actionApprovals = readModel({
  name: 'action_approval',
  about: 'What somebody asked to be let do, and what became of it.',
  version: 1,
  path: '/approvals',
  row,
  key: ['approval'],
  filters: ['orchestrator', 'status'],
  order: ['asked_at'],
  project,
})
