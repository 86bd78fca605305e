import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, priorities, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import { Step } from './ladder.ts'

const row = z.object({
  task: TaskId,
  revision: z.int(),
  owner: OrchestratorId,
  severity: z.enum(priorities),
  reason: z.string(),
  to: z.string().nullable(),
  people: z.array(z.string()),
  /** Whom each step asks, and after how long without an answer the next is begun. */
  steps: z.array(Step).nullable(),
  cause: z.enum(['hand', 'sla']),
  /** The step that has begun last, from 1 on. */
  level: z.int(),
  /** NONE of one from before there were steps, of which it was not told what became of it. */
  state: z.enum(['NONE', 'OPEN', 'ACKNOWLEDGED', 'RESOLVED', 'CANCELLED']),
  acknowledged_by: z.string().nullable(),
  resolved_by: z.string().nullable(),
  resolution: z.string().nullable(),
  at: StoredInstant,
  acknowledged_at: StoredInstant.nullable(),
  ended_at: StoredInstant.nullable(),
})

interface Told { readonly id: string; readonly data: { readonly owner: OrchestratorId; readonly escalation: string | null } }

/** What becomes of the escalation that is named, if one is. */
const become = ({ id, data: { owner, escalation } }: Told, columns: Partial<z.output<typeof row>>) =>
  (escalation === null ? [] : [{ patch: { owner, ...columns }, at: { task: id as TaskId, revision: Number(escalation) } }])

const unanswered = { acknowledged_by: null, acknowledged_at: null }

/** Who answered: the person that is named, else whoever said it. */
const whoIn = ({ by, data: { person } }: Pick<Recorded, 'by'> & { readonly data: { readonly person: string | null } }) => person ?? by.id

const project: Project<typeof row, 'task' | 'revision', TaskEvent> = {
  TaskEscalated: ({ id, revision, at, data: { owner, severity, reason, to, people, steps, cause } }) => [{
    put: {
      task: id as TaskId, revision, owner, severity, reason, to, people, steps, cause, level: 1, state: steps === null ? 'NONE' : 'OPEN',
      ...unanswered, resolved_by: null, resolution: null, at, ended_at: null,
    },
  }],
  TaskEscalationAcknowledged: (fact) =>
    become(fact, { state: 'ACKNOWLEDGED', acknowledged_by: whoIn(fact), acknowledged_at: fact.at }),
  TaskEscalationRaised: (fact) => become(fact, { state: 'OPEN', level: fact.data.level, ...unanswered }),
  TaskEscalationResolved: (fact) =>
    become(fact, { state: 'RESOLVED', resolved_by: whoIn(fact), resolution: fact.data.resolution, ended_at: fact.at }),
  TaskCancelled: (fact) => become(fact, { state: 'CANCELLED', ended_at: fact.at }),
}

export const escalations = readModel({
  name: 'escalation',
  about: 'What somebody else had to decide, who was asked, how far it was raised and what was said; the newest first.',
  version: 1,
  path: '/escalations',
  row,
  key: ['task', 'revision'],
  filters: ['task', 'owner', 'state', 'severity', 'level'],
  sorts: ['at'],
  sort: '-at',
  project,
})
