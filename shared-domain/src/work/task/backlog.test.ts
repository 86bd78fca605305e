import fc from 'fast-check'
import t from 'tap'
import { stepOf } from '../../kernel/arbitrary.ts'
import { picture, recorded, rowsAfter } from '../../kernel/picture.ts'
import { now, on, subject } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import type { World } from '../../kernel/world.ts'
import { lived } from '../../scenery.ts'
import { backlogSummary } from './backlog-summary.ts'
import { backlog } from './backlog.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, completed, created, delegated, escalated, failed, handedOff, other, owner, progressed, seed, started, token,
} from './scene.ts'
import { leaseOf, taskState } from './state.ts'

/** The facts of one task as readers meet them, a second apart. */
const told = (...facts: readonly TaskEvent[]) =>
  facts.map((fact, revision) => recorded(taskState, fact, { revision, at: later(now, revision * 1_000) }))

t.test('a task stands in the backlog with all that is needed to choose it', async (t) => {
  const dueAt = later(now, 60_000)
  picture(t, backlog).after(...told(created({ dueAt, tags: ['report'], requiredCapabilities: ['writing'] }))).shows({
    task: subject, owner, assignee: null, agent: null, agent_slot: null, title: 'Work', description: null, workspace: null, channel: null,
    priority: 'MEDIUM', story_points: null, status: 'TODO', since: now, waiting_since: now, block_kind: null, block_reason: null,
    deferred_until: null, deferred_cause: null, due_at: dueAt, sla_deadline: null, sla_warned: false, sla_violated: false, sla_met: null,
    estimated_hours: null, hours_spent: null, tags: ['report'], required_capabilities: ['writing'], depends_on: [], approvals: [],
    attempt: 0, max_retries: 3, next_retry_at: null, progress: 0, progress_message: null, lease_holder: null, lease_token: null,
    lease_agent: null, lease_slot: null, delegated_by: null, depth: null, answer_by: null, finish_by: null, escalation_level: null,
    unplaced: null, unplaced_since: null, metadata: {}, created_at: now, started_at: null, completed_at: null, updated_at: now,
    changed_position: '0', worker: owner, assigned: false, rank: 2, deadline: dueAt, remaining_hours: null, sla_state: 'none',
  })
})

t.test('the row of a task follows its life', async (t) => {
  const [second, third] = [later(now, 1_000), later(now, 2_000)]
  const retry = Task.TaskRetryScheduled({ owner, attempt: 1, nextRetryAt: later(now, 3_000) })
  const half = progressed(40, { message: 'half' })
  const handed = handedOff({
    snapshot: { status: 'IN_PROGRESS', percentage: 60, attempt: 0, priority: 'MEDIUM', dueAt: null, assignee: null },
  })
  const after = (...facts: readonly TaskEvent[]) => picture(t, backlog).after(...told(created(), ...facts))
  after(started()).matches({ status: 'IN_PROGRESS', lease_holder: owner, lease_token: '1', started_at: second, updated_at: second })
  after(started(), half).matches({ status: 'IN_PROGRESS', progress: 40, progress_message: 'half', updated_at: third })
  after(started(), handed).matches({ status: 'TODO', owner: other, progress: 60, lease_holder: null, lease_token: null })
  after(started(), failed(0), retry).matches({ status: 'TODO', attempt: 1, next_retry_at: later(now, 3_000), lease_token: null })
  after(started(), failed(0), retry, blocked('manual')).matches({ status: 'BLOCKED', next_retry_at: later(now, 3_000) })
  after(started(), completed(token)).matches({ status: 'DONE', progress: 100, completed_at: third, lease_token: null })
  after(blocked('manual', 'no key')).matches({ status: 'BLOCKED', block_kind: 'manual', block_reason: 'no key' })
  after(escalated(), delegated(other)).matches({ status: 'BLOCKED', block_kind: 'escalation', block_reason: 'escalation', owner: other })
  after(cancelled()).matches({ status: 'CANCELLED' })
})

/** What the log says of a task, in the columns of its row. */
function columnsOf(world: World, id: string) {
  const task = world.look(taskState, id)
  if (task.status === 'NONE') throw new Error('a row without a task')
  const { status, owner, assignee, priority, dueAt, dependsOn, attempt, nextRetryAt, percentage, approvals, createdAt } = task
  const lease = leaseOf(task)
  const { maxRetries, title, estimatedHours, workspace } = task.details
  return {
    status, owner, assignee, priority, due_at: dueAt, depends_on: dependsOn, attempt, max_retries: maxRetries, title,
    estimated_hours: estimatedHours, workspace, sla_deadline: task.sla.deadline, sla_warned: task.sla.warned,
    sla_violated: task.sla.violated, hours_spent: task.hoursSpent, progress: percentage,
    approvals: [...approvals.keys()],
    created_at: createdAt, next_retry_at: nextRetryAt,
    block_kind: status === 'BLOCKED' ? task.block.kind : null, block_reason: status === 'BLOCKED' ? task.block.reason : null,
    lease_holder: lease?.holder ?? null, lease_token: lease?.token ?? null, started_at: lease?.since ?? undefined,
  }
}

/** Summed up from the backlog, row by row. */
function summed({ log }: World, rows: readonly any[], owner: unknown) {
  const missed = log.filter(({ type, data }) => type === 'TaskSlaViolated' && (data as { owner: string }).owner === owner).length
  const mine = rows.filter((row) => row.owner === owner)
  const number = (status: string) => mine.filter((row) => row.status === status).length
  return {
    owner, total: mine.length, todo: number('TODO'), in_progress: number('IN_PROGRESS'), blocked: number('BLOCKED'), done: number('DONE'),
    cancelled: number('CANCELLED'), sla_violated: missed,
  }
}

t.test('whatever happened, the backlog says of each task what the log says, and the summary counts it', async (t) => {
  const statuses = new Set<unknown>()
  fc.assert(fc.property(fc.array(stepOf([task]), { minLength: 30, maxLength: 90, size: 'max' }), (steps) => {
    const world = lived(steps)
    const rows = rowsAfter(backlog, world.log)
    for (const row of rows) {
      statuses.add(row.status)
      for (const [column, value] of Object.entries(columnsOf(world, String(row.task)))) {
        if (value !== undefined && JSON.stringify(row[column]) !== JSON.stringify(value))
          throw new Error(`${column} is ${row[column]}, not ${value}`)
      }
    }
    for (const summary of rowsAfter(backlogSummary, world.log)) {
      const expected = summed(world, rows, summary.owner)
      if (JSON.stringify(expected) !== JSON.stringify({ ...expected, ...summary }))
        throw new Error(`${JSON.stringify(summary)} should be ${JSON.stringify(expected)}`)
    }
  }), { seed, numRuns: 200 })
  t.strictSame([...statuses].sort(), ['BLOCKED', 'CANCELLED', 'DONE', 'IN_PROGRESS', 'TODO'], 'every status was met')
})

t.test('the summary follows tasks from status to status and from owner to owner', async (t) => {
  const row = { owner, total: 1, todo: 0, in_progress: 0, blocked: 0, done: 0, cancelled: 0, sla_violated: 0 }
  const after = (...facts: readonly TaskEvent[]) => picture(t, backlogSummary).after(...told(created(), ...facts))
  after().shows({ ...row, todo: 1 })
  after(started()).shows({ ...row, in_progress: 1 })
  after(started(), completed(token)).shows({ ...row, done: 1 })
  after(delegated(other)).shows({ ...row, total: 0 }, { ...row, owner: other, todo: 1 })
  after(on(blocked('manual'), {}), Task.TaskBlocked({ ...blocked('manual').data, from: 'BLOCKED' })).shows({ ...row, blocked: 1 })
})

t.test('W-63 what is done of what is still wanted is a share in percent, and none where there is nothing', async (t) => {
  const rate = (total: number, done: number, cancelled: number) => backlogSummary.compute({ total, done, cancelled }).completion_rate
  t.strictSame([rate(10, 3, 0), rate(4, 3, 1), rate(3, 1, 0), rate(0, 0, 0), rate(2, 0, 2)], [30, 100, 33.33, 0, 0])
})

t.test('W-50 the summary counts the deadlines that were missed, at whoever had the task then', async (t) => {
  const missed = (by: string) => Task.TaskSlaViolated({
    owner: by, slaDeadline: now, overdue_ms: 1, status: 'TODO', priority: 'MEDIUM', assignee: null, work: null,
  } as never)
  picture(t, backlogSummary).after(...told(created(), missed(owner), delegated(other), missed(other), missed(other)))
    .matches({ owner, total: 0, sla_violated: 1 }, { owner: other, total: 1, sla_violated: 2 })
})
