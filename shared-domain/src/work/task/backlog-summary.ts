import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import type { TaskStatus } from './shapes.ts'

const row = z.object({
  owner: OrchestratorId,
  total: z.int(),
  todo: z.int(),
  in_progress: z.int(),
  blocked: z.int(),
  done: z.int(),
  cancelled: z.int(),
  /** How many deadlines were missed so far. */
  sla_violated: z.int(),
})

/** The column that counts a status. */
export const columns = { TODO: 'todo', IN_PROGRESS: 'in_progress', BLOCKED: 'blocked', DONE: 'done', CANCELLED: 'cancelled' } as const

const zero = { total: 0, todo: 0, in_progress: 0, blocked: 0, done: 0, cancelled: 0, sla_violated: 0 }

/** What is done of all that is still wanted, in percent, with two decimals. */
export const completionRate = ({ total, done, cancelled }: Pick<z.output<typeof row>, 'total' | 'done' | 'cancelled'>): number =>
  (total === cancelled ? 0 : Math.round((10_000 * done) / (total - cancelled)) / 100)

type Owner = z.output<typeof OrchestratorId>

const turn = ({ owner, from }: { owner: Owner; from: TaskStatus }, to: TaskStatus) =>
  (from === to ? [] : [{ add: { ...zero, [columns[from]]: -1, [columns[to]]: 1 }, at: { owner } }])

const turned = (to: TaskStatus) => ({ data }: { data: { owner: Owner; from: TaskStatus } }) => turn(data, to)

const moved = ({ owner, from, to }: { owner: Owner; from: TaskStatus; to: Owner }, arrivesAs: TaskStatus) => [
  { add: { ...zero, total: -1, [columns[from]]: -1 }, at: { owner } },
  { add: { ...zero, total: 1, [columns[arrivesAs]]: 1 }, at: { owner: to } },
]

const project: Project<typeof row, 'owner', TaskEvent> = {
  TaskCreated: ({ data: { owner } }) => [{ add: { ...zero, total: 1, todo: 1 }, at: { owner } }],
  TaskStarted: turned('IN_PROGRESS'),
  LeaseExpired: turned('TODO'),
  TaskCompleted: turned('DONE'),
  TaskFailed: turned('TODO'),
  TaskReleased: turned('TODO'),
  TaskBlocked: turned('BLOCKED'),
  TaskUnblocked: turned('TODO'),
  TaskEscalated: turned('BLOCKED'),
  TaskEscalationResolved: turned('TODO'),
  TaskCancelled: turned('CANCELLED'),
  TaskReopened: turned('TODO'),
  TaskDelegated: ({ data }) => moved(data, data.from),
  TaskReturned: ({ data }) => moved(data, data.from === 'IN_PROGRESS' ? 'TODO' : data.from),
  TaskHandedOff: ({ data }) => moved(data, data.from === 'IN_PROGRESS' ? 'TODO' : data.from),
  TaskSlaViolated: ({ data: { owner } }) => [{ add: { ...zero, sla_violated: 1 }, at: { owner } }],
}

export const backlogSummary = readModel({
  name: 'backlog_summary',
  about: 'How much every orchestrator has to do, how much of it is done, and how many deadlines it missed.',
  version: 2,
  path: '/backlogs',
  row,
  key: ['owner'],
  computed: z.object({ completion_rate: z.number() }),
  compute: (counts) => ({ completion_rate: completionRate(counts) }),
  project,
})
