import { forget } from '../kernel/intent.ts'
import { process, send, tell } from '../kernel/process.ts'
import { leaseEnds } from '../work/lease-ends.ts'
import { task } from '../work/task/decider.ts'
import type { TaskEvent } from '../work/task/events.ts'
import type { Lease } from '../work/task/shapes.ts'
import { batchRun } from './batch-run/decider.ts'
import type { BatchRunEvent } from './batch-run/events.ts'
import { batch } from './batch/decider.ts'
import type { BatchEvent } from './batch/events.ts'

interface Told {
  readonly id: string
  readonly data: { readonly next: string | null; readonly comesAt: string | null }
}

/** One timer for each batch, for what comes next, and one for each run, which gives up then. */
const keyOf = (id: string) => `batch-${id}`
const runKeyOf = (run: string) => `batchRun-${run}`

const wait = ({ id, data: { next, comesAt } }: Told) => (next === null || comesAt === null ? [forget(keyOf(id))]
  : [send(batch, id, 'launch', { due: next }, { due: comesAt, key: keyOf(id) })])

/** A lease that was for an item has ended. */
const ended = (outcome: 'done' | 'failed' | 'skipped') => ({ data: { lease } }: { data: { lease: Lease | null } }) =>
  (lease?.run ? [send(batchRun, lease.run.run, 'settleLease', { no: lease.run.no, outcome })] : [])

export const batching = process<BatchEvent | BatchRunEvent | TaskEvent>({
  name: 'batching',
  about: 'Begins runs of batches at their times, lets each item have its turn, and hears what became of it.',
  react: {
    BatchDefined: wait,
    BatchUpdated: wait,
    BatchDisabled: wait,
    BatchEnabled: wait,
    BatchRunSkipped: wait,
    BatchEnded: wait,
    BatchRunLaunched: (fact) => [send(batchRun, fact.data.run, 'begin', { batch: fact.id, ...fact.data.work }), ...wait(fact)],
    BatchRunStarted: ({ id, data: { timeOutAt: due } }) => [send(batchRun, id, 'timeOut', {}, { due, key: runKeyOf(id) })],
    BatchItemDispatched({ id: run, data: { no, task: id, command, data } }) {
      const report = tell(batchRun, run, 'settle', { no })
      return [command === 'start' ? send(task, id, 'startInRun', { run: { run, no } }, { report })
        : send(task, id, command, data as never, { report })]
    },
    BatchRunCompleted: ({ id: run, data: { batch: id, counts, cause } }) =>
      [forget(runKeyOf(run)), send(batch, id, 'runEnded', { run, counts, cause })],
    ...leaseEnds(ended('skipped')),
    TaskCompleted: ended('done'),
    TaskFailed: ended('failed'),
    LeaseExpired: ended('failed'),
    TaskBlocked: ended('failed'),
  },
})
