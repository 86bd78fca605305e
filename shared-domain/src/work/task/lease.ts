import { z } from 'zod'
import { isPrivileged, type Context } from '../../kernel/decider.ts'
import { elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { CommandId, Int64, Metadata, text } from '../../vocabulary.ts'
import { failing, freed } from './blocks.ts'
import { violation } from './clock.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, byHolder, ending, holds, room, same, stale, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { Artifacts, Hours, HoursSpent } from './records.ts'
import { isMet } from './sla.ts'
import { after, leaseOf, wordsOf, workOf, type Done, type InProgress } from './state.ts'
import { hoursOf, timeRecorded } from './time-records.ts'
import { givenUp, over } from './unwinding.ts'

export const heartbeat_ms = 30 * second_ms
/** Two missed heartbeats end a lease. */
export const lease_ms = 2 * heartbeat_ms
/**
 * Signs of life closer together than this are one, the first: so many are facts and no more. A lease therefore ends no earlier than
 * `lease_ms` less this after any of them.
 */
export const renewal_ms = second_ms
const retry_max_ms = 60 * second_ms
/** After so many leases in a row that expired the task is not given out any more: it may be what its holders die of. */
const expiries_max = 5

const token = { token: Int64 }
/** An admin may leave it out: the lease of now is meant. */
const tokenUnlessAdmin = { token: Int64.optional() }

/** A sign of life, told only when the last one is old enough to matter. */
const renewed = (task: InProgress, at: string) =>
  elapsed_ms(task.lastSeen, at) >= renewal_ms ? [Task.LeaseRenewed({ owner: task.owner, token: task.lease.token })] : []

function expired(task: InProgress, context: Context): Decision {
  const fact = Task.LeaseExpired({ ...ending(task, context), lease: task.lease, lastSeen: task.lastSeen })
  if (task.expiries + 1 < expiries_max) return freed(task, context, fact)
  return givenUp(task, context, fact, failing(after(task, context, fact), `the lease expired ${expiries_max} times in a row`, context))
}

type Result = Pick<ReturnType<typeof Task.TaskCompleted>['data'], 'output' | 'artifacts' | 'metrics'>

interface Delivery {
  readonly token: string | undefined
  readonly actualHours: number | undefined
  readonly result: Result
}

/** The same was delivered before, under the same lease. */
function isDelivered(task: Done, { token, actualHours, result }: Delivery, context: Context): boolean {
  const isOfLease = token === undefined ? isPrivileged(context) : token === task.token
  return isOfLease && task.result === wordsOf.result(result) && (actualHours ?? task.actualHours) === task.actualHours
}

/** The work is done: how long it took besides, and what became of the deadline. */
function completed(task: InProgress, given: number | undefined, result: Result, context: Context): readonly TaskEvent[] {
  const { owner, details: { estimatedHours }, dueAt, sla } = task
  const { at } = context
  const duration_ms = Math.max(0, elapsed_ms(task.lease.since, at))
  const actualHours = given ?? hoursOf(task.worked_ms + duration_ms)
  const done = Task.TaskCompleted({
    ...ending(task, context), lease: task.lease, priority: task.priority, createdAt: task.createdAt, startedAt: task.lease.since,
    durationMs: duration_ms, onTime: dueAt === null || at <= dueAt, ...result, slaMet: isMet(sla, at), actualHours,
    dependsOn: [...task.dependsOn], origin: task.origin,
  })
  const source = given === undefined ? 'leases' : 'given'
  const recorded = estimatedHours === null ? [] : [timeRecorded(owner, { estimatedHours, actualHours, source, notes: null })]
  return [...violation(task, at), done, ...recorded, ...over(task, 'COMPLETED')]
}

export const lease = room({
  heartbeat: {
    about: 'Show that the holder of the lease is alive; due every 30 seconds unless progress is reported. One in a second counts.',
    scope: 'execute',
    data: z.object(tokenUnlessAdmin),
    decide: (task, { token }, context) => byHolder(task, 'heartbeat', token, context, (task) => renewed(task, context.at)),
  },

  reportProgress: {
    about: 'Tell how far the work is, from 0 to 100.',
    aliases: olderWords.reportProgress,
    route: 'POST /tasks/:id/progress',
    scope: 'execute',
    data: z.object({
      ...tokenUnlessAdmin, percentage: z.int().min(0).max(100), message: text(1_000).optional(), metadata: Metadata.default({}),
      /** The total so far. */
      hoursSpent: HoursSpent.optional(),
    }),
    decide: (task, { token, percentage, message = null, metadata, hoursSpent = null }, context) =>
      byHolder(task, 'reportProgress', token, context, (task) => {
        const said = { message, metadata, hoursSpent }
        if (task.percentage === percentage && task.report === wordsOf.report(said)) return renewed(task, context.at)
        return [Task.TaskProgressed({ owner: task.owner, token: task.lease.token, percentage, ...said, previous: task.percentage })]
      }),
  },

  complete: {
    about: 'Deliver the result.',
    aliases: olderWords.complete,
    scope: 'execute',
    data: z.object({
      ...tokenUnlessAdmin,
      output: z.json().default(null)
        .refine((value) => JSON.stringify(value).length <= 65_536, { error: 'is larger than 65536 characters as JSON' }),
      artifacts: Artifacts.max(50).default([]),
      metrics: z.record(text(100), z.number())
        .refine((metrics) => Object.keys(metrics).length <= 50, { error: 'has more than 50 entries' }).default({}),
      /** How long it took; what is not said the leases tell. */
      actualHours: Hours.optional(),
    }),
    decide(task, { token, actualHours, ...result }, context) {
      if (task.status === 'DONE') return isDelivered(task, { token, actualHours, result }, context) ? [] : unfit(task, 'complete')
      return byHolder(task, 'complete', token, context, (task) => completed(task, actualHours, result, context))
    },
  },

  fail: {
    about: 'Say that the work failed. It is tried again later while retries are left, else it is blocked.',
    aliases: olderWords.fail,
    scope: 'execute',
    data: z.object({ ...tokenUnlessAdmin, error: text(5_000), kind: text(100).default('error'), retryable: z.boolean().default(true) }),
    decide: (task, { token, error, kind, retryable }, context) => byHolder(task, 'fail', token, context, (task) => {
      const { attempt, details: { maxRetries }, owner } = task
      const failed = Task.TaskFailed({
        ...ending(task, context), lease: task.lease, attempt, error, kind, retryable, origin: task.origin,
        work: workOf({ ...task, failures: task.failures + 1 }, context.at),
      })
      if (retryable && attempt < maxRetries) {
        const wait_ms = Math.min(retry_max_ms, second_ms * 2 ** attempt)
        const retried = Task.TaskRetryScheduled({ owner, attempt: attempt + 1, nextRetryAt: later(context.at, wait_ms) })
        return freed(task, context, failed, retried)
      }
      const why = retryable ? `failed after ${attempt} retries` : 'failed for good'
      return givenUp(task, context, failed, failing(after(task, context, failed), why, context))
    }),
  },

  release: {
    about: 'Give the task back unfinished; its progress stays.',
    scope: 'execute',
    data: z.object({ ...tokenUnlessAdmin, reason: text(500).optional() }),
    decide: (task, { token, reason }, context) => by(task, 'release', {
      TODO: same, BLOCKED: stale, CANCELLED: stale,
      IN_PROGRESS: (task) => (isPrivileged(context) || holds(task, token, context)
        ? freed(task, context, Task.TaskReleased({ ...ending(task, context), lease: task.lease, reason: reason ?? null }))
        : stale()),
    }),
  },

  expireLease: {
    about: 'End the lease if nothing was heard of its holder for two heartbeats. The fifth that expires in a row blocks the task.',
    internal: true,
    data: z.object(token),
    decide: (task, { token }, context) =>
      (task.status !== 'IN_PROGRESS' || task.lease.token !== token || elapsed_ms(task.lastSeen, context.at) < lease_ms ? []
        : expired(task, context)),
  },

  endLease: {
    about: 'End the lease that the slot was taken for, as if it expired: its holder left for good.',
    internal: true,
    data: z.object({ slot: CommandId }),
    decide: (task, { slot }, context) => (leaseOf(task)?.slot === slot ? expired(task as InProgress, context) : []),
  },
})
