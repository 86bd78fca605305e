import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant, TaskId } from '../../vocabulary.ts'
import { assigneeOf } from './assignees.ts'
import type { TaskEvent } from './events.ts'
import { Refused, Scored } from './shapes.ts'

const row = z.object({
  task: TaskId,
  revision: z.int(),
  /** Whether somebody was found for the task, or nobody, or the task for somebody. */
  kind: z.enum(['assign', 'claim', 'delegate', 'none']),
  policy: z.string(),
  /** Of the candidates. */
  chosen: Id.nullable(),
  candidates: z.array(Scored(Id)),
  rejected: z.array(Refused),
  counts: z.record(z.string(), z.int()),
  reason: z.string().nullable(),
  by: z.string(),
  at: StoredInstant,
})
type Row = z.output<typeof row>
type Made = Pick<Row, 'kind' | 'policy' | 'chosen' | 'candidates' | 'rejected'> & Partial<Pick<Row, 'counts' | 'reason'>>

const made = ({ id, revision, at, by }: Recorded, choice: Made) =>
  [{ put: { task: id as TaskId, revision, counts: {}, reason: null, ...choice, by: by.id, at } }]

type Move = Extract<TaskEvent, { type: 'TaskDelegated' | 'TaskHandedOff' }>

const moved = (fact: Recorded<Move>) => {
  const { policy, to: chosen, candidates, rejected, note: reason } = fact.data
  return policy === null ? [] : made(fact, { kind: 'delegate', policy, chosen, candidates, rejected, reason })
}

const project: Project<typeof row, 'task' | 'revision', TaskEvent> = {
  TaskAssigned(fact) {
    const { policy, assignee, candidates, rejected, counts, reason } = fact.data
    const who = assigneeOf(assignee)
    if (policy === null) return []
    return made(fact, { kind: 'assign', policy, chosen: who.kind === 'person' ? null : who.id, candidates, rejected, counts, reason })
  },
  TaskPlacementFailed(fact) {
    const { policy, rejected, counts } = fact.data
    return made(fact, { kind: 'none', policy, chosen: null, candidates: [], rejected, counts })
  },
  TaskStarted: (fact) => (fact.data.selection ? made(fact, { ...fact.data.selection, kind: 'claim', chosen: fact.id }) : []),
  TaskDelegated: moved,
  TaskHandedOff: moved,
}

export const choiceRows = readModel({
  name: 'choice',
  about: 'What was chosen by a policy: from whom, with which scores, and why not others. The newest first.',
  version: 1,
  path: '/choices',
  row,
  key: ['task', 'revision'],
  filters: ['task', 'kind', 'policy', 'chosen'],
  sorts: ['at'],
  sort: '-at',
  isAppendOnly: true,
  project,
})
