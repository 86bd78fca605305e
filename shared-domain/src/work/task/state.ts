import type { z } from 'zod'
import { digestOf } from '../../kernel/digest.ts'
import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import type { DecisionId, OrchestratorId, Priority, TaskId } from '../../vocabulary.ts'
import { Task, type Lease, type Status, type TaskEvent } from './events.ts'

type Lease = z.output<typeof Lease>
export type TaskStatus = z.output<typeof Status>

/** A decision that somebody said is about to be opened, or several: revisions of the first and the last saying, and when the last was. */
interface Announced {
  readonly first: string
  readonly last: string
  readonly since: string
}

/** Who passed the task on last, and what was said with it: what tells the same wish again from another. */
interface Move {
  readonly by: Actor
  /** Digest of note and context. */
  readonly words: string
  readonly percentage: number
}

interface Facts {
  readonly organization: string
  readonly owner: OrchestratorId
  readonly assignee: string | null
  /** Digest of the last assignment, empty before the first. */
  readonly assignment: string
  readonly priority: Priority
  readonly dueAt: string | null
  readonly createdAt: string
  readonly dependsOn: readonly TaskId[]
  /** By dependency, where in the log it was said that the task waits for it. */
  readonly waitsSince: ReadonlyMap<string, string>
  /** Since when the task has stood in its status. */
  readonly since: string
  readonly attempt: number
  /** Of a task that failed: until then it does not start, whatever else happens to it. */
  readonly nextRetryAt: string | null
  readonly maxRetries: number
  /** How many leases expired one after the other, until one ends otherwise. */
  readonly expiries: number
  readonly percentage: number
  /** When it was delegated or handed off, newest last; as many as the limit on moves needs. */
  readonly moves: readonly string[]
  readonly lastMove: Move | null
  /** Decisions without whose approval it does not start. */
  readonly approvals: ReadonlyMap<DecisionId, Announced>
  readonly collaborators: ReadonlyMap<string, Collaborator>
}

interface Collaborator {
  readonly role: string
  /** Digest of what was asked. */
  readonly words: string
  readonly answer: 'asked' | 'accepted' | 'declined'
}

type Block =
  | { readonly kind: 'dependencies' | 'failure' | 'manual'; readonly reason: string }
  | { readonly kind: 'escalation'; readonly reason: string; readonly to: string | null; readonly words: string }

type Todo = Facts & { readonly status: 'TODO' }
export type InProgress = Facts & {
  readonly status: 'IN_PROGRESS'
  readonly lease: Lease
  readonly lastSeen: string
  /** Digest of what the holder said last, besides the percentage. */
  readonly report: string
}
type Blocked = Facts & { readonly status: 'BLOCKED'; readonly block: Block }
export type Done = Facts & {
  readonly status: 'DONE'
  readonly token: string
  /** Digest of what was delivered. */
  readonly result: string
}
type Cancelled = Facts & { readonly status: 'CANCELLED' }
export type Known = Todo | InProgress | Blocked | Done | Cancelled
export type TaskState = { readonly status: 'NONE' } | Known

export const moves_max = 5

/**
 * Only what every status shares; what belongs to one status alone stays behind. The end of a lease is the end of a row of expiries,
 * but for one more expiry.
 */
const facts = (task: TaskState): Facts => {
  const {
    organization, owner, assignee, assignment, priority, dueAt, createdAt, dependsOn, waitsSince, since, attempt, nextRetryAt, maxRetries,
    percentage, moves, lastMove, approvals, collaborators,
  } = task as Known
  const expiries = task.status === 'IN_PROGRESS' ? 0 : (task as Known).expiries
  return {
    organization, owner, assignee, assignment, priority, dueAt, createdAt, dependsOn, waitsSince, since, attempt, nextRetryAt, maxRetries,
    percentage, moves, lastMove, approvals, collaborators, expiries,
  }
}

const todo = (task: TaskState, at: string): Todo => ({ ...facts(task), status: 'TODO', since: at })

const moved = (task: TaskState, to: OrchestratorId, at: string, lastMove: Move) =>
  ({ owner: to, lastMove, moves: [...(task as Known).moves, at].slice(-moves_max) })

const answered = (task: TaskState, who: string, answer: 'accepted' | 'declined') => {
  const collaborators = new Map((task as Known).collaborators)
  collaborators.set(who, { role: '', words: '', ...collaborators.get(who), answer })
  return { ...(task as Known), collaborators }
}

type Said<Names extends string> = Readonly<Record<Names, unknown>>

/** What tells the same wish again from another: the words alone, whoever says them. An object with its keys in another order is another. */
export const wordsOf = {
  report: ({ message, metadata }: Said<'message' | 'metadata'>) => digestOf([message, metadata]),
  move: ({ note, context }: Said<'note' | 'context'>) => digestOf([note, context]),
  result: ({ output, artifacts, metrics }: Said<'output' | 'artifacts' | 'metrics'>) => digestOf([output, artifacts, metrics]),
  escalation: ({ to, reason, severity, context }: Said<'to' | 'reason' | 'severity' | 'context'>) =>
    digestOf([to, reason, severity, context]),
  assignment: ({ assignee, reason }: Said<'assignee' | 'reason'>) => digestOf([assignee, reason]),
  request: ({ role, note }: Said<'role' | 'note'>) => digestOf([role, note]),
}

const silence = wordsOf.report({ message: null, metadata: {} })

const evolve: Evolve<TaskState, TaskEvent> = {
  TaskCreated: (_, data, { at, organization, position }) => ({
    status: 'TODO', organization, owner: data.owner, assignee: null, assignment: '', priority: data.priority, dueAt: data.dueAt,
    createdAt: at, since: at, dependsOn: data.dependsOn, waitsSince: new Map(data.dependsOn.map((id) => [id, position])), attempt: 0,
    maxRetries: data.maxRetries, expiries: 0, percentage: 0, moves: [], lastMove: null, approvals: new Map(), collaborators: new Map(),
    nextRetryAt: null,
  }),
  DependencyAdded: (task, { dependency, dependsOn }, { position }) =>
    ({ ...(task as Known), dependsOn, waitsSince: new Map((task as Known).waitsSince).set(dependency, position) }),
  DependencyWithdrawn: (task, { dependsOn }) => ({ ...(task as Known), dependsOn }),
  TaskStarted: (task, { owner, slot }, { at, revision }) =>
    ({
      ...facts(task), status: 'IN_PROGRESS', since: at, nextRetryAt: null, lastSeen: at, report: silence,
      lease: { holder: owner, token: String(revision), slot, since: at },
    }),
  LeaseRenewed: (task, _, { at }) => ({ ...(task as InProgress), lastSeen: at }),
  LeaseExpired: (task, _, { at }) => ({ ...todo(task, at), expiries: (task as InProgress).expiries + 1 }),
  TaskProgressed: (task, { percentage, ...said }, { at }) =>
    ({ ...(task as InProgress), percentage, report: wordsOf.report(said), lastSeen: at }),
  TaskCompleted: (task, { lease, ...said }, { at }) =>
    ({ ...facts(task), status: 'DONE', since: at, percentage: 100, token: lease.token, result: wordsOf.result(said) }),
  TaskFailed: (task, _, { at }) => todo(task, at),
  TaskRetryScheduled: (task, { attempt, nextRetryAt }) => ({ ...(task as Todo), attempt, nextRetryAt }),
  TaskReleased: (task, _, { at }) => todo(task, at),
  TaskBlocked(task, { kind, reason }, { at }) {
    const blocked = { ...facts(task), status: 'BLOCKED' as const, since: at, block: { kind, reason } }
    return kind === 'failure' ? { ...blocked, expiries: 0 } : blocked
  },
  TaskUnblocked: (task, _, { at }) => todo(task, at),
  TaskEscalated: (task, said, { at }) => {
    const { reason, to } = said
    const block = { kind: 'escalation' as const, reason, to, words: wordsOf.escalation(said) }
    return { ...facts(task), status: 'BLOCKED', since: at, block }
  },
  TaskEscalationResolved: (task, _, { at }) => todo(task, at),
  TaskCancelled: (task, _, { at }) => ({ ...facts(task), status: 'CANCELLED', since: at }),
  TaskReopened: (task, _, { at }) => todo(task, at),
  TaskDelegated: (task, { to, note, priority, dueAt }, { at, by }) => {
    const waiting = task as Todo | Blocked
    const move = { by, words: wordsOf.move({ note, context: {} }), percentage: waiting.percentage }
    return { ...waiting, ...moved(task, to, at, move), priority, dueAt }
  },
  TaskHandedOff: (task, { to, snapshot: { percentage }, ...said }, { at, by }) => {
    const waiting = task.status === 'IN_PROGRESS' ? todo(task, at) : (task as Todo | Blocked)
    return { ...waiting, ...moved(task, to, at, { by, words: wordsOf.move(said), percentage }), percentage }
  },
  TaskAssigned: (task, said) => ({ ...(task as Known), assignee: said.assignee, assignment: wordsOf.assignment(said) }),
  CollaborationRequested: (task, { collaborator, ...said }) => {
    const asked = { role: said.role, words: wordsOf.request(said), answer: 'asked' } as const
    return { ...(task as Known), collaborators: new Map((task as Known).collaborators).set(collaborator, asked) }
  },
  CollaborationAccepted: (task, { collaborator }) => answered(task, collaborator, 'accepted'),
  CollaborationDeclined: (task, { collaborator }) => answered(task, collaborator, 'declined'),
  ApprovalRequired: (task, { decision }, { revision, at }) => {
    const { approvals } = task as Known
    const last = String(revision)
    return { ...(task as Known), approvals: new Map(approvals).set(decision, { first: last, ...approvals.get(decision), last, since: at }) }
  },
  ApprovalWithdrawn: (task, { decision }) => {
    const approvals = new Map((task as Known).approvals)
    approvals.delete(decision)
    return { ...(task as Known), approvals }
  },
}

export const taskState = fold('task', Task, { status: 'NONE' }, evolve)

export const leaseOf = (task: TaskState): Lease | null => (task.status === 'IN_PROGRESS' ? task.lease : null)

/** The decisions without whose approval it does not start. */
export const approvalsOf = ({ approvals }: Known): readonly DecisionId[] => [...approvals.keys()]

/** Neither done nor cancelled: what depends on the task still waits. */
export const isOpen = (task: TaskState): boolean => task.status !== 'DONE' && task.status !== 'CANCELLED'
