import { z } from 'zod'
import { decider, reject, type Context } from '../../kernel/decider.ts'
import { given } from '../../kernel/given.ts'
import { cited, rowsOf } from '../../kernel/grounds.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { Outcome } from '../../kernel/report.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { Id, text } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { faultIn, Work, type Select } from '../batch/plan.ts'
import { Moves } from '../rebalance/events.ts'
import { givenUp, goingOn, itemOf, processed } from './course.ts'
import { BatchRun, type BatchRunEvent } from './events.ts'
import { batchRunState, type Run, type RunState } from './state.ts'

const columns = ['task', 'owner'] as const

/** The tasks of a run: as they were named, or as they stand in the queue, where those that wait for a time are passed over. */
function selected(select: Select, command: Work['command'], at: string) {
  if ('tasks' in select) return rowsOf(backlog, { columns, where: { task: select.tasks }, limit: select.tasks.length })
  const { filter: { owners: owner, status, priority, tag, capability, assigned, workspace, olderThan_h, overdue }, limit } = select
  const said = { owner, status, priority, assigned, workspace }
  const where = given(said)
  const holds = (column: string, text: string | undefined) => (text === undefined ? [] : [{ column, holdsAll: [text] }])
  const offered = command === 'undefer' ? [] : [{ column: 'deferred_until', atMostOrNone: at }]
  return rowsOf(backlog, {
    columns, where, meets: [...holds('tags', tag), ...holds('required_capabilities', capability), ...offered],
    atMost: {
      ...(olderThan_h === undefined ? {} : { created_at: later(at, -olderThan_h * hour_ms) }), ...(overdue ? { due_at: at } : {}),
    },
    order: ['rank', 'deadline', 'created_at'], limit,
  })
}

type Row = { readonly task: string; readonly owner: string }

/** In the order in which they were named. */
const inOrder = (select: Select, rows: readonly Row[]) => ('tasks' in select
  ? [...new Set(select.tasks)].flatMap((task) => rows.find((row) => row.task === task) ?? []) : rows)

/** An item has ended: with it the run may stop, or go on. Who was refused once may succeed when it is told again. */
function ended(run: Run, no: number, outcome: 'done' | 'unchanged' | 'failed' | 'skipped', code: string | null, context: Context) {
  const item = itemOf(run, no)
  const before = run.outcomes.get(no)
  const isRefused = before?.outcome === 'failed' && before.code !== null && outcome !== 'failed'
  if (run.stage === 'COMPLETED' || !item || !(run.dispatched.has(no) || isRefused)) return []
  const isFatal = outcome === 'failed' && run.said.stopOnFailure && run.stage === 'RUNNING'
  const stopping = isFatal ? [BatchRun.BatchRunStopping({ cause: 'failure', reason: code })] : []
  return goingOn(run, [processed(item, outcome, code), ...stopping], context)
}

/** A rebalance is given up when it is not over by then. */
const moves_s = 3_600

/** A run begins, and the first have their turn. */
function begun(said: Run['said'], timeout_s: number, context: Context): readonly BatchRunEvent[] {
  const timeOutAt = later(context.at, timeout_s * second_ms)
  const started = BatchRun.BatchRunStarted({ ...said, timeOutAt, grounds: cited(context.grounds!) })
  const run: Run = { stage: 'RUNNING', said, dispatched: new Set(), outcomes: new Map(), cause: null }
  return [started, ...goingOn(run, [], context)]
}

const inRun = (state: RunState, then: (run: Run) => readonly BatchRunEvent[]) => (state.stage === 'unknown' ? [] : then(state))

const No = z.object({ no: z.int().min(1) })

export const batchRun = decider(batchRunState, {
  collection: 'batch-runs',
  rejections: {
    NOT_FOUND: unknown('There is no such run.'),
    FORBIDDEN: forbidden('Only an admin or a tool may do this.'),
    INVALID_STATE_TRANSITION: conflict('The run is over.'),
  },

  commands: {
    begin: {
      about: 'Find the tasks, and let the first have their turn.',
      internal: true,
      data: Work.extend({ batch: Id })
        .refine((work) => faultIn(work) === undefined, { path: ['data'], error: 'is not what the command takes' }),
      grounds: (state, { select, command }, { at }) =>
        (state.stage === 'unknown' ? { tasks: selected(select, command, at) } : {}),
      decide(state, { batch, select, timeout_s, ...said }, context) {
        if (state.stage !== 'unknown') return []
        const rows = inOrder(select, context.grounds!.rows.tasks as readonly Row[])
        const items = rows.map(({ task, owner }, index) => ({ no: index + 1, task, owner })) as Run['said']['items']
        return begun({ batch, ...said, items }, timeout_s, context)
      },
    },

    beginMoves: {
      about: 'Pass tasks on as a rebalance has it, those that there are.',
      internal: true,
      data: z.object({ batch: Id, moves: Moves }),
      grounds: (state, { moves }) => (state.stage === 'unknown' && moves.length > 0
        ? { tasks: rowsOf(backlog, { columns, where: { task: moves.map(({ task }) => task) }, limit: moves.length }) } : {}),
      decide(state, { batch, moves }, context) {
        if (state.stage !== 'unknown' || moves.length === 0) return []
        const there = new Set((context.grounds!.rows.tasks as readonly Row[]).map(({ task }) => task))
        const items = moves.filter(({ task }) => there.has(task))
          .map(({ task, ...data }, index) => ({ no: index + 1, task, owner: data.from, data }))
        return begun({ batch, command: 'even', data: {}, maxParallel: 5, stopOnFailure: false, items }, moves_s, context)
      },
    },

    settle: {
      about: 'Tell what became of the command that an item is. A start ends with its lease, unless it was refused.',
      internal: true,
      data: No.extend({ outcome: Outcome }),
      decide: (state, { no, outcome: { code, changed } }, context) => inRun(state, (run) => {
        if (code !== null) return ended(run, no, 'failed', code, context)
        return run.said.command === 'start' ? [] : ended(run, no, changed ? 'done' : 'unchanged', null, context)
      }),
    },

    settleLease: {
      about: 'Tell how the lease of an item has ended.',
      internal: true,
      data: No.extend({ outcome: z.enum(['done', 'failed', 'skipped']) }),
      decide: (state, { no, outcome }, context) => inRun(state, (run) => ended(run, no, outcome, null, context)),
    },

    cancel: {
      about: 'Skip what has not begun; what is under way ends as it does.',
      data: z.object({ reason: text(500).optional() }),
      decide(state, { reason = null }, context) {
        const { kind } = context.by
        if (kind !== 'admin' && kind !== 'tool' && kind !== 'process') return reject('FORBIDDEN')
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        if (state.stage === 'COMPLETED') return reject('INVALID_STATE_TRANSITION', { command: 'cancel', status: 'COMPLETED' })
        return state.stage === 'STOPPING' ? [] : goingOn(state, [BatchRun.BatchRunStopping({ cause: 'cancelled', reason })], context)
      },
    },

    timeOut: {
      about: 'Give up what has not ended in time.',
      internal: true,
      data: z.object({}),
      decide: (state, _, context) => inRun(state, (run) => (run.stage === 'COMPLETED' ? [] : givenUp(run, context))),
    },
  },
})
