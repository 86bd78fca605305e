import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, Named, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import { Kind, Severity, type ConflictEvent } from './events.ts'

const row = z.object({
  conflict: Id,
  kind: Kind,
  subject: Named,
  state: z.enum(['OPEN', 'RESOLVED', 'DISMISSED']),
  severity: Severity,
  orchestrators: z.array(OrchestratorId),
  tasks: z.array(TaskId),
  hold: z.boolean(),
  cause: z.enum(['hand', 'detected']),
  note: z.string().nullable(),
  evidence: z.json().nullable(),
  strategy: z.string().nullable(),
  resolution: z.json().nullable(),
  reason: z.string().nullable(),
  detected_at: StoredInstant,
  ended_at: StoredInstant.nullable(),
})

const open = { state: 'OPEN' as const, strategy: null, resolution: null, reason: null, ended_at: null }

const project: Project<typeof row, 'conflict', ConflictEvent> = {
  ConflictDetected: ({ id: conflict, at: detected_at, data: { grounds: _, ...said } }) =>
    [{ put: { conflict, ...said, ...open, detected_at } }],
  ConflictResolved: ({ id: conflict, at: ended_at, data: { strategy, resolution } }) =>
    [{ patch: { state: 'RESOLVED', strategy, resolution, ended_at }, at: { conflict } }],
  ConflictDismissed: ({ id: conflict, at: ended_at, data: { reason } }) =>
    [{ patch: { state: 'DISMISSED', reason, ended_at }, at: { conflict } }],
}

export const conflicts = readModel({
  name: 'conflict',
  about: 'Who stands in whose way, and how it was resolved; the newest first.',
  version: 1,
  path: '/conflicts',
  row,
  key: ['conflict'],
  filters: ['kind', 'state', 'severity', 'subject'],
  contains: { orchestrator: 'orchestrators', task: 'tasks' },
  sorts: ['detected_at'],
  sort: '-detected_at',
  aliases: [{ route: 'GET /orchestrators/conflicts' }],
  project,
})
