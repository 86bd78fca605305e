import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

const row = z.object({
  task: TaskId,
  collaborator: OrchestratorId,
  owner: OrchestratorId,
  role: z.string(),
  /** With which it was asked, or what it said at the end. */
  note: z.string().nullable(),
  state: z.enum(['asked', 'accepted', 'declined', 'completed', 'removed']),
  reason: z.string().nullable(),
  asked_at: StoredInstant,
  answered_at: StoredInstant.nullable(),
  ended_at: StoredInstant.nullable(),
})

interface Told { readonly id: string; readonly data: { readonly collaborator: OrchestratorId } }

const become = ({ id, data: { collaborator } }: Told, columns: Partial<z.output<typeof row>>) =>
  [{ patch: columns, at: { task: id as TaskId, collaborator } }]

const project: Project<typeof row, 'task' | 'collaborator', TaskEvent> = {
  CollaborationRequested: ({ id, at: asked_at, data }) =>
    [{ put: { task: id as TaskId, ...data, state: 'asked', reason: null, asked_at, answered_at: null, ended_at: null } }],
  CollaborationAccepted: (fact) => become(fact, { state: 'accepted', reason: null, answered_at: fact.at }),
  CollaborationDeclined: (fact) => become(fact, { state: 'declined', reason: fact.data.reason, answered_at: fact.at }),
  CollaborationCompleted: (fact) =>
    become(fact, { state: 'completed', ended_at: fact.at, ...(fact.data.note === null ? {} : { note: fact.data.note }) }),
  CollaboratorRemoved: (fact) => become(fact, { state: 'removed', reason: fact.data.reason, ended_at: fact.at }),
}

export const collaborations = readModel({
  name: 'collaboration',
  about: 'Who was asked to help with which task, and what became of it; the newest first.',
  version: 1,
  path: '/collaborations',
  row,
  key: ['task', 'collaborator'],
  filters: ['task', 'owner', 'collaborator', 'state'],
  sorts: ['asked_at'],
  sort: '-asked_at',
  aliases: [{ route: 'GET /orchestrators/:collaborator/collaborate' }],
  project,
})
