import { z } from 'zod'
import { capacity, reservation_ms } from '../../fleet/capacity/decider.ts'
import { isReachable, isWorking, orchestratorState } from '../../fleet/orchestrator/state.ts'
import { asksAbout, decisionState, permits } from '../../council/decision/state.ts'
import { decider, isPrivileged, mayActAs, reject, type Context, type Hold, type Rejection } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { day_ms, elapsed_ms, later, second_ms } from '../../kernel/time.ts'
import { CommandId, DecisionId, Instant, Int64, jsonObject, OrchestratorId, Priority, TaskId, text } from '../../vocabulary.ts'
import { Selection, Task, type TaskEvent } from './events.ts'
import {
  approvalsOf, leaseOf, moves_max, taskState, wordsOf, type InProgress, type Known, type TaskState, type TaskStatus,
} from './state.ts'
import { cycleThrough, openAmong, unknownAmong } from './dependencies.ts'

export const heartbeat_ms = 30 * second_ms
/** Two missed heartbeats end a lease. */
export const lease_ms = 2 * heartbeat_ms
/**
 * Signs of life closer together than this are one, the first: so many are facts and no more. A lease therefore ends no earlier than
 * `lease_ms` less this after any of them.
 */
export const renewal_ms = second_ms
const retry_max_ms = 60 * second_ms
const dependencies_max = 100
/** A question that a task waits for must be put within this time of the waiting; later the task waits for it no more. */
export const opening_ms = 30 * second_ms
/** At how many approvals that a task waits for no more are asked. */
const approvals_max = 20

const rejections = {
  NOT_FOUND: 'There is no such task.',
  ALREADY_EXISTS: 'A task with this id exists already.',
  INVALID_STATE_TRANSITION: 'The task cannot do this in its present status.',
  INVALID_OWNERSHIP: 'Only the owner of the task may do this.',
  FORBIDDEN: 'The caller may not do this.',
  OWNER_REQUIRED: 'Say which orchestrator owns the task.',
  ORCHESTRATOR_UNKNOWN: 'There is no such orchestrator.',
  ORCHESTRATOR_UNAVAILABLE: 'The orchestrator does not take work at the moment.',
  DIFFERENT_ORGANIZATION: 'The orchestrator belongs to another organization.',
  SELF_DELEGATION: 'The task already belongs to that orchestrator.',
  USE_HANDOFF: 'A task that is being worked on is handed off, with its context, not delegated.',
  DELEGATION_LIMIT: 'The task has changed hands too often within 24 hours; an admin may force it.',
  DEPENDENCY_UNKNOWN: 'A task that this one depends on does not exist.',
  DEPENDENCY_CYCLE: 'The tasks would wait for one another for ever.',
  DEPENDENCY_LIMIT: 'The task waits for as many others as it may, or too many hang together to tell whether they form a circle.',
  DEPENDENCIES_UNMET: 'The task waits for others that are not done.',
  CAPACITY_EXCEEDED: 'Every capacity slot of the orchestrator is taken.',
  RETRY_NOT_DUE: 'The task failed a short while ago and may not be tried again yet.',
  CONSENSUS_REQUIRED: 'The task needs the approval of decisions first.',
  TOO_MANY_APPROVALS: 'The task waits for as many approvals as it may.',
  STALE_LEASE: 'The lease is not, or no longer, held with this token.',
  ALREADY_ESCALATED: 'The task is escalated already.',
  SELF_COLLABORATION: 'The owner of a task cannot be asked to help with it.',
  NOT_ASKED: 'This orchestrator was not asked to collaborate.',
} as const

type Code = keyof typeof rejections
type Decision = readonly TaskEvent[] | Rejection<Code>

const unfit = (task: Known, command: string) => reject('INVALID_STATE_TRANSITION', { command, status: task.status })

type Branches = { readonly [S in TaskStatus]?: (task: Extract<Known, { status: S }>) => Decision }

/** Runs the branch for the task's status; statuses without a branch refuse the command. This is the state table S-1 to S-14. */
function by(task: TaskState, command: string, branches: Branches): Decision {
  if (task.status === 'NONE') return reject('NOT_FOUND')
  const branch = branches[task.status] as ((task: Known) => Decision) | undefined
  return branch ? branch(task) : unfit(task, command)
}

const same = (): Decision => []
const stale = (): Decision => reject('STALE_LEASE')

/** What a fact that moves a task carries. */
const moving = (task: Known) => ({ owner: task.owner, from: task.status })

const holds = (task: InProgress, token: string, context: Context) => mayActAs(context, task.lease.holder) && task.lease.token === token

/** A command of the lease holder: without the current token it is refused, whatever the status. */
function byHolder(task: TaskState, command: string, token: string, context: Context, decide: (task: InProgress) => Decision): Decision {
  return by(task, command, {
    TODO: stale, BLOCKED: stale, CANCELLED: stale,
    IN_PROGRESS: (task) => (holds(task, token, context) ? decide(task) : stale()),
  })
}

/** Why the orchestrator cannot take the task over, if it cannot. */
function unable(to: OrchestratorId, { look, organization }: Context) {
  const target = look(orchestratorState, to)
  if (target.stage === 'unknown') return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: to })
  if (target.organization !== organization) return reject('DIFFERENT_ORGANIZATION', { orchestrator: to })
  return isReachable(target) ? undefined : reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: to })
}

interface MoveWish { readonly to: OrchestratorId; readonly force: boolean }

/** The guards that delegation and handoff share (S-16, S-17). */
function immovable(task: Known, { to, force }: MoveWish, context: Context) {
  if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
  if (to === task.owner) return reject('SELF_DELEGATION')
  if (force && !isPrivileged(context)) return reject('FORBIDDEN')
  const recent = task.moves.filter((at) => elapsed_ms(at, context.at) < day_ms)
  if (recent.length >= moves_max && !force) return reject('DELEGATION_LIMIT', { moves: recent.length, within: 'P1D' })
  return unable(to, context)
}

interface Words { readonly note: string | null; readonly context: object; readonly percentage?: number | undefined }

/** The move was made before, by the same hand and with the same words: asked again, nothing changes, and nothing that was said is lost. */
function isRepeated({ owner, lastMove }: Known, to: string, said: Words, { by }: Context): boolean {
  if (owner !== to || lastMove === null || lastMove.by.kind !== by.kind || lastMove.by.id !== by.id) return false
  return lastMove.words === wordsOf.move(said) && (said.percentage === undefined || said.percentage === lastMove.percentage)
}

const blocked = (task: Known, kind: 'dependencies' | 'manual', reason: string, waitsFor: readonly TaskId[] = []) =>
  Task.TaskBlocked({ ...moving(task), kind, reason, waitsFor: [...waitsFor], lease: leaseOf(task) })

const waiting = (task: Known, open: readonly TaskId[]) => blocked(task, 'dependencies', 'waits for other tasks', open)

const token = { token: Int64 }
const move = { to: OrchestratorId, force: z.boolean().default(false) }
const metadata = jsonObject(16 * 1024)

/** A sign of life, told only when the last one is old enough to matter. */
const renewed = (task: InProgress, at: string) =>
  elapsed_ms(task.lastSeen, at) >= renewal_ms ? [Task.LeaseRenewed({ owner: task.owner, token: task.lease.token })] : []

/** A task cannot start without a slot: it is reserved first, on the owner's capacity stream (S-40). */
function takeSlot(task: TaskState, _: unknown, { id, commandId }: Context): Hold {
  const { owner } = task as Known
  const slot = { task: TaskId.parse(id), command: CommandId.parse(commandId) }
  return {
    take: send(capacity, owner, 'reserve', slot),
    giveBack: () => send(capacity, owner, 'release', { ...slot, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
}

/** Why the task cannot wait for this decision, too, if it cannot; one that it waits for already may be announced again. */
export const overfull = ({ approvals }: Known, decision: DecisionId) =>
  (approvals.size >= approvals_max && !approvals.has(decision) ? reject('TOO_MANY_APPROVALS', { max: approvals_max }) : undefined)

const started = (task: TaskState, selection: z.output<typeof Selection> | null, context: Context): Decision => by(task, 'start', {
  TODO(task) {
    if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
    if (task.nextRetryAt !== null && task.nextRetryAt > context.at) return reject('RETRY_NOT_DUE', { nextRetryAt: task.nextRetryAt })
    const undecided = approvalsOf(task).filter((decision) => !permits(context.look(decisionState, decision)))
    if (undecided.length > 0) return reject('CONSENSUS_REQUIRED', { decisions: undecided })
    // One that was cancelled when this task was let go may have been reopened.
    const open = openAmong(task.dependsOn, context)
    if (open.length > 0) return reject('DEPENDENCIES_UNMET', { open })
    if (!isWorking(context.look(orchestratorState, task.owner))) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: task.owner })
    const waited_ms = Math.max(0, elapsed_ms(task.since, context.at))
    return [Task.TaskStarted({ ...moving(task), slot: CommandId.parse(context.commandId), attempt: task.attempt, waited_ms, selection })]
  },
  BLOCKED: (task) =>
    (task.block.kind === 'dependencies' ? reject('DEPENDENCIES_UNMET', { dependsOn: [...task.dependsOn] }) : unfit(task, 'start')),
})

export const task = decider(taskState, {
  collection: 'tasks',
  rejections,

  commands: {
    create: {
      about: 'Ask for a piece of work. It belongs to the orchestrator that asks, or to `owner` when another does.',
      creates: true,
      data: z.object({
        owner: OrchestratorId.optional(),
        title: text(500),
        description: z.string().max(5_000).optional(),
        priority: Priority.default('MEDIUM'),
        dueAt: Instant.optional(),
        estimatedHours: z.number().min(1).max(1_000).optional(),
        tags: z.array(text(50)).max(50).default([]),
        requiredCapabilities: z.array(text(100)).max(50).default([]),
        dependsOn: z.array(TaskId).max(dependencies_max).default([]),
        maxRetries: z.int().min(0).max(10).default(3),
        metadata: metadata.default({}),
      }),
      decide(task, data, context) {
        if (task.status !== 'NONE') return reject('ALREADY_EXISTS')
        const owner = data.owner ?? (context.by.kind === 'orchestrator' ? OrchestratorId.parse(context.by.id) : undefined)
        if (!owner) return reject('OWNER_REQUIRED')
        if (!mayActAs(context, owner)) return reject('INVALID_OWNERSHIP', { owner })
        const known = context.look(orchestratorState, owner)
        if (known.stage !== 'registered' || known.organization !== context.organization)
          return reject('ORCHESTRATOR_UNKNOWN', { orchestrator: owner })
        const dependsOn = [...new Set(data.dependsOn)]
        if ((dependsOn as string[]).includes(context.id)) return reject('DEPENDENCY_CYCLE', { cycle: [context.id, context.id] })
        const unknown = unknownAmong(dependsOn, context)
        if (unknown.length > 0) return reject('DEPENDENCY_UNKNOWN', { unknown })
        const open = openAmong(dependsOn, context)
        const created = Task.TaskCreated({
          ...data, owner, dependsOn, description: data.description ?? null, dueAt: data.dueAt ?? null,
          estimatedHours: data.estimatedHours ?? null,
        })
        if (open.length === 0) return [created]
        const waits = {
          owner, from: 'TODO' as const, kind: 'dependencies' as const, reason: 'waits for other tasks', waitsFor: open, lease: null,
        }
        return [created, Task.TaskBlocked(waits)]
      },
    },

    addDependency: {
      about: 'Make the task wait for one more task.',
      route: 'POST /tasks/:id/dependencies',
      data: z.object({ dependency: TaskId }),
      decide(task, { dependency }, context) {
        const add = (task: Known): Decision => {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          if (task.dependsOn.includes(dependency)) return []
          if (unknownAmong([dependency], context).length > 0) return reject('DEPENDENCY_UNKNOWN', { unknown: [dependency] })
          if (task.dependsOn.length >= dependencies_max) return reject('DEPENDENCY_LIMIT', { max: dependencies_max })
          const cycle = cycleThrough(context.id, dependency, context)
          if (cycle === 'unknown') return reject('DEPENDENCY_LIMIT')
          if (cycle) return reject('DEPENDENCY_CYCLE', { cycle })
          const added = Task.DependencyAdded({ owner: task.owner, dependency, dependsOn: [...task.dependsOn, dependency] })
          return task.status === 'TODO' && openAmong([dependency], context).length > 0 ? [added, waiting(task, [dependency])] : [added]
        }
        return by(task, 'addDependency', { TODO: add, BLOCKED: add })
      },
    },

    breakCircle: {
      about: 'Waits that were added at the same moment may have closed a circle: withdraw this one if it is part of one.',
      internal: true,
      data: z.object({ dependency: TaskId }),
      decide(task, { dependency }, context) {
        // What is cancelled may be reopened.
        if (task.status === 'NONE' || task.status === 'DONE' || !task.dependsOn.includes(dependency)) return []
        const cycle = cycleThrough(context.id, dependency, context)
        if (!cycle || cycle === 'unknown') return []
        const dependsOn = task.dependsOn.filter((id) => id !== dependency)
        const withdrawn = Task.DependencyWithdrawn({ owner: task.owner, dependency, dependsOn, cycle: [...cycle] })
        const waits = task.status === 'BLOCKED' && task.block.kind === 'dependencies'
        if (!waits || openAmong(dependsOn, context).length > 0) return [withdrawn]
        return [withdrawn, Task.TaskUnblocked({ ...moving(task), kind: 'dependencies', reason: 'the last dependency was withdrawn' })]
      },
    },

    start: {
      about: 'Take the task up. The revision in the answer is the token of the lease.',
      scope: 'execute',
      data: z.object({}),
      holds: takeSlot,
      decide: (task, _, context) => started(task, null, context),
    },

    startSelected: {
      about: 'Take up the task that was picked among others.',
      internal: true,
      scope: 'execute',
      data: z.object({ selection: Selection }),
      holds: takeSlot,
      decide: (task, { selection }, context) => started(task, selection, context),
    },

    heartbeat: {
      about: 'Show that the holder of the lease is alive; due every 30 seconds unless progress is reported. One in a second counts.',
      scope: 'execute',
      data: z.object(token),
      decide: (task, { token }, context) => byHolder(task, 'heartbeat', token, context, (task) => renewed(task, context.at)),
    },

    reportProgress: {
      about: 'Tell how far the work is, from 0 to 100.',
      route: 'POST /tasks/:id/progress',
      scope: 'execute',
      data: z.object({ ...token, percentage: z.int().min(0).max(100), message: text(1_000).optional(), metadata: metadata.default({}) }),
      decide: (task, { token, ...said }, context) => byHolder(task, 'reportProgress', token, context, (task) => {
        const { percentage, metadata, message = null } = said
        const isKnown = task.percentage === percentage && task.report === wordsOf.report({ message, metadata })
        if (isKnown) return renewed(task, context.at)
        return [Task.TaskProgressed({ owner: task.owner, token, percentage, message, metadata })]
      }),
    },

    complete: {
      about: 'Deliver the result.',
      scope: 'execute',
      data: z.object({
        ...token,
        output: z.json().default(null)
          .refine((value) => JSON.stringify(value).length <= 65_536, { error: 'is larger than 65536 characters as JSON' }),
        artifacts: z.array(z.object({ name: text(200), uri: text(2_000) })).max(50).default([]),
        metrics: z.record(text(100), z.number())
          .refine((metrics) => Object.keys(metrics).length <= 50, { error: 'has more than 50 entries' }).default({}),
      }),
      decide(task, { token, ...result }, context) {
        if (task.status === 'DONE') return task.token === token && task.result === wordsOf.result(result) ? [] : unfit(task, 'complete')
        return byHolder(task, 'complete', token, context, (task) => [Task.TaskCompleted({
          ...moving(task), lease: task.lease, priority: task.priority, createdAt: task.createdAt, startedAt: task.lease.since,
          durationMs: Math.max(0, elapsed_ms(task.lease.since, context.at)), onTime: task.dueAt === null || context.at <= task.dueAt,
          ...result,
        })])
      },
    },

    fail: {
      about: 'Say that the work failed. It is tried again later while retries are left, else it is blocked.',
      scope: 'execute',
      data: z.object({ ...token, error: text(5_000), kind: text(100).default('error'), retryable: z.boolean().default(true) }),
      decide: (task, { token, error, kind, retryable }, context) => byHolder(task, 'fail', token, context, (task) => {
        const { attempt, maxRetries, owner } = task
        const failed = Task.TaskFailed({ ...moving(task), lease: task.lease, attempt, error, kind, retryable })
        if (retryable && attempt < maxRetries) {
          const wait_ms = Math.min(retry_max_ms, second_ms * 2 ** attempt)
          return [failed, Task.TaskRetryScheduled({ owner, attempt: attempt + 1, nextRetryAt: later(context.at, wait_ms) })]
        }
        const reason = retryable ? `failed after ${attempt} retries` : 'failed for good'
        return [failed, Task.TaskBlocked({ owner, from: 'TODO', kind: 'failure', reason, waitsFor: [], lease: null })]
      }),
    },

    release: {
      about: 'Give the task back unfinished; its progress stays.',
      scope: 'execute',
      data: z.object({ token: Int64.optional(), reason: text(500).optional() }),
      decide: (task, { token, reason }, context) => by(task, 'release', {
        TODO: same, BLOCKED: stale, CANCELLED: stale,
        IN_PROGRESS: (task) => (isPrivileged(context) || (token && holds(task, token, context))
          ? [Task.TaskReleased({ ...moving(task), lease: task.lease, reason: reason ?? null })]
          : stale()),
      }),
    },

    expireLease: {
      about: 'End the lease if nothing was heard of its holder for two heartbeats.',
      internal: true,
      data: z.object(token),
      decide(task, { token }, { at }) {
        if (task.status !== 'IN_PROGRESS' || task.lease.token !== token || elapsed_ms(task.lastSeen, at) < lease_ms) return []
        return [Task.LeaseExpired({ ...moving(task), lease: task.lease, lastSeen: task.lastSeen })]
      },
    },

    block: {
      about: 'Say that the task cannot go on, and why.',
      data: z.object({ reason: text(500) }),
      decide(task, { reason }, context) {
        const block = (task: Known): Decision =>
          mayActAs(context, task.owner) ? [blocked(task, 'manual', reason)] : reject('INVALID_OWNERSHIP', { owner: task.owner })
        return by(task, 'block', {
          TODO: block, IN_PROGRESS: block,
          BLOCKED: (task) => (task.block.kind === 'manual' && task.block.reason === reason ? [] : unfit(task, 'block')),
        })
      },
    },

    unblock: {
      about: 'Say that what blocked the task is gone.',
      data: z.object({ reason: text(500).default('unblocked by hand') }),
      decide: (task, { reason }, context) => by(task, 'unblock', {
        TODO: same,
        BLOCKED(task) {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          const { kind } = task.block
          if (kind === 'escalation') return unfit(task, 'unblock')
          const open = openAmong(task.dependsOn, context)
          if (open.length === 0) return [Task.TaskUnblocked({ ...moving(task), kind, reason })]
          if (kind === 'dependencies') return reject('DEPENDENCIES_UNMET', { open })
          // Another block was laid over open dependencies: those remain.
          return [Task.TaskUnblocked({ ...moving(task), kind, reason }), waiting({ ...task, status: 'TODO' }, open)]
        },
      }),
    },

    settleDependencies: {
      about: 'A task that this one waits for has ended: go on if it was the last.',
      internal: true,
      data: z.object({}),
      decide(task, _, context) {
        if (task.status !== 'BLOCKED' || task.block.kind !== 'dependencies') return []
        if (openAmong(task.dependsOn, context).length > 0) return []
        return [Task.TaskUnblocked({ ...moving(task), kind: 'dependencies', reason: 'the last dependency ended' })]
      },
    },

    escalate: {
      about: 'Ask somebody else to decide; the task is blocked until they do.',
      data: z.object({
        reason: text(500),
        severity: z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']).default('MEDIUM'),
        to: text(200).optional(),
        context: metadata.default({}),
      }),
      decide(task, { to = null, ...wish }, context) {
        const said = { to, ...wish }
        const escalate = (task: Known): Decision => {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          return [Task.TaskEscalated({ ...moving(task), ...said, lease: leaseOf(task) })]
        }
        return by(task, 'escalate', {
          TODO: escalate, IN_PROGRESS: escalate,
          BLOCKED(task) {
            if (task.block.kind !== 'escalation') return unfit(task, 'escalate')
            return task.block.words === wordsOf.escalation(said) ? [] : reject('ALREADY_ESCALATED', { reason: task.block.reason })
          },
        })
      },
    },

    resolveEscalation: {
      about: 'Decide an escalation: the task can go on.',
      data: z.object({ resolution: text(2_000) }),
      decide: (task, { resolution }, context) => by(task, 'resolveEscalation', {
        BLOCKED(task) {
          if (task.block.kind !== 'escalation') return unfit(task, 'resolveEscalation')
          if (!isPrivileged(context) && task.block.to !== context.by.id) return reject('FORBIDDEN')
          const open = openAmong(task.dependsOn, context)
          const resolved = Task.TaskEscalationResolved({ ...moving(task), resolution })
          return open.length === 0 ? [resolved] : [resolved, waiting({ ...task, status: 'TODO' }, open)]
        },
      }),
    },

    cancel: {
      about: 'Say that the task is no longer wanted.',
      data: z.object({ reason: text(500).optional() }),
      decide(task, { reason }, context) {
        const cancel = (task: Known): Decision => (mayActAs(context, task.owner)
          ? [Task.TaskCancelled({ ...moving(task), reason: reason ?? null, lease: leaseOf(task) })]
          : reject('INVALID_OWNERSHIP', { owner: task.owner }))
        return by(task, 'cancel', { TODO: cancel, IN_PROGRESS: cancel, BLOCKED: cancel, CANCELLED: same })
      },
    },

    reopen: {
      about: 'Want a cancelled task again.',
      scope: 'admin',
      data: z.object({ reason: text(500).optional() }),
      decide: (task, { reason }, context) => by(task, 'reopen', {
        TODO: same,
        CANCELLED(task) {
          if (!isPrivileged(context)) return reject('FORBIDDEN')
          const reopened = Task.TaskReopened({ ...moving(task), reason: reason ?? null })
          const open = openAmong(task.dependsOn, context)
          return open.length === 0 ? [reopened] : [reopened, waiting({ ...task, status: 'TODO' }, open)]
        },
      }),
    },

    delegate: {
      about: 'Pass a task that is not being worked on to another orchestrator for good.',
      data: z.object({ ...move, note: text(1_000).optional(), priority: Priority.optional(), dueAt: Instant.optional() }),
      decide(task, { to, force, note = null, priority, dueAt }, context) {
        const delegate = (task: Known): Decision => {
          const terms = { priority: priority ?? task.priority, dueAt: dueAt ?? task.dueAt }
          const isSame = isRepeated(task, to, { note, context: {} }, context)
          if (isSame && terms.priority === task.priority && terms.dueAt === task.dueAt) return []
          return immovable(task, { to, force }, context)
            ?? [Task.TaskDelegated({ ...moving(task), to, note, forced: force, ...terms })]
        }
        return by(task, 'delegate', { TODO: delegate, BLOCKED: delegate, IN_PROGRESS: () => reject('USE_HANDOFF') })
      },
    },

    handoff: {
      about: 'Pass the task, also one in progress, to another orchestrator together with its context.',
      data: z.object({
        ...move,
        context: jsonObject(64 * 1024).default({}),
        notes: text(2_000).optional(),
        completionPercentage: z.int().min(0).max(100).optional(),
      }),
      decide(task, { to, force, context: circumstances, notes: note = null, completionPercentage }, context) {
        const handOff = (task: Known): Decision => {
          if (isRepeated(task, to, { note, context: circumstances, percentage: completionPercentage }, context)) return []
          const { status, percentage, attempt, priority, dueAt, assignee } = task
          return immovable(task, { to, force }, context) ?? [Task.TaskHandedOff({
            ...moving(task), to, note, forced: force, context: circumstances, lease: leaseOf(task),
            snapshot: { status, percentage: completionPercentage ?? percentage, attempt, priority, dueAt, assignee },
          })]
        }
        return by(task, 'handoff', { TODO: handOff, BLOCKED: handOff, IN_PROGRESS: handOff })
      },
    },

    assign: {
      about: 'Say who is to do the work; the owner still answers for it.',
      data: z.object({ assignee: text(200), reason: text(500).optional() }),
      decide(task, { assignee, reason }, context) {
        const assign = (task: Known): Decision => {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          const said = { assignee, reason: reason ?? null }
          if (task.assignment === wordsOf.assignment(said)) return []
          return [Task.TaskAssigned({ owner: task.owner, previous: task.assignee, ...said })]
        }
        return by(task, 'assign', { TODO: assign, IN_PROGRESS: assign, BLOCKED: assign })
      },
    },

    collaborate: {
      about: 'Ask other orchestrators to help with the task.',
      route: 'POST /tasks/:id/collaborators',
      data: z.object({
        collaborators: z.array(z.object({ orchestrator: OrchestratorId, role: text(100) })).min(1).max(10),
        note: text(1_000).optional(),
      }),
      decide(task, { collaborators, note }, context) {
        const ask = (task: Known): Decision => {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          const roles = new Map(collaborators.map(({ orchestrator, role }) => [orchestrator, role]))
          const asked = [...roles].map(([collaborator, role]) => ({ collaborator, role, note: note ?? null })).filter((said) => {
            const known = task.collaborators.get(said.collaborator)
            // Whoever has agreed to a role is not asked for it again, whatever is said to others.
            return known?.words !== wordsOf.request(said) && !(known?.answer === 'accepted' && known.role === said.role)
          })
          for (const { collaborator } of asked) {
            if (collaborator === task.owner) return reject('SELF_COLLABORATION')
            const refusal = unable(collaborator, context)
            if (refusal) return refusal
          }
          return asked.map((said) => Task.CollaborationRequested({ owner: task.owner, ...said }))
        }
        return by(task, 'collaborate', { TODO: ask, IN_PROGRESS: ask, BLOCKED: ask })
      },
    },

    acceptCollaboration: {
      about: 'Agree to help with the task.',
      route: 'POST /tasks/:id/collaborators/accept',
      data: z.object({}),
      decide: (task, _, context) => answerTo(task, 'acceptCollaboration', context, (owner, collaborator, role, answer) =>
        (answer === 'accepted' ? [] : [Task.CollaborationAccepted({ owner, collaborator, role })])),
    },

    declineCollaboration: {
      about: 'Decline to help with the task.',
      route: 'POST /tasks/:id/collaborators/decline',
      data: z.object({ reason: text(500).optional() }),
      decide: (task, { reason }, context) => answerTo(task, 'declineCollaboration', context, (owner, collaborator, _, answer) =>
        (answer === 'declined' ? [] : [Task.CollaborationDeclined({ owner, collaborator, reason: reason ?? null })])),
    },

    requireApproval: {
      about: 'Let the task start only once a decision has been approved, which is about to be opened.',
      internal: true,
      data: z.object({ decision: DecisionId }),
      decide(task, { decision }) {
        // What is cancelled may be reopened.
        if (task.status === 'NONE' || task.status === 'DONE') return []
        return overfull(task, decision)
          ?? [Task.ApprovalRequired({ owner: task.owner, decision, decisions: [...new Set(approvalsOf(task)).add(decision)] })]
      },
    },

    withdrawApproval: {
      about: 'Whoever announced a decision that the task waits for did not open it: wait for it no more, unless another may still open it.',
      internal: true,
      data: z.object({ decision: DecisionId, taken: Int64 }),
      decide(task, { decision, taken }, { id, at, look }) {
        const announced = task.status === 'NONE' || task.status === 'DONE' ? undefined : task.approvals.get(decision)
        if (task.status === 'NONE' || announced?.last !== taken) return []
        // Those who announced it before are out of the way when there are none, or when the time of the last is up and so theirs is.
        if (announced.first !== taken && elapsed_ms(announced.since, at) < opening_ms) return []
        if (asksAbout(look(decisionState, decision), id)) return []
        const decisions = approvalsOf(task).filter((one) => one !== decision)
        return [Task.ApprovalWithdrawn({ owner: task.owner, decision, decisions })]
      },
    },
  },
})

type Answer = 'asked' | 'accepted' | 'declined'

function answerTo(
  task: TaskState, command: string, context: Context,
  answer: (owner: OrchestratorId, collaborator: OrchestratorId, role: string, before: Answer) => readonly TaskEvent[],
): Decision {
  const reply = (task: Known): Decision => {
    const asked = task.collaborators.get(context.by.id)
    return asked ? answer(task.owner, OrchestratorId.parse(context.by.id), asked.role, asked.answer) : reject('NOT_ASKED')
  }
  return by(task, command, { TODO: reply, IN_PROGRESS: reply, BLOCKED: reply })
}
